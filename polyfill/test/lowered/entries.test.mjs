// The entry points: which namespace they give, and what they change.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { implementation } from "../../implementation.mjs";
import { hasMultiMemory } from "../../lowered/probe.mjs";
import { polyfill } from "../../polyfill.mjs";
import { assemble, lower } from "./modules.mjs";

const entry = (name) => new URL(`../../${name}.mjs`, import.meta.url).href;
const folder = mkdtempSync(join(tmpdir(), "pyjsapi-entries-"));
after(() => rmSync(folder, { recursive: true }));

const [two] = assemble(`(module (memory (export "a") 1) (memory (export "b") 2)
  (func (export "size") (result i32) (memory.size 1)))`);
writeFileSync(join(folder, "two.wasm"), two);
writeFileSync(join(folder, "lowered.wasm"), lower(two));

/** Runs a script in a Node of its own, with the modules as `two` and `lowered`; returns what it prints as JSON. */
function run(script, ...flags) {
  const path = join(folder, "script.mjs");
  writeFileSync(
    path,
    `import { readFileSync } from "node:fs";
const two = readFileSync(new URL("two.wasm", import.meta.url));
const lowered = readFileSync(new URL("lowered.wasm", import.meta.url));
const print = (value) => console.log(JSON.stringify(value));
${script}`,
  );
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, path], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

test("the polyfill is the engine's own namespace only where a module with two memories runs correctly", () => {
  assert.equal(polyfill() === globalThis.WebAssembly, hasMultiMemory());
  assert.equal(polyfill() === implementation, !hasMultiMemory());
  assert.equal(hasMultiMemory(), WebAssembly.validate(two));
});

test("the import of auto makes modules with several memories run by the global names", () => {
  const result = run(`
    const W = WebAssembly;
    const before = new W.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
    const old = new W.Instance(before);
    const { configure } = await import("${entry("shim")}");
    configure({ lower: () => lowered });
    await import("${entry("auto")}");
    const { module, instance } = await W.instantiate(two);
    const again = new W.Instance(new W.Module(two));
    print([
      W === WebAssembly, instance.exports.size(), again.exports.b instanceof W.Memory, W.validate(two),
      module instanceof W.Module, before instanceof W.Module, old instanceof W.Instance, again instanceof W.Instance,
      module.constructor === W.Module, again.constructor === W.Instance, Object.keys(old.exports),
      Object.getPrototypeOf(again) === W.Instance.prototype, Object.getPrototypeOf(old) === W.Instance.prototype,
      Object.keys(Object.getOwnPropertyDescriptor(W.Instance.prototype, "exports").get.call(again)),
    ]);`);
  assert.deepEqual(result, [
    true,
    2,
    true,
    true,
    true,
    true,
    true,
    true,
    true,
    true,
    [],
    true,
    true,
    ["a", "b", "size"],
  ]);
});

test("the shim can be called twice, and instances of the implementation made before belong to it", () => {
  const result = run(`
    const { implementation: own, configure } = await import("${entry("implementation")}");
    const { shim } = await import("${entry("shim")}");
    configure({ lower: () => lowered });
    const early = new own.Instance(new own.Module(two));
    const untouched = WebAssembly.Module !== own.Module;
    const result = [untouched, shim() === WebAssembly, shim() === WebAssembly];
    print([...result, early instanceof WebAssembly.Instance, early.exports.size(),
      WebAssembly.Instance === own.Instance, WebAssembly.Memory === own.Memory]);`);
  const patched = !hasMultiMemory();
  assert.deepEqual(result, [true, true, true, true, 2, patched, true]);
});

test("a thread that imports auto runs a module and a shared memory that were posted to it", () => {
  const result = run(
    `
    const { Worker, isMainThread, parentPort } = await import("node:worker_threads");
    if (isMainThread) {
      const { configure } = await import("${entry("shim")}");
      configure({ lower: () => lowered });
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
      const worker = new Worker(new URL(import.meta.url));
      worker.postMessage({ module: await WebAssembly.compile(two), memory });
      worker.on("message", (answer) => print([answer, new Uint8Array(memory.buffer)[0]]));
    } else {
      parentPort.once("message", ({ module, memory }) => {
        const { exports } = new WebAssembly.Instance(module);
        new Uint8Array(memory.buffer)[0] = 77;
        parentPort.postMessage([exports.size(), memory instanceof WebAssembly.Memory, Object.keys(exports)]);
      });
    }`,
    "--import",
    entry("auto"),
  );
  assert.deepEqual(result, [[2, true, ["a", "b", "size"]], 77]);
});

test("without pyjsapi a module that needs lowering is refused with a message that says what to do", () => {
  const script = `
    const { configure } = await import("${entry("shim")}");
    configure({ indexURL: new URL("nowhere/", import.meta.url), cache: false });
    const message = (error) => [error instanceof WebAssembly.CompileError, error.message];
    let now;
    try { new WebAssembly.Module(two); } catch (error) { now = message(error); }
    print([now, await WebAssembly.compile(two).then(() => "compiled", message)]);`;
  for (const [isCompileError, message] of run(script, "--import", entry("auto"))) {
    assert.equal(isCompileError, true);
    assert.match(message, /several memories.*could not be loaded from .*nowhere.*pyjsapi lower.*indexURL/s);
  }
});

test("an invalid module is refused by the engine's own validation, and nothing is loaded for it", () => {
  const script = `
    const { configure } = await import("${entry("shim")}");
    configure({ indexURL: new URL("nowhere/", import.meta.url), cache: false });
    const bad = Uint8Array.from(two);
    bad[bad.lastIndexOf(0x3f) + 1] = 7;
    const worse = Uint8Array.from(two);
    worse[worse.lastIndexOf(0x3f)] = 0x1a;
    const messages = [];
    for (const bytes of [bad, worse]) {
      messages.push(WebAssembly.validate(bytes));
      try { new WebAssembly.Module(bytes); } catch (error) { messages.push(error.name, error.message); }
      await WebAssembly.compile(bytes).catch((error) => messages.push(error.name, error.message));
    }
    print(messages);`;
  const [one, name, now, later, async_, two_, ...rest] = run(script, "--import", entry("auto"));
  assert.deepEqual([one, name, later, two_], [false, "CompileError", "CompileError", false]);
  assert.match(now, /^WebAssembly\.Module\(\): memory index 7/);
  assert.match(async_, /^WebAssembly\.compile\(\): memory index 7/);
  assert.match(rest[1], /^WebAssembly\.Module\(\): Compiling function/);
  assert.match(rest[3], /^WebAssembly\.compile\(\): Compiling function/);
});

test("options are checked", () => {
  const script = `
    const { configure } = await import("${entry("shim")}");
    try { configure({ indexUrl: "x" }); } catch (error) { print(String(error)); }`;
  assert.match(run(script), /TypeError: configure\(\): there is no option indexUrl/);
});

test("what programs of one memory do wrong is told in the engine's words", () => {
  const script = `
    const { told } = await import("${new URL("refusals.mjs", import.meta.url)}");
    const before = await told();
    const { shim } = await import("${entry("shim")}");
    shim();
    print([before, await told()]);`;
  const [before, after] = run(script);
  assert.deepEqual(after, before);
  assert.match(before["instantiate: invalid"], /^CompileError: WebAssembly.instantiate\(\): /);
});
