// Times the variants of kernels against each other, in the engine that it runs in: a page or Node.

import { instantiate, planOf } from "../../polyfill/lowered/linker.mjs";

const ROUND_MS = 15;
const WARM_UP_MS = 250;

const decode = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/** The exports of a module in the engine itself or through the linker; undefined when the engine refuses it. */
function start(bytes, namespace) {
  if (namespace !== undefined) return new namespace.Instance(new namespace.Module(bytes)).exports;
  if (!WebAssembly.validate(bytes)) return undefined;
  const module = new WebAssembly.Module(bytes);
  return planOf(module) ? instantiate(module).exports : new WebAssembly.Instance(module).exports;
}

function time(run, count) {
  const begin = performance.now();
  const result = run(count);
  return [performance.now() - begin, result];
}

function countFor(run) {
  const end = performance.now() + WARM_UP_MS;
  let count = 1;
  while (performance.now() < end) {
    const [took] = time(run, count);
    if (took < ROUND_MS / 2) count *= 2;
  }
  const [took] = time(run, count);
  return Math.max(1, Math.round((count * ROUND_MS) / Math.max(took, 1)));
}

/**
 * Milliseconds of each variant for a unit of work: the least of many short rounds, in which all take turns, so that
 * what else the machine does counts as little as can be.
 * @param {Record<string, string>} modules base64 by name
 * @param {number} rounds
 * @param {object} [polywasm] a namespace that runs "single" too
 */
export function measure(modules, rounds, polywasm) {
  const runs = {};
  for (const [name, text] of Object.entries(modules)) {
    const exports = start(decode(text));
    if (exports !== undefined) runs[name] = exports;
  }
  if (polywasm !== undefined) runs.polywasm = start(decode(modules.single), polywasm);
  for (const exports of Object.values(runs)) exports.init();
  const expected = runs.single.run(2);
  const check = (name, run) => {
    const result = run(2);
    if (result !== expected) throw new Error(`${name}: ${result} instead of ${expected}`);
  };
  for (const [name, exports] of Object.entries(runs)) if (name !== "single") check(name, exports.run);
  const counts = Object.fromEntries(Object.entries(runs).map(([name, { run }]) => [name, countFor(run)]));
  const least = Object.fromEntries(Object.keys(runs).map((name) => [name, Infinity]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, { run }] of Object.entries(runs)) {
      least[name] = Math.min(least[name], time(run, counts[name])[0] / counts[name]);
    }
  }
  // Once more in fresh instances: the code has been optimised by now.
  for (const name of Object.keys(runs).filter((key) => key !== "polywasm")) {
    const exports = start(decode(modules[name]));
    exports.init();
    check(name, exports.run);
  }
  return least;
}
