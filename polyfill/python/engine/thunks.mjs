// The modules that calls of functions of numbers pass through, one for each signature. No value of WebAssembly becomes one
// of JavaScript on the way: integers need no BigInt, and floats keep their bits.

import { Builder, op } from "./builder.mjs";

const OFFSET = 0x80000000; // PY_VECTORCALL_ARGUMENTS_OFFSET
/** Import what boxes and unboxes numbers: functions from and to objects, by letter. */
function conversions(builder) {
  const python = (name, params, results) => builder.importFunction("python", name, params, results);
  builder.importMemory("python", "memory");
  return {
    as: {
      i: python("asU32", "i", "i"),
      I: python("asU64", "i", "I"),
      f: python("asF32", "i", "f"),
      d: python("asF64", "i", "d"),
    },
    from: {
      i: python("fromU32", "i", "i"),
      I: python("fromU64", "I", "i"),
      f: python("fromF32", "f", "i"),
      d: python("fromF64", "d", "i"),
    },
  };
}

/**
 * From Python to a native function. `call` is a METH_FASTCALL function: it leaves the arguments in globals and calls
 * `enter`, JavaScript without arguments, which calls `run` where whatever is thrown stops: 0 where that was so.
 */
export function callModule(params, results) {
  const builder = new Builder();
  const { as, from } = conversions(builder);
  const newTuple = builder.importFunction("python", "newTuple", "i", "i");
  const setItem = builder.importFunction("python", "setItem", "iii", "i");
  const enter = builder.importFunction("javascript", "enter", "", "i");
  const native = builder.importFunction("native", "function", params, results);
  const none = builder.importGlobal("python", "none", "i", false);
  const top = builder.importGlobal("python", "top", "i", true);
  const given = [...params].map((letter) => builder.global(letter));
  const got = [...results].map((letter) => builder.global(letter));
  builder.function("run", "", "", "", [
    ...given.map(op.getGlobal),
    op.call(native),
    ...got.toReversed().map(op.setGlobal),
  ]);
  const [ARGS, TOP, TUPLE] = [1, 3, 4];
  const boxed = [...results].map((letter, k) => [...op.getGlobal(got[k]), ...op.call(from[letter])]);
  const box = boxed.length === 0 ? [op.getGlobal(none)] : boxed;
  const several = [
    ...[op.i32(boxed.length), op.call(newTuple), op.tee(TUPLE), op.eqz, op.if, op.i32(0), op.return, op.end],
    ...boxed.flatMap((value, k) => [op.get(TUPLE), op.i32(k), value, op.call(setItem), op.drop]),
    op.get(TUPLE),
  ];
  builder.function("call", "iii", "i", "ii", [
    ...[...params].flatMap((letter, k) => [op.get(ARGS), op.load(4 * k), op.call(as[letter]), op.setGlobal(given[k])]),
    ...[op.getGlobal(top), op.set(TOP)],
    ...[op.call(enter), op.eqz, op.if, op.get(TOP), op.setGlobal(top), op.i32(0), op.return, op.end],
    ...(boxed.length > 1 ? several : box),
  ]);
  return builder.bytes();
}

/**
 * From native code to Python: `host` calls a callable with objects on a stack of its own, whose end is `end`.
 *
 * `before` looks whether the interpreter has room, and `after` is called when it has returned; `raise` throws what the
 * callable has raised, `overflow` that the stack is full.
 */
export function hostModule(params, results) {
  const builder = new Builder();
  const { as, from } = conversions(builder);
  const getItem = builder.importFunction("python", "getItem", "ii", "i");
  const vectorcall = builder.importFunction("python", "vectorcall", "iiii", "i");
  const decref = builder.importFunction("python", "decref", "i", "");
  const [before, after, raise, overflow] = ["before", "after", "raise", "overflow"].map((name) =>
    builder.importFunction("javascript", name, "", ""),
  );
  const callee = builder.importGlobal("python", "callee", "i", false);
  const end = builder.importGlobal("python", "end", "i", false);
  const top = builder.importGlobal("python", "top", "i", true);
  const count = params.length;
  const [TOP, RESULT, FIRST] = [count, count + 1, count + 2];
  const place = (k) => 4 * k + 4; // the word before the arguments is the callee's to use
  const item = (k) => (results.length === 1 ? [] : [op.i32(k), op.call(getItem)]);
  builder.function("host", params, results, `ii${results}`, [
    ...[op.getGlobal(top), op.tee(TOP), op.getGlobal(end), op.gt_u, op.if, op.call(overflow), op.end],
    op.call(before),
    ...[op.get(TOP), op.i32(place(count)), op.add, op.setGlobal(top)],
    ...[...params].flatMap((letter, k) => [op.get(TOP), op.get(k), op.call(from[letter]), op.store(place(k))]),
    ...[op.getGlobal(callee), op.get(TOP), op.i32(place(0)), op.add, op.i32((count | OFFSET) >> 0), op.i32(0)],
    ...[op.call(vectorcall), op.set(RESULT)],
    ...[...params].flatMap((_, k) => [op.get(TOP), op.load(place(k)), op.call(decref)]),
    ...[op.get(TOP), op.setGlobal(top), op.call(after)],
    ...[op.get(RESULT), op.eqz, op.if, op.call(raise), op.unreachable, op.end],
    ...[...results].flatMap((letter, k) => [op.get(RESULT), ...item(k), op.call(as[letter]), op.set(FIRST + k)]),
    ...[op.get(RESULT), op.call(decref)],
    ...[...results].map((_, k) => op.get(FIRST + k)),
  ]);
  return builder.bytes();
}

/** Bytes that the arguments of one call take on the stack at most: a function has no more than a thousand. */
export const FRAME = 4 * 1000 + 4;
