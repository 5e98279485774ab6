// What the namespace that Python implements costs JavaScript: calls, memories, traps, starts of workers.
// Runs in Node and in pages; `python -m benchmarks.face` starts it everywhere and prints the figures and the targets.

import { createLink } from "../../polyfill/python/link.mjs";
import { loadPythonWebAssembly } from "../../polyfill/python.mjs";
import { makeSnapshot } from "../../polyfill/python/snapshot.mjs";
import { measureLink } from "./link.mjs";

const SIZES = { "64 KiB": 1, "64 MiB": 1024 };
const LOADS = 10;
const LOOPS = 1000;

const repeated = (text) => Array.from({ length: LOADS }, () => text).join(" ");

const loop = (name, body) => `(func (export "${name}") (param $n i32) (result i32) (local $sum i32)
  (loop $again ${body} (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $sum))`;

const MODULE = (pages) => `(module (memory (export "memory") ${pages})
  (func (export "nothing"))
  (func (export "load") (result i32) (i32.load (i32.const 64)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "trap") unreachable)
  ${loop("loads", repeated("(local.set $sum (i32.load (local.get $n)))"))}
  ${loop("moves", repeated("(local.set $sum (local.get $n))"))})`;

// Many short rounds: on a machine that does other work, some are left alone.
const ROUNDS = 150;
const ROUND_MS = 0.8;

/** The number of a result: so that no loop can be left out. */
const keep = (result, kept) => kept + (result === undefined ? 1 : typeof result === "number" ? result : 2);

/** ns per call of `f`, by code of its own each time: what an engine learns of one function does not serve another. */
function timer(f) {
  const run = new Function(
    "f",
    "count",
    "keep",
    `
    let kept = 0;
    const start = performance.now();
    for (let i = 0; i < count; i++) kept = keep(f(), kept);
    const ns = ((performance.now() - start) / count) * 1e6;
    return kept === ns ? 0 : ns;`,
  );
  let count = 64;
  // The least of three: where other work interrupts, a short loop seems long.
  const isShort = () => [1, 2, 3].some(() => run(f, count, keep) * count < ROUND_MS * 1e6);
  while (isShort()) count *= 2;
  return () => run(f, count, keep);
}

/** [ns of `f`, ns of an empty function, the difference], the least of rounds in turn: other work only adds time. */
function compareCalls(f) {
  const [ours, empty] = [timer(f), timer(() => {})];
  const rounds = Array.from({ length: ROUNDS }, () => [ours(), empty()]);
  const [least, leastEmpty] = [0, 1].map((k) => Math.min(...rounds.map((round) => round[k])));
  return [least, leastEmpty, least - leastEmpty];
}

function measureCalls(make) {
  const rows = {};
  for (const [size, pages] of Object.entries(SIZES)) {
    const exports = make(pages);
    rows[`an empty function, memory of ${size} that JavaScript never looked at`] = compareCalls(() =>
      exports.nothing(),
    );
    rows[`a load, memory of ${size} that JavaScript never looked at`] = compareCalls(() => exports.load());
    exports.memory.buffer;
    rows[`an empty function, memory of ${size} with a buffer`] = compareCalls(() => exports.nothing());
    rows[`a load, memory of ${size} with a buffer`] = compareCalls(() => exports.load());
    rows[`memory.buffer, ${size}`] = compareCalls(() => exports.memory.buffer);
  }
  return rows;
}

/** ns of a load in a loop of generated code, by whether JavaScript has the memory's buffer. */
function measureLoads(make) {
  const exports = make(1);
  const least = (name) => {
    const times = Array.from({ length: ROUNDS }, () => {
      const start = performance.now();
      exports[name](LOOPS);
      return performance.now() - start;
    });
    return Math.min(...times);
  };
  const measured = () => ((least("loads") - least("moves")) / LOOPS / LOADS) * 1e6;
  const before = measured();
  exports.memory.buffer;
  return { "without a buffer": before, "with a buffer": measured() };
}

function measureTraps(make) {
  const { trap } = make(1);
  const caught = () => {
    try {
      trap();
    } catch {
      return 1;
    }
    return 0;
  };
  return compareCalls(caught)[0] / 1000;
}

const isNode = typeof process === "object" && typeof process.versions?.node === "string";

async function startedWorker() {
  const url = new URL("start.mjs", import.meta.url);
  if (!isNode) {
    const worker = new Worker(url, { type: "module" });
    const answer = new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message || "the worker could not start"));
    });
    return { worker, answer };
  }
  const { Worker: Thread } = await import("node:worker_threads");
  const worker = new Thread(url);
  const answer = new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  return { worker, answer };
}

/** ms from making a worker to the first result of wasm code in it. */
async function startTime(message) {
  const start = performance.now();
  const { worker, answer } = await startedWorker();
  worker.postMessage(message);
  const result = await answer;
  const ms = performance.now() - start;
  worker.terminate();
  if (result !== 7) throw new Error(`the worker said ${JSON.stringify(result)}`);
  return ms;
}

async function measureStarts(indexURL, bytes, rounds) {
  const snapshot = await makeSnapshot({ indexURL });
  const times = async (message, count) => {
    await startTime(message);
    const all = [];
    for (let k = 0; k < count; k++) all.push(await startTime(message));
    return Math.min(...all);
  };
  return {
    hasSnapshot: snapshot.memory !== null,
    "with a snapshot": await times({ snapshot, bytes }, rounds),
    "without one": await times({ snapshot: { ...snapshot, memory: null }, bytes }, 2),
  };
}

/**
 * Measures everything.
 * @param {{ indexURL: string, starts?: number }} options the folder of Pyodide; how many starts of workers to measure
 * @returns {Promise<object>} the least of several times: `calls` by name, [ns, ns of an empty JavaScript function, ns
 *   more]; `loads` in ns by state of the memory; `accesses` by name, [ns, ns of `struct` on a bytearray, ratio];
 *   `trapUs`; `starts` in ms
 */
export async function measureFace({ indexURL, starts = 5 }) {
  const { WebAssembly, pyodide } = await loadPythonWebAssembly({ indexURL });
  const wat2wasm = pyodide.runPython("from pyjsapi import wat2wasm; wat2wasm");
  const assemble = (text) => {
    const proxy = wat2wasm(text);
    try {
      return proxy.toJs();
    } finally {
      proxy.destroy();
    }
  };
  const bytes = Object.fromEntries(Object.values(SIZES).map((pages) => [pages, assemble(MODULE(pages))]));
  const make = (pages) => new WebAssembly.Instance(new WebAssembly.Module(bytes[pages])).exports;
  const calls = measureCalls(make);
  const loads = measureLoads(make);
  const trapUs = measureTraps(make);
  const { accesses } = await measureLink(pyodide, createLink);
  const first = assemble('(module (func (export "first") (result i32) (i32.const 7)))');
  return { calls, loads, accesses, trapUs, starts: await measureStarts(indexURL, first, starts) };
}
