import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as C from "../../python/webidl.mjs";

const spy = (log, name, values) =>
  Object.fromEntries(
    Object.entries(values).map(([hint, value]) => [
      hint,
      () => {
        log.push(`${name}.${hint}`);
        return value;
      },
    ]),
  );

const throwsType = (run, message) =>
  assert.throws(run, (error) => {
    assert.equal(error.constructor, TypeError);
    assert.match(error.message, message);
    return true;
  });

describe("numbers", () => {
  test("[EnforceRange] unsigned long truncates and refuses what is out of range", () => {
    for (const [given, expected] of [
      [0, 0],
      [-0, 0],
      [-0.9, 0],
      [1.9, 1],
      [4294967295, 4294967295],
      [4294967295.5, 4294967295],
      ["0x10", 16],
      [true, 1],
      [null, 0],
      ["", 0],
      [[3], 3],
      [new Date(5), 5],
    ]) {
      assert.ok(Object.is(C.enforcedUnsignedLong(given, "x"), expected), `${given}`);
    }
    for (const given of [undefined, NaN, Infinity, -Infinity, "x", {}, -1, 4294967296, -1e300, 1n, Symbol("s")]) {
      throwsType(() => C.enforcedUnsignedLong(given, "WebAssembly.f(): x"), /^WebAssembly\.f\(\): x/);
    }
  });

  test("unsigned long is modulo 2^32", () => {
    assert.equal(C.unsignedLong(-1, "x"), 4294967295);
    assert.equal(C.unsignedLong(4294967297, "x"), 1);
    assert.equal(C.unsignedLong(NaN, "x"), 0);
    throwsType(() => C.unsignedLong(1n, "x"), /^x: /);
  });

  test("ToBigInt takes no numbers, but booleans, strings and objects of them", () => {
    const huge = -(2n ** 5000n);
    for (const [given, expected] of [
      [1n, 1n],
      [huge, huge],
      [`${2n ** 200n}`, 2n ** 200n],
      [true, 1n],
      ["", 0n],
      ["0b11", 3n],
      [Object(7n), 7n],
      [{ valueOf: () => 5n }, 5n],
      [{ [Symbol.toPrimitive]: (hint) => (hint === "number" ? 6n : 0n) }, 6n],
      [[], 0n],
    ]) {
      assert.equal(C.toBigInt(given, "x"), expected);
    }
    for (const given of [1, undefined, null, Symbol("s")]) throwsType(() => C.toBigInt(given, "x"), /^x: /);
    assert.throws(() => C.toBigInt("1.5", "x"), SyntaxError);
  });

  test("AddressValueToU64 follows the address type", () => {
    assert.equal(C.addressValue("3", "i32", "x"), 3);
    assert.equal(C.addressValue("3", undefined, "x"), 3);
    assert.equal(C.addressValue("3", "i64", "x"), 3n);
    assert.equal(C.addressValue(2n ** 64n - 1n, "i64", "x"), 2n ** 64n - 1n);
    for (const [given, type] of [
      [1n, "i32"],
      [1, "i64"],
      [-1n, "i64"],
      [2n ** 64n, "i64"],
      [2 ** 32, "i32"],
    ]) {
      throwsType(() => C.addressValue(given, type, "WebAssembly.f(): index"), /^WebAssembly\.f\(\): index/);
    }
  });

  test("conversions ask an object once, and what it throws passes through", () => {
    const error = new RangeError("mine");
    const thrower = {
      valueOf() {
        throw error;
      },
      toString() {
        throw error;
      },
    };
    for (const convert of [C.enforcedUnsignedLong, C.unsignedLong, C.toBigInt, C.domString, C.usvString]) {
      assert.throws(
        () => convert(thrower, "x"),
        (thrown) => thrown === error,
      );
    }
    const log = [];
    assert.equal(C.enforcedUnsignedLong(spy(log, "n", { valueOf: "2", toString: "3" }), "x"), 2);
    assert.equal(C.domString(spy(log, "s", { valueOf: "2", toString: "3" }), "x"), "3");
    assert.deepEqual(log, ["n.valueOf", "s.toString"]);
  });
});

