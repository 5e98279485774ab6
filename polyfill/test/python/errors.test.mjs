// Exceptions of both languages, traps, and stacks that are used up.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadEngines, thrownBy } from "./engine.mjs";

for (const { WebAssembly, wat, link, pyodide } of await loadEngines()) {
  const instantiate = (text, imports) => new WebAssembly.Instance(new WebAssembly.Module(wat(text)), imports).exports;

  describe(`errors (${link.kind} link)`, () => {
    const values = [new Error("e"), undefined, null, 0, -0, 2 ** 40, "text", Symbol("s"), 5n, { a: 1 }, () => {}];

    test("what an import throws comes out as it is, through frames of Python", () => {
      let value;
      const { run, twice } = instantiate(
        `(module
        (import "m" "f" (func $f))
        (func $run (export "run") (call $f))
        (func (export "twice") (call $run) (call $run)))`,
        {
          m: {
            f: () => {
              throw value;
            },
          },
        },
      );
      for (value of values) {
        assert.ok(Object.is(thrownBy(run), value), String(value));
        assert.ok(Object.is(thrownBy(twice), value), String(value));
      }
    });

    test("wasm code catches it with JSTag, and throws what it likes with it", () => {
      let value;
      const { caught, rethrown, thrown } = instantiate(
        `(module
        (import "m" "f" (func $f)) (import "m" "tag" (tag $js (param externref)))
        (func (export "caught") (result externref)
          (block (result externref) (try_table (catch $js 0) (call $f)) (unreachable)))
        (func (export "rethrown")
          (block (result exnref) (try_table (catch_all_ref 0) (call $f)) (unreachable)) (throw_ref))
        (func (export "thrown") (param externref) (throw $js (local.get 0))))`,
        {
          m: {
            f: () => {
              throw value;
            },
            tag: WebAssembly.JSTag,
          },
        },
      );
      for (value of values) {
        assert.ok(Object.is(caught(), value), String(value));
        assert.ok(Object.is(thrownBy(rethrown), value), String(value));
        assert.ok(
          Object.is(
            thrownBy(() => thrown(value)),
            value,
          ),
          String(value),
        );
      }
    });

    test("exceptions keep their identity and their payload", () => {
      const tag = new WebAssembly.Tag({ parameters: ["i32", "i64", "f64", "externref"] });
      const object = {};
      const exception = new WebAssembly.Exception(tag, [1, 2n, -0, object], { traceStack: true });
      const {
        run,
        make,
        tag: exported,
      } = instantiate(
        `(module
        (import "m" "f" (func $f)) (import "m" "tag" (tag $t (param i32 i64 f64 externref)))
        (tag $own (export "tag") (param i32))
        (func (export "run") (call $f))
        (func (export "make") (throw $own (i32.const -7))))`,
        {
          m: {
            f: () => {
              throw exception;
            },
            tag,
          },
        },
      );
      assert.equal(thrownBy(run), exception);
      assert.deepEqual(
        [0, 1].map((i) => exception.getArg(tag, i)),
        [1, 2n],
      );
      assert.ok(Object.is(exception.getArg(tag, 2), -0));
      assert.equal(exception.getArg(tag, 3), object);
      assert.equal(typeof exception.stack, "string");
      const made = thrownBy(make);
      assert.ok(made instanceof WebAssembly.Exception);
      assert.ok(made.is(exported));
      assert.equal(made.is(tag), false);
      assert.equal(made.getArg(exported, 0), -7);
      assert.equal(made.stack, undefined);
      assert.throws(() => made.getArg(tag, 0), TypeError);
      assert.throws(() => made.getArg(exported, 1), RangeError);
      assert.throws(() => new WebAssembly.Exception(WebAssembly.JSTag, [1]), TypeError);
      assert.throws(() => new WebAssembly.Exception(tag, [1]), TypeError);
    });

    test("traps are RuntimeErrors with the words of the specification", () => {
      const exports = instantiate(`(module (memory 1) (table 1 funcref) (type $v (func))
        (func (export "unreachable") unreachable)
        (func (export "integer divide by zero") (drop (i32.div_s (i32.const 1) (i32.const 0))))
        (func (export "out of bounds memory access") (drop (i32.load (i32.const 65536))))
        (func (export "undefined element") (call_indirect (type $v) (i32.const 1)))
        (func (export "uninitialized element 0") (call_indirect (type $v) (i32.const 0)))
        (func (export "out of bounds table access") (drop (table.get (i32.const 1)))))`);
      for (const [message, f] of Object.entries(exports)) {
        const error = thrownBy(f);
        assert.ok(error instanceof WebAssembly.RuntimeError, message);
        assert.equal(error.message, message);
      }
    });

    test("no clause catches a trap, even if JavaScript throws it again", () => {
      const { run, trap } = instantiate(
        `(module (import "m" "f" (func $f))
        (func (export "trap") unreachable)
        (func (export "run") (block (try_table (catch_all 0) (call $f)) (unreachable))))`,
        { m: { f: () => again() } },
      );
      let again = trap;
      assert.equal(thrownBy(run).message, "unreachable");
      const error = thrownBy(trap);
      again = () => {
        throw error;
      };
      assert.equal(thrownBy(run), error);
      again = () => {
        throw new WebAssembly.RuntimeError("made by hand");
      };
      assert.equal(run(), undefined);
    });

    test("a start function that fails makes the instantiation fail with the same value", () => {
      const error = new Error("start");
      const module = new WebAssembly.Module(wat('(module (import "m" "f" (func $f)) (start $f))'));
      const imports = {
        m: {
          f: () => {
            throw error;
          },
        },
      };
      assert.equal(
        thrownBy(() => new WebAssembly.Instance(module, imports)),
        error,
      );
    });

    test("modules that are not valid are CompileErrors that say where", () => {
      const error = thrownBy(() => new WebAssembly.Module(wat("(module (func (result i32) (i64.const 1)))")));
      assert.ok(error instanceof WebAssembly.CompileError);
      assert.match(error.message, /^WebAssembly\.Module\(\): .*function #0.*offset/);
    });

    test("recursion of every shape ends with a RangeError, and the engine goes on", () => {
      const frames = pyodide.runPython("import inspect; len(inspect.stack(0))");
      let mutual = 0;
      const exports = instantiate(
        `(module
        (import "m" "back" (func $back (param i32) (result i32)))
        (tag $t (param i32))
        (func $forever (export "forever") (param i32) (result i32)
          (i32.add (i32.const 1) (call $forever (local.get 0))))
        (func $deep (export "deep") (param i32) (result i32)
          (if (result i32) (local.get 0)
            (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
            (else (unreachable))))
        (func $throw (export "throw") (param i32) (result i32)
          (if (result i32) (local.get 0)
            (then (i32.add (i32.const 1) (call $throw (i32.sub (local.get 0) (i32.const 1)))))
            (else (throw $t (i32.const 3)))))
        (func (export "mutual") (param i32) (result i32) (call $back (local.get 0)))
        (func (export "add") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))`,
        {
          m: {
            back: (x) => {
              mutual += 1;
              return exports.mutual(x);
            },
          },
        },
      );
      for (let round = 0; round < 2; round++) {
        for (const f of [exports.forever, exports.mutual]) {
          const error = thrownBy(() => f(0));
          assert.ok(error instanceof RangeError);
          assert.match(error.message, /stack/);
        }
        assert.equal(thrownBy(() => exports.deep(9000)).message, "unreachable");
        assert.ok(thrownBy(() => exports.throw(9000)) instanceof WebAssembly.Exception);
        const recursion = () => exports.add(1) + recursion();
        assert.ok(thrownBy(recursion) instanceof RangeError);
        assert.equal(exports.add(4), 5);
      }
      assert.ok(mutual > 50, `${mutual}`);
      // Nothing was torn down in the middle: Python's own stack is empty.
      assert.equal(pyodide.runPython("import inspect; len(inspect.stack(0))"), frames);
    });
  });
}
