// The little language of structures, how they lie, and what a memory holds in them.

import assert from "node:assert/strict";
import test from "node:test";

const { arrayOf, parseStructures, partOf, partsOf, pointerAt, valueText } = await import(
  `${process.env.STATIC}/workbench/structures.mjs`
);
const { Tree } = await import(`${process.env.STATIC}/workbench/structure_tree.mjs`);

const last = (text, options) => parseStructures(text, options).at(-1);
const layout = (text, options) => last(text, options).fields.map(({ name, type, offset }) => [name, type.name, offset]);
const memory = (length, parts) => {
  const whole = new Uint8Array(length);
  for (const [at, bytes] of Object.entries(parts)) whole.set(bytes, Number(at));
  return { length, bytes: (at, count) => whole.slice(at, at + count) };
};
const refused = (text, message, options) =>
  assert.throws(
    () => parseStructures(text, options),
    (error) => error.name === "Error" && error.message === message,
  );

test("fields lie as C lays them", () => {
  const text = "struct node { u8 kind; f64 x, y; u8 name[3]; ptr<node> left; u16 grid[2][3] }";
  assert.deepEqual(layout(text), [
    ["kind", "u8", 0],
    ["x", "f64", 8],
    ["y", "f64", 16],
    ["name", "u8[3]", 24],
    ["left", "ptr<node>", 28],
    ["grid", "u16[3][2]", 32],
  ]);
  assert.equal(last(text).size, 48);
  assert.deepEqual(layout(text, { pointerSize: 8 }).slice(4), [
    ["left", "ptr<node>", 32],
    ["grid", "u16[3][2]", 40],
  ]);
});

test("structures may be packed, nested, unions, and have fields at given places", () => {
  assert.deepEqual(layout("packed struct { u8 a; u32 b; }"), [
    ["a", "u8", 0],
    ["b", "u32", 1],
  ]);
  assert.equal(last("packed struct { u8 a; u32 b }").size, 5);
  assert.equal(last("union { u8 a; u32 b; u8 c[6] }").size, 8);
  assert.deepEqual(layout("struct { u8 a @ 4; struct { u16 b } c; ptr64 d @ 0x20 }"), [
    ["a", "u8", 4],
    ["c", "struct", 6],
    ["d", "ptr", 32],
  ]);
  const text = "/* two */ struct point { f32 x, y } // a comment\nstruct line { point from, to; ptr<line> next; }";
  assert.deepEqual(layout(text), [
    ["from", "point", 0],
    ["to", "point", 8],
    ["next", "ptr<line>", 16],
  ]);
});

test("a pointer may lead to what is defined later, and to pointers", () => {
  const [first, second] = parseStructures(
    "struct a { ptr<b> b; ptr<ptr<u8>> names; ptr<void> any } struct b { ptr<a> a }",
  );
  assert.equal(first.fields[0].type.to, second);
  assert.equal(second.fields[0].type.to, first);
  assert.equal(first.fields[1].type.name, "ptr<ptr<u8>>");
  assert.equal(partsOf(first.fields[2].type), 0);
});

test("mistakes are told at their places", () => {
  refused("", "Line 1, column 1: describe a structure, as struct { u32 next; f32 x, y }");
  refused(
    "u32 x",
    "Line 1, column 1: a description begins with “struct”, as struct { u32 next; f32 x, y }, not with “u32”",
  );
  refused("struct {\n  u32 a\n  u32 b }", "Line 3, column 3: “;” is wanted behind a field, not “u32”");
  refused("struct { u32 a", "Line 1, column 15: “;” is wanted behind a field, not the end");
  refused("struct { u32 a;", "Line 1, column 16: “}” is wanted at the end of struct");
  refused("struct { u32 a[x] }", "Line 1, column 16: the number of elements is a number, not “x”");
  refused("struct { u32 a[2 }", "Line 1, column 18: “]” is wanted behind the number of elements, not “}”");
  refused("struct { u32 a; u8 a }", "Line 1, column 20: there is another field “a”");
  refused("struct a { } struct a { }", "Line 1, column 21: there is another structure “a”");
  refused("struct a { a b }", "Line 1, column 12: a would be in itself, without end: write ptr<a>");
  refused(
    "struct { ptr<b> c }",
    "Line 1, column 14: there is no structure “b”: name the one that is meant, struct b { … }",
  );
  refused(
    "struct { u32 struct }",
    "Line 1, column 14: the name of a field is wanted; “struct” is a word of the language",
  );
  refused("struct { u32 # }", "Line 1, column 14: “#” is no part of a description");
  refused("struct { /* }", "Line 1, column 10: a comment has no end");
  refused("struct { void a }", "Line 1, column 10: only a pointer can be to “void”: ptr<void>");
  refused("packed u32", "Line 1, column 8: “struct” is wanted behind “packed”, not “u32”");
  refused("struct { u8 a[0xffffffff][0xffffffff] }", "Line 1, column 10: this is larger than any memory");
  refused("struct e { } struct { e a[0xffffffffff1] }", "Line 1, column 23: this is larger than any memory");
  assert.throws(() => parseStructures("struct { u33 a }"), /there is no type “u33”: there are u8, i8/);
  assert.throws(() => parseStructures(`${"struct { ".repeat(60)}`), /nested deeper than 50/);
  assert.throws(() => parseStructures(`struct { ${"ptr<".repeat(60)}`), /nested deeper than 50/);
  assert.throws(() => parseStructures("struct { toString a }"), /there is no type “toString”/);
});