describe("strings and enumerations", () => {
  test("DOMString is ToString", () => {
    assert.equal(C.domString(null, "x"), "null");
    assert.equal(C.domString(-0, "x"), "0");
    assert.equal(C.domString("\uD800", "x"), "\uD800");
    throwsType(() => C.domString(Symbol("s"), "x"), /^x: /);
  });

  test("USVString replaces lone surrogates", () => {
    assert.equal(C.usvString("a\uD800b\uDC00\u{1F600}", "x"), "a\uFFFDb\uFFFD\u{1F600}");
  });

  test("an enumeration takes its values alone", () => {
    const values = new Set(["i32", "i64"]);
    assert.equal(C.enumeration({ toString: () => "i64" }, values, "x"), "i64");
    for (const given of ["i16", "i32\0", "", undefined, null, 0, Symbol("i32")]) {
      throwsType(() => C.enumeration(given, values, "d.value"), /^d\.value/);
    }
  });
});

describe("objects", () => {
  test("object takes functions and refuses primitives", () => {
    const callable = () => {};
    assert.equal(C.object(callable, "x"), callable);
    for (const given of [undefined, null, 1, "a", true, 1n, Symbol("s")]) {
      throwsType(() => C.object(given, "x"), /^x must be an object/);
    }
  });

  test("a dictionary of undefined or null has no members, whatever is on Object.prototype", () => {
    try {
      Object.prototype.address = "i64";
      assert.equal(C.dictionary(undefined, "x").address, undefined);
      assert.equal(C.dictionary(null, "x").address, undefined);
      assert.equal(C.dictionary({}, "x").address, "i64");
    } finally {
      delete Object.prototype.address;
    }
    for (const given of [false, 0, "", 1n, Symbol("s")]) {
      throwsType(() => C.dictionary(given, "x"), /^x must be an object/);
    }
  });

  test("a nullable type takes null and undefined as null", () => {
    assert.equal(C.nullable(null, C.usvString, "x"), null);
    assert.equal(C.nullable(undefined, C.usvString, "x"), null);
    assert.equal(C.nullable(1, C.usvString, "x"), "1");
  });

  test("a sequence is read by the iterator protocol, the iterator is not closed on a throw", () => {
    const log = [];
    const iterable = {
      get [Symbol.iterator]() {
        log.push("get iterator");
        return () => ({
          get next() {
            log.push("get next");
            let count = 0;
            return () => {
              count += 1;
              log.push(`next ${count}`);
              return {
                done: count > 2,
                get value() {
                  log.push(`value ${count}`);
                  return count;
                },
              };
            };
          },
          return() {
            log.push("return");
            return {};
          },
        });
      },
    };
    assert.deepEqual(
      C.sequence(iterable, (item) => item * 2, "x"),
      [2, 4],
    );
    assert.deepEqual(log, ["get iterator", "get next", "next 1", "value 1", "next 2", "value 2", "next 3"]);
    log.length = 0;
    assert.throws(
      () =>
        C.sequence(
          iterable,
          () => {
            throw new RangeError("no");
          },
          "x",
        ),
      RangeError,
    );
    assert.deepEqual(log, ["get iterator", "get next", "next 1", "value 1"]);
  });

  test("a sequence takes any iterable object, also an array whose iterator was replaced, but no string", () => {
    const doubled = [1, 2];
    doubled[Symbol.iterator] = function* () {
      yield "a";
    };
    assert.deepEqual(
      C.sequence(doubled, (item) => item, "x"),
      ["a"],
    );
    assert.deepEqual(
      C.sequence(new Set(["b"]), (item) => item, "x"),
      ["b"],
    );
    for (const given of [
      "ab",
      1,
      null,
      undefined,
      {},
      { [Symbol.iterator]: null },
      { [Symbol.iterator]: 1 },
      { [Symbol.iterator]: () => 1 },
      { [Symbol.iterator]: () => ({}) },
      { [Symbol.iterator]: () => ({ next: () => 1 }) },
    ]) {
      throwsType(() => C.sequence(given, (item) => item, "x"), /^x must be /);
    }
  });

  test("an item that cannot be converted is told with its index", () => {
    const convert = (item, at) => C.enumeration(item, new Set(["i32"]), at);
    throwsType(() => C.sequence(["i32", "i33"], convert, "x"), /^x\[1\] /);
  });

  test("promiseOf always makes a new promise", async () => {
    const given = Promise.resolve(3);
    const made = C.promiseOf(given);
    assert.notEqual(made, given);
    assert.equal(await made, 3);
  });
});

