"""Stack switching inside Pyodide, on the stacks of the engine (see tests/suspension for what CPython does)."""

import asyncio
from typing import Any

from pyjsapi import WebAssembly, wat2wasm

TEXT = """(module
  (type $task (func)) (type $k (cont $task)) (type $of (func (param i32) (result i32))) (type $ki (cont $of))
  (type $rest (func (result i32))) (type $kr (cont $rest))
  (import "m" "f" (func $f (param i32) (result i32)))
  (tag $yield (param i32)) (tag $oops (param i32))
  (global $k (mut (ref null $k)) (ref.null $k))
  (func $count (local $i i32)
    (loop $next
      (suspend $yield (local.tee $i (i32.add (local.get $i) (i32.const 1))))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 5)))))
  (func $nests (suspend $yield (i32.const 10)) (resume $k (cont.new $k (ref.func $count))))
  (func $deep (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
      (else (suspend $yield (i32.const 3)) (i32.const 0))))
  (func $fetches (param i32) (result i32) (i32.mul (call $f (local.get 0)) (i32.const 2)))
  (func $throws (throw $oops (i32.const 8)))
  (elem declare func $count $nests $deep $fetches $throws)
  (func $sum (param $k (ref null $k)) (result i32) (local $sum i32)
    (loop $again
      (block $yielded (result i32 (ref $k))
        (resume $k (on $yield $yielded) (local.get $k)) (return (local.get $sum)))
      (local.set $k) (local.set $sum (i32.add (local.get $sum))) (br $again))
    (unreachable))
  (func (export "sum") (result i32) (call $sum (cont.new $k (ref.func $count))))
  (func (export "nested") (result i32) (call $sum (cont.new $k (ref.func $nests))))
  (func (export "start") (global.set $k (cont.new $k (ref.func $count))))
  (func (export "next") (result i32)
    (block $yielded (result i32 (ref $k))
      (resume $k (on $yield $yielded) (global.get $k)) (return (i32.const -1)))
    (global.set $k))
  (func (export "deep") (param i32) (result i32) (local $rest (ref null $kr))
    (block $yielded (result i32 (ref $kr))
      (return (resume $ki (on $yield $yielded) (local.get 0) (cont.new $ki (ref.func $deep)))))
    (local.set $rest) (drop) (resume $kr (local.get $rest)))
  (func (export "fetch") (result i32) (resume $ki (i32.const 20) (cont.new $ki (ref.func $fetches))))
  (func (export "caught") (result i32)
    (block $caught (result i32)
      (try_table (catch $oops $caught) (resume $k (cont.new $k (ref.func $throws)))) (i32.const 1))))"""


async def later(value: int) -> int:
    await asyncio.sleep(0)
    return value + 1


def made() -> Any:
    module = WebAssembly.Module(wat2wasm(TEXT), features={"stack_switching": True})
    return WebAssembly.Instance(module, {"m": {"f": WebAssembly.Suspending(later)}}).exports


async def continuations() -> None:
    exports = made()
    call = {name: WebAssembly.promising(exports[name]) for name in exports}
    assert await call["sum"]() == 15
    assert await call["nested"]() == 25
    assert await call["caught"]() == 8
    assert await call["fetch"]() == 42
    assert await call["deep"](500) == 500
    await call["start"]()
    assert [await call["next"]() for _ in range(6)] == [1, 2, 3, 4, 5, -1]
    together = await asyncio.gather(call["sum"](), call["nested"](), call["fetch"]())
    assert list(together) == [15, 25, 42]
    await call["start"]()
    await call["next"]()
    await call["start"]()  # drops one that is suspended
    assert await call["sum"]() == 15


def outside() -> str:
    try:
        made()["sum"]()
    except WebAssembly.RuntimeError as error:
        return str(error)
    return ""


def refused() -> str:
    module = "(module (type (func)) (type (cont 0)))"
    try:
        WebAssembly.Module(wat2wasm(module), features={"stack_switching": True})
    except WebAssembly.CompileError as error:
        return str(error)
    return ""
