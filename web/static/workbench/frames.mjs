// The calls that an error has passed, as engines tell them: V8, SpiderMonkey and pyjsapi in the stack of the error.

/** @typedef {{ index: number, offset: number | null, name: string }} Frame  `offset` is in the module that was run */

/** Calls that are kept, the innermost; web/workbench/runs.py keeps as many. */
export const MOST_FRAMES = 50;

const FRAME = /wasm-function\[(\d+)\](?::0x([\da-f]+))?/;
/** What stands before the place: `at name (` of V8, `name@` of SpiderMonkey. */
const NAME = /^\s*at (.*) \((?:wasm|http|blob|file|data)|^([^@]*)@/;

/** The frames of WebAssembly in an error's stack, the innermost first. @param {any} error @returns {Frame[]} */
export function framesOf(error) {
  const stack = typeof error?.stack === "string" ? error.stack : "";
  const frames = [];
  for (const line of stack.split("\n")) {
    const place = FRAME.exec(line);
    if (!place) continue;
    const [, ofV8, other] = NAME.exec(line) ?? [];
    frames.push({
      index: Number(place[1]),
      offset: place[2] === undefined ? null : Number.parseInt(place[2], 16),
      name: ofV8 ?? other ?? "",
    });
    if (frames.length === MOST_FRAMES) break;
  }
  return frames;
}

/** A frame for people. @param {Frame} frame @param {string} name what its function is called @param {number} shift by how
 * much the module that was run is longer than the one that was given, before its code */
export const speltFrame = ({ index, offset }, name, shift) =>
  `at ${name ? `${name}, ` : ""}function ${index}${offset === null ? "" : `, 0x${(offset - shift).toString(16)}`}`;

/**
 * How the frames of two errors differ first, as far as both engines tell them; empty if they do not.
 * @param {Frame[]} a @param {Frame[]} b
 */
export function differenceOfFrames(a, b) {
  if (a.length === 0 || b.length === 0) return "";
  const both = Math.min(a.length, b.length);
  for (let k = 0; k < both; k++) {
    const offsets = a[k].offset !== null && b[k].offset !== null && a[k].offset !== b[k].offset;
    if (a[k].index === b[k].index && !offsets) continue;
    const [left, right] = [a[k], b[k]].map((frame) => speltFrame(frame, "", 0).slice("at ".length));
    return `frame ${k + 1} of the trap is ${right} in place of ${left}`;
  }
  return a.length === b.length ? "" : `${b.length} frames of the trap in place of ${a.length}`;
}
