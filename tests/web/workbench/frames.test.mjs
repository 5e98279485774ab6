// The frames of traps, as the stacks of engines tell them.

import assert from "node:assert/strict";
import test from "node:test";

const { differenceOfFrames, framesOf, speltFrame } = await import(`${process.env.STATIC}/workbench/frames.mjs`);

const frame = (index, offset) => ({ index, offset, name: "" });

test("stacks of V8, of SpiderMonkey and of pyjsapi are read", () => {
  const v8 = `RuntimeError: divide by zero
    at share (wasm://wasm/demo-eb57c1d7:wasm-function[1]:0x40)
    at wasm://wasm/demo-eb57c1d7:wasm-function[2]:0x48
    at Run.call (http://here/runner.mjs:7:20)`;
  assert.deepEqual(framesOf({ stack: v8 }), [{ index: 1, offset: 0x40, name: "share" }, frame(2, 0x48)]);
  const spiderMonkey = `share@http://here/runner.mjs line 68 > WebAssembly.Module:wasm-function[1]:0x40
@http://here/runner.mjs line 68 > WebAssembly.Module:wasm-function[2]:0x48
call@http://here/runner.mjs:7:20`;
  assert.deepEqual(framesOf({ stack: spiderMonkey }), framesOf({ stack: v8 }));
});

test("what has no stack has no frames", () => {
  for (const thrown of [null, undefined, 7, {}, { stack: 5 }]) assert.deepEqual(framesOf(thrown), []);
});

test("the first frame that differs is named; an engine without frames or offsets is not compared in them", () => {
  assert.equal(differenceOfFrames([frame(1, 5)], [frame(1, 5)]), "");
  assert.equal(differenceOfFrames([frame(1, 5)], []), "");
  assert.equal(differenceOfFrames([frame(1, 5)], [frame(1, null)]), "");
  const different = differenceOfFrames([frame(1, 5), frame(2, 6)], [frame(1, 5), frame(2, 7)]);
  assert.equal(different, "frame 2 of the trap is function 2, 0x7 in place of function 2, 0x6");
  assert.equal(differenceOfFrames([frame(1, 5)], [frame(1, 5), frame(2, 7)]), "2 frames of the trap in place of 1");
});

test("an offset is that in the module that was given", () => {
  assert.equal(speltFrame(frame(3, 0x50), "share", 0x10), "at share, function 3, 0x40");
});
