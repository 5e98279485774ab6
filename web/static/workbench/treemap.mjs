// Sections as a treemap: each has an area as large as its share of the file.

import { hierarchy, treemap, treemapSquarify } from "../../vendor/treemap.mjs";
import { count } from "./binary.mjs";

const WIDTH = 1000;
const HEIGHT = 300;
const SVG = "http://www.w3.org/2000/svg";
/** As much text as fits: the width of a character at the size of the style sheet. */
const CHARACTER = 11;

/** @param {string} name @param {Record<string, string | number>} attributes */
function svg(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** @typedef {{ title: string, size: number, hue: number }} Part */

/**
 * A picture of parts by their sizes. The list beside it says the same for those who do not see it.
 * @param {Part[]} parts
 */
export function drawTreemap(parts) {
  const root = /** @type {import("d3-hierarchy").HierarchyNode<any>} */ (hierarchy({ children: parts }));
  root.sum((part) => part.size ?? 0).sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  const laid = treemap().tile(treemapSquarify).size([WIDTH, HEIGHT]).padding(2)(root);
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "treemap", "aria-hidden": "true" });
  for (const { x0, x1, y0, y1, data } of laid.leaves().filter(({ depth }) => depth > 0)) {
    const group = svg("g", { style: `--hue: ${data.hue}` });
    const title = svg("title", {});
    title.textContent = `${data.title}: ${count(data.size, "byte")}`;
    group.append(
      title,
      svg("rect", { x: x0, y: y0, width: Math.max(0, x1 - x0), height: Math.max(0, y1 - y0), rx: 3 }),
    );
    const room = Math.floor((x1 - x0 - 12) / CHARACTER);
    if (room >= 4 && y1 - y0 > 26) {
      const text = svg("text", { x: x0 + 8, y: y0 + 20 });
      text.textContent = data.title.length > room ? `${data.title.slice(0, room - 1)}…` : data.title;
      group.append(text);
    }
    picture.append(group);
  }
  return picture;
}
