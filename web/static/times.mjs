// How long pyjsapi, on its own engine and on the browser's, and lowered modules took beside this browser's own engine, as a table that a chart is drawn of.

import { showCharts } from "./chart.mjs";
import { ENGINES } from "./table.mjs";

const OTHERS = ENGINES.filter((name) => name !== "native");

/** @typedef {{ ms?: number } | null} Timed what an engine came to */

/** The geometric mean of the ratios of times that both have; undefined where there is none. */
export function meanRatio(/** @type {[number | undefined, number | undefined][]} */ pairs) {
  const logs = pairs.flatMap(([ours, theirs]) => (ours && theirs ? [Math.log(ours / theirs)] : []));
  return logs.length ? Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length) : undefined;
}

function cellOf(/** @type {number | undefined} */ ratio) {
  const cell = document.createElement("td");
  cell.textContent = ratio === undefined ? "–" : `${Number(ratio.toPrecision(3))}`;
  if (ratio !== undefined) cell.dataset.value = String(ratio);
  return cell;
}

/**
 * Fills the section of times: a row for each group of cases.
 * @param {HTMLElement} section
 * @param {{ id: string, group: string }[]} cases
 * @param {Map<string, Record<string, Timed>>} results
 */
export function showTimes(section, cases, results) {
  /** @type {Map<string, Record<string, Timed>[]>} */
  const groups = new Map();
  for (const { id, group } of cases) groups.set(group, [...(groups.get(group) ?? []), results.get(id) ?? {}]);
  const rows = [...groups].map(([group, members]) => {
    const row = document.createElement("tr");
    const head = Object.assign(document.createElement("th"), { scope: "row", textContent: group });
    row.append(head, ...OTHERS.map((name) => cellOf(meanRatio(members.map((one) => [one[name]?.ms, one.native?.ms])))));
    return row;
  });
  const shown = rows.filter((row) => row.querySelector("[data-value]"));
  section.querySelector("tbody")?.replaceChildren(...shown);
  section.hidden = !shown.length;
  showCharts(section);
}