describe("buffer sources", () => {
  const anything = { shared: true, resizable: true };

  test("buffers and views of every kind pass, anything else is refused", () => {
    for (const given of [
      new ArrayBuffer(2),
      new SharedArrayBuffer(2),
      new Uint8Array(2),
      new Float64Array(1),
      new DataView(new ArrayBuffer(1)),
      new Uint8Array(new SharedArrayBuffer(1)),
      new ArrayBuffer(1, { maxByteLength: 2 }),
      Buffer.from("a"),
    ]) {
      assert.equal(C.bufferSource(given, anything, "x"), given);
    }
    for (const given of [
      undefined,
      null,
      1,
      "a",
      {},
      [],
      Symbol("s"),
      { byteLength: 1 },
      ArrayBuffer,
      Object.create(ArrayBuffer.prototype),
      new Proxy(new ArrayBuffer(1), {}),
      Object.create(new Uint8Array(1)),
    ]) {
      throwsType(() => C.bufferSource(given, anything, "x"), /^x must be an ArrayBuffer/);
    }
  });

  test("shared and resizable buffers are refused where they are not allowed", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(1));
    const resizable = new DataView(new ArrayBuffer(1, { maxByteLength: 2 }));
    const growable = new SharedArrayBuffer(1, { maxByteLength: 2 });
    throwsType(() => C.bufferSource(shared, { shared: false, resizable: true }, "x"), /shared/);
    throwsType(() => C.bufferSource(resizable, { shared: true, resizable: false }, "x"), /resizable/);
    throwsType(() => C.bufferSource(growable, { shared: true, resizable: false }, "x"), /resizable/);
  });

  test("the copy holds the bytes of the view alone, none of a detached buffer, a typed array may have lost its place", () => {
    const buffer = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8).buffer;
    const copy = C.copyBytes(new Uint16Array(buffer, 2, 2));
    assert.deepEqual([...copy], [3, 4, 5, 6]);
    assert.equal(copy.buffer.byteLength, 4);
    assert.deepEqual([...C.copyBytes(new DataView(buffer, 6))], [7, 8]);
    assert.deepEqual([...C.copyBytes(buffer)], [1, 2, 3, 4, 5, 6, 7, 8]);
    const shared = new SharedArrayBuffer(2);
    new Uint8Array(shared)[1] = 9;
    assert.deepEqual([...C.copyBytes(shared)], [0, 9]);
    const detached = new Uint8Array(4);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    assert.equal(C.copyBytes(detached).length, 0);
    assert.equal(C.copyBytes(detached.buffer).length, 0);
    const resizable = new ArrayBuffer(8, { maxByteLength: 16 });
    const views = [new Uint8Array(resizable, 4, 4), new DataView(resizable, 4, 4), new Uint8Array(resizable)];
    resizable.resize(2);
    assert.deepEqual(
      [views[0], views[2]].map((view) => C.copyBytes(view).length),
      [0, 2],
    );
    assert.throws(() => C.copyBytes(views[1]), TypeError);
    const gone = new DataView(new ArrayBuffer(4), 2);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    assert.equal(C.copyBytes(gone).length, 0);
  });

  test("properties that hide the intrinsic getters change nothing", () => {
    const view = Uint8Array.of(1, 2);
    Object.defineProperty(view, "buffer", { value: new ArrayBuffer(9) });
    Object.defineProperty(view, "byteLength", { value: 9 });
    assert.deepEqual([...C.copyBytes(C.bufferSource(view, anything, "x"))], [1, 2]);
  });
});
