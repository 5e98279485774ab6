// Where outcomes differ first.

import assert from "node:assert/strict";
import test from "node:test";

const { firstDifference } = await import(`${process.env.STATIC}/workbench/judging.mjs`);

const step = (more) => ({ values: [], log: [], logged: 0, ms: 1, ...more });
const image = (pages, byteLength = 65536) => ({ index: 3, byteLength, seen: byteLength, pages, changed: [] });
const outcome = (steps, images = []) => ({ steps, images, broken: "", stage: "", done: true });
const page = (at, value) => {
  const bytes = new Uint8Array(65536);
  bytes[at] = value;
  return bytes;
};
const call = (value) => ({ name: "m.f", arguments: [["i32", value]] });

test("the same is the same, whatever the times and messages are", () => {
  const error = (message) => step({ error: { name: "RuntimeError", message, frames: [] } });
  const a = outcome([step(), error("one")], [image({ 0: page(5, 1) })]);
  const b = outcome([step({ ms: 7 }), error("two")], [image({ 0: page(5, 1) })]);
  assert.equal(firstDifference(a, b), null);
});

test("the first step that differs is named", () => {
  const a = outcome([step(), step({ values: [["i32", "1"]] }), step()]);
  const b = outcome([
    step(),
    step({ values: [["i32", "2"]] }),
    step({ error: { name: "RuntimeError", message: "", frames: [] } }),
  ]);
  assert.deepEqual(firstDifference(a, b), { step: 1, text: "2 in place of 1" });
});

test("calls of imports are compared one by one, and by their number", () => {
  const a = outcome([step({ log: [call("1"), call("2")], logged: 2 })]);
  const b = outcome([step({ log: [call("1"), call("3")], logged: 2 })]);
  const c = outcome([step({ log: [call("1"), call("2")], logged: 9 })]);
  assert.equal(firstDifference(a, b).text, "call 2 of an import is m.f(3) in place of m.f(2)");
  assert.equal(firstDifference(a, c).text, "9 calls of imports in place of 2");
});

test("frames of traps are compared where both engines run the same module, and not where the stack ended", () => {
  const failed = (name, offset) =>
    outcome([step({ error: { name, message: "", frames: [{ index: 1, offset, name: "" }] } })]);
  const [a, b] = [failed("RuntimeError", 5), failed("RuntimeError", 6)];
  assert.match(firstDifference(a, b).text, /^frame 1 of the trap/);
  assert.equal(firstDifference(a, b, { frames: false }), null);
  assert.equal(firstDifference(failed("RangeError", 5), failed("RangeError", 6)), null);
});

test("memories are compared byte by byte; a page that is not there is zero", () => {
  const a = outcome([step()], [image({ 1: page(7, 9) }, 131072)]);
  const b = outcome([step()], [image({}, 131072)]);
  assert.deepEqual(firstDifference(a, b), { step: 1, text: "memory 3 has 0 in place of 9 at address 65543" });
  assert.equal(firstDifference(b, outcome([step()], [image({})])).text, "memory 3 has 65536 bytes in place of 131072");
});

test("floats are spelt as numbers", () => {
  const value = (bits) => outcome([step({ values: [["f64", bits]] })]);
  const difference = firstDifference(value("8000000000000000"), value("7ff0000000000000"));
  assert.equal(difference.text, "Infinity in place of -0");
});
