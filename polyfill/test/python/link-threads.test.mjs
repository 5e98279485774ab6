// Shared memories between Python and JavaScript in another thread, through both links.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { KINDS, startLink } from "./linked.mjs";

const PYTHON = `
from pyjsapi.bridge.memory.linked import make_memory
from pyjsapi.engines.python import compile_module, instantiate
from pyjsapi.syntax.types import I32, MemType
from pyjsapi.text.convert import wat2wasm
from pyjsapi.validation.limits import Limits
m = make_memory(MemType(I32, 1, 10, True), Limits())
found = instantiate(compile_module(wat2wasm('''(module
  (import "" "m" (memory 1 10 shared))
  (func (export "add") (param $n i32)
    (loop $again
      (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
      (drop (i64.atomic.rmw.sub (i32.const 8) (i64.const 1)))
      (drop (i32.atomic.rmw8.xor_u (i32.const 17) (i32.const 1)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "ping") (param $n i32)
    (loop $again
      (i32.atomic.store (i32.const 32) (i32.const 1))
      (drop (memory.atomic.notify (i32.const 32) (i32.const 1)))
      (block $answered
        (loop $wait
          (br_if $answered (i32.eqz (i32.atomic.load (i32.const 32))))
          (drop (memory.atomic.wait32 (i32.const 32) (i32.const 1) (i64.const 1000000000)))
          (br $wait)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
''')), [m])
add = found.exports["add"].call
ping = found.exports["ping"].call
`;

const OTHER = `
const { parentPort, workerData: memory } = require('node:worker_threads');
const view = new Int32Array(memory.buffer);
const wide = new BigInt64Array(memory.buffer);
const bytes = new Uint8Array(memory.buffer);
parentPort.on('message', ([what, n]) => {
  if (what === 'add') {
    for (let i = 0; i < n; i++) {
      Atomics.add(view, 0, 1);
      Atomics.sub(wide, 1, 1n);
      Atomics.xor(bytes, 17, 2);
    }
  } else if (what === 'pong') {
    for (let i = 0; i < n; i++) {
      while (Atomics.load(view, 8) === 0) Atomics.wait(view, 8, 0, 1000);
      Atomics.store(view, 8, 0);
      Atomics.notify(view, 8, 1);
    }
  } else {
    memory.grow(n);
    new Int32Array(memory.buffer)[20000] = 99;
  }
  parentPort.postMessage('done');
});
parentPort.postMessage('ready');
`;

for (const kind of KINDS) {
  describe(`a memory shared with another thread, ${kind} link`, () => {
    let t;
    let worker;
    let memory;
    before(async () => {
      t = await startLink(kind);
      t.define(PYTHON);
      memory = t.link.nativeOf(t.link.lookup("tested", "m"));
      worker = new Worker(OTHER, { eval: true, workerData: memory });
      await once(worker, "message");
    });
    after(() => worker.terminate());

    const together = async (message, python) => {
      const done = once(worker, "message");
      worker.postMessage(message);
      python();
      await done;
    };

    it("loses no addition of either", async () => {
      const count = kind === "native" ? 100000 : 3000;
      await together(["add", count], () => t.exported("add", "i", "")(count));
      assert.equal(new Int32Array(memory.buffer)[0], 2 * count);
      assert.equal(new BigInt64Array(memory.buffer)[1], BigInt(-2 * count));
      assert.equal(new Uint8Array(memory.buffer)[17], 0);
    });

    it("wakes and is woken", async () => {
      const count = kind === "native" ? 500 : 50;
      await together(["pong", count], () => t.exported("ping", "i", "")(count));
      assert.equal(new Int32Array(memory.buffer)[8], 0);
    });

    it("sees at once that the other has made it grow", async () => {
      await together(["grow", 1], () => {});
      const sizes = '[m.pages, m.accessor("memory_size")(), m.accessor("i32_load")(80000), m.grow(1), m.pages]';
      assert.deepEqual(t.evaluate(sizes), [2, 2, 99, 2, 3]);
      assert.equal(memory.buffer.byteLength, 3 * 65536);
    });
  });
}
