// Starting Pyodide from a snapshot, here and in a worker, and plainly where there is none.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";

import { loadPythonWebAssembly } from "../../python.mjs";
import { loadFromSnapshot, makeSnapshot } from "../../python/snapshot.mjs";
import { loadSource } from "./engine.mjs";

const indexURL = pathToFileURL(dirname(createRequire(import.meta.url).resolve("pyodide/package.json"))).href;
const folder = await mkdtemp(join(tmpdir(), "pyjsapi-"));
after(() => rm(folder, { recursive: true }));

const source = await loadSource();
const WRITES = `(module (memory (export "memory") 1)
  (func (export "write") (param i32) (result i32) (i32.store8 (i32.const 5) (local.get 0)) (i32.load8_u (i32.const 5)))
  (func (export "trap") unreachable))`;

/** The package of this tree as a zip. */
async function packageOfTree() {
  const bytes = source
    .runPython(
      `
import io, pathlib, zipfile
root = pathlib.Path("/source")
target = io.BytesIO()
with zipfile.ZipFile(target, "w") as archive:
    for path in sorted((root / "pyjsapi").rglob("*.py")):
        archive.write(path, path.relative_to(root).as_posix())
target.getvalue()`,
    )
    .toJs();
  const path = join(folder, "pyjsapi.zip");
  await writeFile(path, bytes);
  return pathToFileURL(path).href;
}

const binary = source.runPython(`from pyjsapi import wat2wasm; wat2wasm('''${WRITES}''')`).toJs();
const before = Object.getOwnPropertyDescriptors(globalThis.WebAssembly);
const packageURL = await packageOfTree();
const snapshot = await makeSnapshot({ indexURL, packageURL });

async function uses(pyodide) {
  const { WebAssembly } = await loadPythonWebAssembly({ pyodide });
  const { memory, write, trap } = new WebAssembly.Instance(new WebAssembly.Module(binary)).exports;
  assert.equal(write(7), 7);
  assert.equal(new Uint8Array(memory.buffer)[5], 7);
  assert.throws(trap, WebAssembly.RuntimeError);
}

test("Pyodide starts from the snapshot, with the package imported", async () => {
  assert.ok(snapshot.memory.byteLength > 1e7);
  const pyodide = await loadFromSnapshot(snapshot);
  assert.equal(pyodide.runPython('import sys; "pyjsapi.bridge.face.api" in sys.modules'), true);
  await uses(pyodide);
});

test("what is sent has no views, which Deno takes long to receive", () => {
  for (const part of Object.values(snapshot)) assert.ok(!ArrayBuffer.isView(part));
});

test("two starts draw different random numbers", async () => {
  const [first, second] = [await loadFromSnapshot(snapshot), await loadFromSnapshot(snapshot)];
  const draw = "import random; random.getrandbits(53)";
  assert.notEqual(first.runPython(draw), second.runPython(draw));
});

test("what was not imported before can be imported after the start", async () => {
  const pyodide = await loadFromSnapshot(snapshot);
  assert.equal(pyodide.runPython('import decimal; str(decimal.Decimal("1.10") + 1)'), "2.10");
  assert.equal(pyodide.runPython("import pyjsapi.wast; pyjsapi.wast.__name__"), "pyjsapi.wast");
});

test("without a memory, and with one of something else, Python starts plainly", async () => {
  for (const memory of [null, new ArrayBuffer(65536)]) await uses(await loadFromSnapshot({ ...snapshot, memory }));
});

test("functions of the engine are as before afterwards", () => {
  assert.deepEqual(Object.getOwnPropertyDescriptors(globalThis.WebAssembly), before);
});

test("a worker starts from the snapshot that it is sent", async () => {
  const url = (path) => JSON.stringify(new URL(path, import.meta.url).href);
  const code = `
    import { parentPort, workerData } from 'node:worker_threads';
    const { loadFromSnapshot } = await import(${url("../../python/snapshot.mjs")});
    const { loadPythonWebAssembly } = await import(${url("../../python.mjs")});
    const { WebAssembly } = await loadPythonWebAssembly({ pyodide: await loadFromSnapshot(workerData.snapshot) });
    const { write } = new WebAssembly.Instance(new WebAssembly.Module(workerData.binary)).exports;
    parentPort.postMessage(write(9));`;
  const script = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
  const worker = new Worker(script, { workerData: { snapshot, binary } });
  const answer = await new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  await worker.terminate();
  assert.equal(answer, 9);
});

test("what cannot be loaded is named by its URL", async () => {
  const missing = pathToFileURL(join(folder, "nothing")).href;
  await assert.rejects(makeSnapshot({ indexURL: missing }), /nothing\/pyodide-lock\.json could not be loaded/);
  await assert.rejects(makeSnapshot({ indexURL, packageURL: `${missing}.whl` }), /nothing\.whl could not be loaded/);
  await assert.rejects(makeSnapshot({ indexURL }), /names no pyjsapi: give its wheel as packageURL/);
});