test("values are read in the memory, and what is behind its end is said to be", () => {
  const type = last("struct n { u32 key; i8 small; char name[6]; f32 x; ptr<n> next; ptr<char> text; bool yes }");
  const bytes = memory(64, {
    8: [1, 0, 0, 0, 255, 104, 105, 0],
    20: [0, 0, 0xc0, 0x3f, 40, 0, 0, 0, 9 + 4, 0, 0, 0, 1],
  });
  assert.equal(
    valueText(bytes, type, 8),
    '{key: 1, small: -1, name: "hi", x: 1.5, next: 0x28, text: 0xd "hi", yes: true}',
  );
  const texts = type.fields.map((_field, k) => partOf(bytes, type, 8, k));
  assert.deepEqual([texts[0].name, texts[3].at], ["key", 20]);
  assert.equal(valueText(bytes, type, 60), "behind the end");
  assert.equal(valueText(bytes, type.fields[0].type, 62), "behind the end");
  assert.equal(valueText(bytes, type.fields[4].type, 8 + 40), "null");
  assert.deepEqual(partOf(bytes, type.fields[4].type, 24, 0), { name: "*", type, at: 40 });
  assert.equal(pointerAt(bytes, 61, 4), null);
  assert.equal(valueText(bytes, arrayOf(last("struct { u8 a }"), 20), 0), "[…, …, …, …, …, …, …, …, …]");
  const far = memory(16, { 0: [255, 255, 255, 255, 255, 255, 255, 255] });
  assert.equal(valueText(far, last("struct { ptr a }").fields[0].type, 0), "0xffffffff (behind the end)");
});

test("a tree has a row for each part that is open", () => {
  const type = last("struct n { u32 key; ptr<n> next; u8 bytes[3] }");
  const bytes = memory(64, { 0: [7, 0, 0, 0, 16, 0, 0, 0, 1, 2, 3], 16: [8] });
  const tree = new Tree(bytes, arrayOf(type, 1_000_000), 0, "nodes");
  const rows = () =>
    Array.from({ length: Math.min(tree.count, 12) }, (_, k) => tree.row(k)).map(({ depth, name }) => [depth, name]);
  assert.equal(tree.count, 1_000_001);
  assert.deepEqual(tree.row(1_000_000).name, "[999999]");
  assert.equal(tree.toggle(1), true);
  assert.equal(tree.count, 1_000_004);
  tree.toggle(3);
  tree.toggle(4);
  assert.deepEqual(rows(), [
    [0, "nodes"],
    [1, "[0]"],
    [2, "key"],
    [2, "next"],
    [3, "*"],
    [4, "key"],
    [4, "next"],
    [4, "bytes"],
    [2, "bytes"],
    [1, "[1]"],
    [1, "[2]"],
    [1, "[3]"],
  ]);
  assert.deepEqual([tree.row(5).at, tree.row(5).type.name, tree.row(5).parent], [16, "u32", 4]);
  assert.equal(tree.toggle(6), false); // it leads to 0, which is null
  tree.toggle(1);
  assert.equal(tree.count, 1_000_001);
  tree.toggle(0);
  assert.equal(tree.count, 1);
  assert.equal(tree.row(1), null);
});
