// Memories as a run left them, and what links hold.

import assert from "node:assert/strict";
import test from "node:test";

const { MemoryImage, typedAddress, wantedBytes } = await import(`${process.env.STATIC}/workbench/image.mjs`);
const { Places } = await import(`${process.env.STATIC}/workbench/places.mjs`);

const PAGE = 65536;
const memory = (pages, changed = [], size = 4 * PAGE) =>
  new MemoryImage({ index: 0, byteLength: size, seen: size, pages, changed });
const page = (at, ...bytes) => {
  const whole = new Uint8Array(PAGE);
  whole.set(bytes, at);
  return whole;
};

test("bytes are read across pages, and end with the memory", () => {
  const image = memory({ 0: page(PAGE - 2, 1, 2), 1: page(0, 3) });
  assert.deepEqual([...image.bytes(PAGE - 3, 5)], [0, 1, 2, 3, 0]);
  assert.equal(image.bytes(4 * PAGE - 1, 16).length, 1);
  assert.equal(image.bytes(5 * PAGE, 16).length, 0);
});

test("what was changed is known for each byte", () => {
  const { changed, read } = memory({}, [
    [4, 2],
    [100, 1],
  ]);
  assert.deepEqual(
    [3, 4, 5, 6, 99, 100, 101].map((at) => changed.has(at)),
    [false, true, true, false, false, true, false],
  );
  assert.deepEqual(
    [0, 2, 6, 92, 93].map((at) => changed.has(at, 8)),
    [true, true, false, false, true],
  );
  assert.deepEqual([changed.total, changed.behind(4), changed.behind(100)], [3, [100, 1], [4, 2]]);
  assert.deepEqual([read.total, read.has(4), read.behind(0)], [0, false, undefined]);
});

test("bytes are found across pages, and from the start on when there are none behind", () => {
  const image = memory({ 1: page(PAGE - 1, 7), 2: page(0, 8, 9), 3: page(PAGE - 2, 7, 8) });
  assert.equal(image.find(Uint8Array.of(7, 8, 9), 0), 2 * PAGE - 1);
  assert.equal(image.find(Uint8Array.of(7, 8), 2 * PAGE), 4 * PAGE - 2);
  assert.equal(image.find(Uint8Array.of(7, 8), 4 * PAGE - 1), 2 * PAGE - 1);
  assert.equal(image.find(Uint8Array.of(7, 9), 0), -1);
  assert.equal(image.find(Uint8Array.of(0, 0), 10), 10);
});

test("what is looked for is text, bytes, or a number", () => {
  const bytes = (typed) => [...wantedBytes(typed)];
  assert.deepEqual(bytes('"ab'), [97, 98]);
  assert.deepEqual(bytes("de ad"), [0xde, 0xad]);
  assert.deepEqual(bytes("0x102"), [2, 1, 0, 0]);
  assert.deepEqual(bytes("-1"), [255, 255, 255, 255]);
  assert.deepEqual(bytes("0x100000000"), [0, 0, 0, 0, 1, 0, 0, 0]);
  assert.deepEqual(bytes("word"), [119, 111, 114, 100]);
  assert.throws(() => wantedBytes(" "), /Look for/);
  assert.deepEqual(["0x10", "16", "x", ""].map(typedAddress), [16, 16, -1, -1]);
});

test("places are come back to, and those that lay before are forgotten when one goes elsewhere", () => {
  const places = new Places();
  const place = (at) => ({ index: 0, at, count: 4, value: null });
  assert.deepEqual([places.canGoBack, places.canGoForward, places.go(-1)], [false, false, undefined]);
  for (const at of [1, 2, 2, 3]) places.visit(place(at));
  places.note("tree");
  assert.equal(places.go(-1).at, 2);
  assert.equal(places.go(-1).at, 1);
  assert.deepEqual([places.canGoBack, places.canGoForward], [false, true]);
  assert.equal(places.go(1).at, 2);
  assert.equal(places.go(1).value, "tree");
  assert.equal(places.go(1), undefined);
  places.go(-1);
  places.visit(place(4));
  assert.deepEqual([places.here.at, places.canGoForward, places.go(-1).at], [4, false, 2]);
  for (let at = 0; at < 300; at++) places.visit(place(at));
  assert.equal(places.here.at, 299);
});
