// Draws a table of ratios as a chart: a row of dots for each row, one for each column, on a logarithmic scale. The table
// stays, for whoever reads it; the picture is drawn from it, and says nothing more.

const SVG = "http://www.w3.org/2000/svg";
const ROW = 16;
const COLOURS = 6;

/** @typedef {{ label: string, values: number[] }} Row */

function element(
  /** @type {string} */ tag,
  /** @type {string} */ className,
  /** @type {(Node | string)[]} */ ...children
) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

function shape(/** @type {string} */ tag, /** @type {Record<string, string | number>} */ attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

/** The powers of ten around all values and 1. */
function scaleOf(/** @type {Row[]} */ rows) {
  const logs = rows.flatMap(({ values }) => values.filter((value) => value > 0).map(Math.log10));
  const low = Math.floor(Math.min(0, ...logs));
  const high = Math.max(Math.ceil(Math.max(0, ...logs)), low + 1);
  const at = (/** @type {number} */ value) => ((Math.log10(value) - low) / (high - low)) * 100;
  return { ticks: Array.from({ length: high - low + 1 }, (_, k) => 10 ** (low + k)), at };
}

/** The look of a column: its colour, and, after all colours had their turn, another kind of dot. */
const look = (/** @type {number} */ k) => `series-${k % COLOURS} turn-${Math.floor(k / COLOURS)}`;

function drawRow(/** @type {Row} */ { values }, /** @type {ReturnType<typeof scaleOf>} */ { ticks, at }) {
  const svg = shape("svg", { width: "100%", height: values.length * ROW });
  for (const tick of ticks) {
    const x = `${at(tick)}%`;
    svg.append(shape("line", { class: tick === 1 ? "one" : "tick", x1: x, x2: x, y1: 0, y2: "100%" }));
  }
  values.forEach((value, k) => {
    if (!(value > 0)) return;
    const y = (k + 0.5) * ROW;
    svg.append(shape("line", { class: `bar ${look(k)}`, x1: `${at(1)}%`, x2: `${at(value)}%`, y1: y, y2: y }));
    svg.append(shape("circle", { class: look(k), cx: `${at(value)}%`, cy: y, r: 4 }));
  });
  return svg;
}

/**
 * The picture of a table whose cells have their ratios in `data-value`.
 * @param {HTMLTableElement} table
 */
export function drawChart(table) {
  const names = [...(table.tHead?.rows[0].cells ?? [])].slice(1).map((cell) => cell.textContent ?? "");
  const rows = [...table.tBodies[0].rows].map(({ cells }) => {
    const [label, ...values] = cells;
    return { label: label.textContent ?? "", values: values.map((cell) => Number(cell.dataset.value)) };
  });
  const scale = scaleOf(rows);
  const ticks = scale.ticks.map((tick) => {
    const label = element("span", "", `${tick}×`);
    label.style.left = `${scale.at(tick)}%`;
    return label;
  });
  const keys = names.map((name, k) => element("span", `key ${look(k)}`, name));
  const chart = element("div", "chart", element("div", "keys", ...keys));
  for (const row of rows) chart.append(element("div", "row", element("span", "label", row.label), drawRow(row, scale)));
  chart.append(element("div", "row", element("span", "label"), element("div", "ticks", ...ticks)));
  chart.setAttribute("aria-hidden", "true");
  return chart;
}

/** Draws the charts of all tables that want one, in front of the element that hides the table. */
export function showCharts(/** @type {ParentNode} */ within) {
  for (const table of within.querySelectorAll("table[data-chart]")) {
    const place = table.closest("details") ?? table;
    if (place.previousElementSibling?.classList.contains("chart")) place.previousElementSibling.remove();
    if (/** @type {HTMLTableElement} */ (table).tBodies[0].rows.length) {
      place.before(drawChart(/** @type {HTMLTableElement} */ (table)));
    }
  }
}
