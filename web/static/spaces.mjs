// Address spaces as a picture: a row for each, from its start to its end. What is the same bytes has the same colour.

/** @typedef {{ what: string, length: number, mode: string, told: string }} Piece */
/** @typedef {{ name: string, pieces: Piece[] }} Space */

const SVG = "http://www.w3.org/2000/svg";
const ROW = 44;
const NAMES = 190;
const WIDTH = 900;
const GAP = "…";
/** What is drawn of a gap, or of few bytes, in parts of a row. */
const LEAST = 1;

/** @returns {any} */
function make(/** @type {string} */ name, /** @type {Record<string, string | number>} */ attributes, text = "") {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.textContent = text;
  return element;
}

/** How wide a piece is beside others: by the logarithm of its bytes, so that few can be seen beside many. */
const weight = (/** @type {Piece} */ { what, length }) =>
  what === GAP ? LEAST : Math.max(LEAST, Math.log2(length) / 6);

function drawPiece(
  /** @type {Piece} */ piece,
  /** @type {number} */ x,
  /** @type {number} */ width,
  /** @type {number} */ hue,
) {
  const group = make("g", { class: piece.what === GAP ? "gap" : piece.what ? "shared" : "own" });
  if (hue >= 0) group.setAttribute("style", `--hue: ${hue}`);
  if (piece.mode !== "rw") group.classList.add("protected");
  group.append(make("title", {}, piece.told));
  if (piece.what !== GAP) group.append(make("rect", { x, width, height: ROW - 12, rx: 4 }));
  const told = piece.told.replaceAll("=", "");
  const fits = Math.floor(width / 7);
  const label = told.length <= fits ? told : fits > 3 ? `${told.slice(0, fits - 1)}…` : "";
  group.append(make("text", { x: x + width / 2, y: (ROW - 12) / 2, class: "piece" }, piece.what === GAP ? GAP : label));
  return group;
}

/** A picture of spaces, as an SVG element. */
export function drawSpaces(/** @type {Space[]} */ spaces) {
  const names = [...new Set(spaces.flatMap(({ pieces }) => pieces.map(({ what }) => what)))];
  const shared = names.filter((what) => what && what !== GAP);
  const svg = make("svg", { viewBox: `0 0 ${WIDTH} ${ROW * spaces.length}`, role: "img" });
  svg.setAttribute(
    "aria-label",
    spaces.map(({ name, pieces }) => `${name}: ${pieces.map(({ told }) => told).join(", ")}`).join("; "),
  );
  for (const [row, { name, pieces }] of spaces.entries()) {
    const line = make("g", { transform: `translate(0 ${ROW * row + 6})` });
    line.append(make("text", { x: 0, y: (ROW - 12) / 2, class: "space" }, name));
    const total = pieces.reduce((sum, piece) => sum + weight(piece), 0);
    let x = NAMES;
    for (const piece of pieces) {
      const width = ((WIDTH - NAMES) * weight(piece)) / total;
      const place = shared.indexOf(piece.what);
      line.append(drawPiece(piece, x + 1, width - 2, place < 0 ? -1 : Math.round((place * 360) / shared.length)));
      x += width;
    }
    svg.append(line);
  }
  return svg;
}
