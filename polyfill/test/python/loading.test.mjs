// Loading: what is found where, what is told if it is not, and that no global changes.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadPyodide } from "pyodide";
import { loadPythonWebAssembly } from "../../python.mjs";
import { loadSource } from "./engine.mjs";

const pyodide = await loadSource();
const MEMORIES = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 5, 5, 2, 0, 1, 0, 1]);
const IMPORT = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 2, 6, 1, 0, 0, 2, 0, 1]);

describe("loadPythonWebAssembly()", () => {
  test("touches no global until install() is called", async () => {
    const before = globalThis.WebAssembly;
    const { WebAssembly, install } = await loadPythonWebAssembly({ pyodide });
    assert.equal(globalThis.WebAssembly, before);
    assert.notEqual(WebAssembly, before);
    const uninstall = install();
    assert.equal(globalThis.WebAssembly, WebAssembly);
    assert.deepEqual(Object.getOwnPropertyDescriptor(globalThis, "WebAssembly"), {
      value: WebAssembly,
      writable: true,
      enumerable: false,
      configurable: true,
    });
    uninstall();
    assert.equal(globalThis.WebAssembly, before);
    assert.equal(WebAssembly.CompileError, before.CompileError);
  });

  test("takes restrictions of features and limits", async () => {
    const other = await loadSource();
    const load = (options) => loadPythonWebAssembly({ pyodide: other, ...options });
    await assert.rejects(load({ features: { telepathy: true } }), {
      name: "TypeError",
      message: /telepathy.*multi_memory/,
    });
    await assert.rejects(load({ limits: { memories: "3" } }), TypeError);
    await assert.rejects(load({ link: "telepathy" }), TypeError);
    await assert.rejects(loadPythonWebAssembly({ pyodide: {} }), TypeError);
    const limits = { maxTableElements: 10, maxMemoryPages: 4 };
    const { WebAssembly } = await load({ features: { multiMemory: false }, limits });
    assert.equal(WebAssembly.validate(MEMORIES), false);
    assert.throws(() => new WebAssembly.Module(MEMORIES), /multi/);
    assert.throws(() => new WebAssembly.Table({ element: "anyfunc", initial: 11 }), RangeError);
    assert.throws(() => new WebAssembly.Memory({ initial: 5 }), RangeError);
    const memory = new WebAssembly.Memory({ initial: 3 });
    assert.throws(() => memory.grow(2), RangeError);
    assert.equal(memory.grow(1), 3);
    new WebAssembly.Instance(new WebAssembly.Module(IMPORT), { "": { "": memory } });
    assert.throws(() => memory.grow(1), RangeError);
    assert.equal(memory.buffer.byteLength, 4 * 65536);
  });

  test("makes one namespace for a Pyodide", async () => {
    const [first, second] = await Promise.all([loadPythonWebAssembly({ pyodide }), loadPythonWebAssembly({ pyodide })]);
    assert.equal(first.WebAssembly, second.WebAssembly);
    assert.equal(first.WebAssembly.validate(MEMORIES), true);
    await assert.rejects(loadPythonWebAssembly({ pyodide, features: { multiMemory: false } }), /load another/);
  });

  test("rejects with the URL that could not be loaded", async () => {
    await assert.rejects(
      loadPythonWebAssembly({ indexURL: "/nowhere/at/all" }),
      /file:\/\/\/nowhere\/at\/all\/pyodide\.mjs/,
    );
    const bare = await loadPyodide();
    await assert.rejects(
      loadPythonWebAssembly({ pyodide: bare, packageURL: "/nowhere/pyjsapi.whl" }),
      /pyjsapi could not be loaded from \/nowhere\/pyjsapi\.whl/,
    );
    await assert.rejects(loadPythonWebAssembly({ pyodide: bare }), /found no pyjsapi/);
  });
});
