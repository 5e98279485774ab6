// Where the outcomes of two engines differ first.

import { differenceOfFrames } from "./frames.mjs";
import { PAGE } from "./runner.mjs";
import { spelt } from "./values.mjs";

/** @typedef {import("./engines.mjs").Outcome} Outcome */
/** @typedef {import("./runner.mjs").Step} Step */
/** @typedef {{ step: number, text: string }} Difference  `step` is that of the outcome; one more than the last for memories */

/** @param {import("./runner.mjs").Logged} logged */
export const spelling = ({ name, arguments: given = [], said }) =>
  said === undefined ? `${name}(${given.map(spelt).join(", ")})` : `${name}: ${said}`;

/** What is compared of an entry of the log. @param {import("./runner.mjs").Logged | undefined} logged */
const compared = (logged) => logged && { ...logged, said: logged.same ?? logged.said, same: undefined };

/** What came of a step, in short; messages differ between engines and are left out. @param {Step | undefined} step */
export function summary(step) {
  if (!step) return "";
  if (step.error) return step.error.name;
  const values = step.values ?? [];
  return values.length === 1 ? spelt(values[0]) : values.length ? `[${values.map(spelt).join(", ")}]` : "nothing";
}

/** Where a stack ends is an engine's own. @param {Step} step */
const framesOfTrap = ({ error }) => (error && error.name !== "RangeError" ? error.frames : []);

/** @param {Step} a @param {Step} b @param {boolean} frames */
function differenceOfSteps(a, b, frames) {
  const same = (/** @type {any} */ x, /** @type {any} */ y) => JSON.stringify(x) === JSON.stringify(y);
  if (a.error?.name !== b.error?.name || !same(a.values, b.values)) return `${summary(b)} in place of ${summary(a)}`;
  const k = a.log.findIndex((one, at) => !same(compared(one), compared(b.log[at])));
  const printed = [...a.log, ...b.log].some(({ said }) => said !== undefined);
  if (k >= 0) {
    const other = b.log[k] ? spelling(b.log[k]) : "none";
    return `${printed ? `line ${k + 1} of the log` : `call ${k + 1} of an import`} is ${other} in place of ${spelling(a.log[k])}`;
  }
  if (a.logged !== b.logged)
    return `${b.logged} ${printed ? "lines in the log" : "calls of imports"} in place of ${a.logged}`;
  return frames ? differenceOfFrames(framesOfTrap(a), framesOfTrap(b)) : "";
}

/** @param {NonNullable<Outcome["images"]>} a @param {NonNullable<Outcome["images"]>} b */
function differenceOfMemories(a, b) {
  for (const [k, one] of a.entries()) {
    const other = b[k];
    if (one.byteLength !== other.byteLength) {
      return `memory ${one.index} has ${other.byteLength} bytes in place of ${one.byteLength}`;
    }
    const pages = [...new Set([...Object.keys(one.pages), ...Object.keys(other.pages)].map(Number))].sort(
      (x, y) => x - y,
    );
    for (const page of pages) {
      const [left, right] = [one.pages[page], other.pages[page]];
      for (let at = 0; at < PAGE; at++) {
        const [x, y] = [left?.[at] ?? 0, right?.[at] ?? 0];
        if (x !== y) return `memory ${one.index} has ${y} in place of ${x} at address ${page * PAGE + at}`;
      }
    }
  }
  return "";
}

/**
 * Where `other` differs first from `base`; null where it does not, as far as both have come.
 * @param {Outcome} base
 * @param {Outcome} other
 * @param {{ frames?: boolean }} [options] whether both tell the frames of traps in the same module
 * @returns {Difference | null}
 */
export function firstDifference(base, other, { frames = true } = {}) {
  const steps = Math.min(base.steps.length, other.steps.length);
  for (let step = 0; step < steps; step++) {
    const text = differenceOfSteps(base.steps[step], other.steps[step], frames);
    if (text) return { step, text };
  }
  if (!base.images || !other.images) return null;
  const text = differenceOfMemories(base.images, other.images);
  return text ? { step: base.steps.length, text } : null;
}
