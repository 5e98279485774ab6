// Calls both ways through the link layer: values, references, exceptions.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { canLink, createLink } from "../../python/link.mjs";
import { KINDS, startLink, startPyodide } from "./linked.mjs";

const PYTHON = `
def same(*values):
    return values[0] if len(values) == 1 else values
def nothing(*values): pass
def kinds(*values): return [type(value).__name__ for value in values]
def shown(*values): return [repr(value) for value in values]
def fails(): raise ValueError("told to")
def calls(f): return f()
def swallows(f):
    try:
        f()
    except Exception as error:
        return type(error).__name__
def first_of_two(f, g):
    try:
        f()
    except Exception as error:
        try:
            g()
        except Exception:
            pass
        raise error
pair = (1, 2.5)
def two(): return (0xFFFFFFFF, 2.5)
def add(a, b): return (a + b) & 0xFFFFFFFF
`;

for (const kind of [...KINDS, "closures"]) {
  describe(`a ${kind} link`, () => {
    let t;
    before(async () => {
      t = await startLink(kind);
      t.define(PYTHON);
    });

    it("tells which it is", () => assert.equal(t.link.kind, kind === "closures" ? "native" : kind));

    it("passes i32 as canonical integers and gets them back signed", () => {
      const same = t.exported("same", "i", "i");
      for (const value of [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)]) assert.equal(same(value), value);
      assert.equal(same(2 ** 32 + 5), 5);
      assert.equal(same("7"), 7);
      assert.equal(same(undefined), 0);
      assert.deepEqual(t.exported("shown", "ii", "J")(-1, 5), ["4294967295", "5"]);
    });

    it("passes i64 exactly", () => {
      const same = t.exported("same", "I", "I");
      for (const value of [0n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)]) assert.equal(same(value), value);
      assert.equal(same(2n ** 64n + 3n), 3n);
      assert.throws(() => same(1), TypeError);
      assert.deepEqual(t.exported("shown", "I", "J")(-1n), ["18446744073709551615"]);
    });

    it("passes floats exactly, with the sign of zero", () => {
      const same = t.exported("same", "d", "d");
      for (const value of [0, -0, 1, 0.1, 5e-324, Infinity, -Infinity, NaN]) assert.ok(Object.is(same(value), value));
      const single = t.exported("same", "f", "f");
      assert.equal(single(0.1), Math.fround(0.1));
      assert.ok(Object.is(single(-0), -0));
      assert.deepEqual(t.exported("kinds", "fd", "J")(1, 2), ["float", "float"]);
    });

    it("passes strings with every code unit", () => {
      const same = t.exported("same", "s", "s");
      for (const text of ["", "abc", "é", "\u{1F600}", "\ud800", "a\udc00b", "\0", "x".repeat(10000)]) {
        assert.equal(same(text), text);
      }
    });

    it("passes bytes and JSON", () => {
      const same = t.exported("same", "b", "b");
      assert.deepEqual(same(new Uint8Array([1, 2, 255])), new Uint8Array([1, 2, 255]));
      assert.deepEqual(same(new ArrayBuffer(2)), new Uint8Array(2));
      assert.deepEqual(same(new Uint8Array([1, 2, 3, 4]).subarray(1, 3)), new Uint8Array([2, 3]));
      const value = { a: [1, null, true, "x\ud800"], b: {} };
      assert.deepEqual(t.exported("same", "J", "J")(value), value);
    });

    it("gives undefined for no results and an array for several", () => {
      assert.equal(t.exported("nothing", "iid", "")(1, 2, 3), undefined);
      assert.deepEqual(t.exported("two", "", "id")(), [-1, 2.5]);
      assert.deepEqual(t.exported("same", "iIfdi", "iIfdi")(1, 2n, 3, 4, 5), [1, 2n, 3, 4, 5]);
    });

    it("converts arguments in order before it calls, and calls nothing if one cannot be converted", () => {
      const log = [];
      const value = (name, result) => ({
        valueOf: () => {
          log.push(name);
          return result;
        },
      });
      t.exported("nothing", "id", "")(value("first", 1), value("second", 2));
      assert.deepEqual(log, ["first", "second"]);
      let called = false;
      t.imported(
        "mark",
        () => {
          called = true;
        },
        "iI",
        "",
      );
      assert.throws(() => t.exported("mark", "iI", "")(1, 2), TypeError);
      assert.throws(() => t.exported("mark", "iI", "")(Symbol("no"), 2n), TypeError);
      assert.equal(called, false);
    });

    it("survives calls that conversions make", () => {
      const add = t.exported("add", "ii", "i");
      assert.equal(add(1, { valueOf: () => add({ valueOf: () => add(2, 3) }, 4) }), 10);
    });

    it("calls JavaScript with the same values", () => {
      t.imported("echo", (a, b, c, d) => [a, b, c, d], "iIfd", "iIfd");
      assert.deepEqual(t.exported("echo", "iIfd", "iIfd")(-1, -1n, -0, 1), [-1, -1n, -0, 1]);
      t.imported("one", (a) => a, "I", "I");
      assert.equal(t.exported("one", "I", "I")(-5n), -5n);
      t.imported("unit", () => "ignored", "", "");
      assert.equal(t.evaluate("unit()"), null);
      t.imported("many", (...all) => all.length, "iiiiii", "i");
      assert.equal(t.evaluate("many(1, 2, 3, 4, 5, 6)"), 6);
    });

    it("reads several results of JavaScript by the iterator protocol", () => {
      t.imported("pairs", () => new Set([3, 4]), "", "ii");
      assert.deepEqual(t.evaluate("list(pairs())"), [3, 4]);
      t.imported("short", () => [1], "", "ii");
      assert.throws(() => t.exported("short", "", "")(), TypeError);
      t.imported("none_of_it", () => 5, "", "ii");
      assert.throws(() => t.exported("none_of_it", "", "")(), TypeError);
    });

    it("keeps the identity of everything that is thrown", () => {
      const values = [new Error("x"), { any: "thing" }, undefined, null, Symbol("s"), 7, -0];
      const calls = t.exported("calls", "O", "");
      for (const value of values) {
        const ptr = t.link.import(
          () => {
            throw value;
          },
          "",
          "",
        );
        let caught;
        try {
          calls(ptr);
          assert.fail("nothing was thrown");
        } catch (error) {
          caught = error;
        }
        assert.ok(Object.is(caught, value));
        t.link.decref(ptr);
      }
    });

    it("keeps apart what was thrown first and what was thrown meanwhile", () => {
      const first = new Error("first");
      const f = t.link.import(
        () => {
          throw first;
        },
        "",
        "",
      );
      const g = t.link.import(
        () => {
          throw new Error("second");
        },
        "",
        "",
      );
      assert.throws(
        () => t.exported("first_of_two", "OO", "")(f, g),
        (error) => error === first,
      );
    });

    it("lets Python handle what JavaScript throws, and tells of Python exceptions", () => {
      const f = t.link.import(
        () => {
          throw new Error("x");
        },
        "",
        "",
      );
      assert.equal(t.exported("swallows", "O", "s")(f), "JavaScriptThrow");
      assert.throws(() => t.exported("fails", "", "")(), { message: "told to" });
      assert.ok(t.alive());
    });

    it("hands exceptions to its hooks", () => {
      const { onError, onThrow } = t.link;
      const told = [];
      t.link.onError = (ptr) => {
        told.push(t.link.thrown(ptr) === undefined);
        t.link.decref(ptr);
        throw new RangeError("mine");
      };
      t.link.onThrow = () => {
        const ptr = t.exported("make", "", "O")();
        return ptr;
      };
      try {
        t.define('def make(): return KeyError("from the hook")');
        assert.throws(() => t.exported("fails", "", "")(), RangeError);
        const f = t.link.import(
          () => {
            throw 1;
          },
          "",
          "",
        );
        assert.equal(t.exported("swallows", "O", "s")(f), "KeyError");
        assert.deepEqual(told, [true]);
      } finally {
        Object.assign(t.link, { onError, onThrow });
      }
    });

    it("passes references through its hooks", () => {
      const kept = [];
      const { link } = t;
      t.define("class Box:\n  def __init__(self, index): self.index = index\ndef index_of(box): return box.index");
      const make = t.exported("Box", "i", "O");
      const indexOf = t.exported("index_of", "O", "i");
      link.references.r = {
        toPython: (value) => make(kept.push(value) - 1),
        fromPython: (ptr) => kept[indexOf(ptr)],
      };
      const same = t.exported("same", "r", "r");
      for (const value of [undefined, null, {}, Symbol("s"), -0, same]) assert.ok(Object.is(same(value), value));
      t.imported("back", (a, b) => [b, a], "rr", "rr");
      assert.deepEqual(t.exported("back", "rr", "rr")("x", "y"), ["y", "x"]);
      t.imported("one", (a) => a, "r", "r");
      assert.equal(t.exported("one", "r", "r")("z"), "z");
    });

    it("names objects by ptr", () => {
      const { link } = t;
      const pair = link.lookup("tested", "pair");
      assert.equal(link.lookup("tested", "pair"), pair);
      const same = t.exported("same", "O", "O");
      assert.equal(same(pair), pair);
      for (let i = 0; i < 3; i++) link.decref(pair);
      assert.equal(t.exported("nothing", "", "O")(), link.none);
      assert.throws(() => link.lookup("tested", "missing"), /missing/);
      assert.throws(() => link.lookup("no_such_module", "x"), /no_such_module/);
    });

    it("refuses letters that it does not know", () => {
      assert.throws(() => t.exported("same", "x", ""), { name: "TypeError", message: /'x'/ });
      assert.throws(() => t.link.import(() => {}, "i", "?"), TypeError);
    });
  });
}

describe("createLink", () => {
  it("takes proxies where Pyodide lacks something, unless told not to", async () => {
    const pyodide = await startPyodide();
    assert.deepEqual(canLink(pyodide), []);
    const less = Object.create(pyodide);
    Object.defineProperty(less, "_module", { value: { ...pyodide._module, _PyLong_AsLong: undefined } });
    assert.deepEqual(canLink(less), ["_PyLong_AsLong"]);
    await assert.rejects(createLink(less, { link: "native" }), /_PyLong_AsLong/);
    assert.equal((await createLink(less)).kind, "proxy");
    assert.ok(canLink({}).length > 30);
    await assert.rejects(createLink(pyodide, { link: "other" }), TypeError);
  });
});
