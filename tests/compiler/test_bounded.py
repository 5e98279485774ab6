"""Which functions need a raised recursion limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.embedding.settings import Settings
from pyjsapi.engines.python import instantiate
from pyjsapi.runtime import FuncInst
from pyjsapi.validation.limits import DEFAULT_CALL_DEPTH

Host = Callable[..., FuncInst]

TEXT = """(module
  (type $t (func))
  (import "" "host" (func $host))
  (import "" "wasm" (func $wasm))
  (table 2 funcref) (elem declare func $leaf)
  (func $leaf (export "calls nothing") (drop (i32.const 16)))
  (func $two (export "calls what calls nothing") (call $leaf) (call $leaf))
  (func (export "calls the host") (call $host) (call $two))
  (func (export "passes on") (return_call $two))
  (func (export "calls another instance") (call $wasm))
  (func $self (export "calls itself") (call $self))
  (func $a (export "one of two") (call $b)) (func $b (call $a))
  (func (export "calls what recurs") (call $leaf) (call $self))
  (func (export "calls by a table") (call_indirect (type $t) (i32.const 0)))
  (func (export "calls by reference") (call_ref $t (ref.func $leaf)))
  (func (export "tail-calls by a table") (return_call_indirect (type $t) (i32.const 0)))
  {chain}
  (func (export "calls through many") (call $c0))
  (func (export "is long") {nops}))"""
BOUNDED = {
    "calls nothing", "calls what calls nothing", "calls the host", "passes on",
}  # fmt: skip


def test_functions_that_recur_or_call_what_is_not_known(
    wasm_once: Callable[..., Any], host: Host
) -> None:
    chain = "".join(f"(func $c{i} (call $c{i + 1}))" for i in range(40)) + "(func $c40)"
    text = TEXT.format(chain=chain, nops="(call $leaf)" * 11_000)
    other = wasm_once('(module (func (export "f")))')
    module = wasm_once(text, host(lambda: None), other.instance.exports["f"])
    found = {name for name, func in module.instance.exports.items() if func.depth() == 0}
    assert found == BOUNDED
    assert {func.depth() for func in module.instance.exports.values()} == {0, DEFAULT_CALL_DEPTH}


def test_an_answer_at_once_is_never_too_good(wasm_once: Callable[..., Any], host: Host) -> None:
    other = wasm_once('(module (func (export "f")))')
    text = TEXT.format(chain="(func $c0)", nops="")
    exports = wasm_once(text, host(lambda: None), other.instance.exports["f"]).instance.exports
    assert exports["is long"].depth(at_once=True) == 0
    assert exports["calls nothing"].depth(at_once=True) > 0  # 16 looks like a call
    for func in exports.values():
        assert func.depth(at_once=True) >= func.depth()


def test_host_functions_and_foreign_callables_need_nothing(host: Host) -> None:
    assert host(lambda: None).depth() == 0


def test_the_limits_say_how_deep() -> None:
    from pyjsapi.engines.python import compile_module
    from pyjsapi.text import wat2wasm
    from pyjsapi.validation.limits import Limits

    data = wat2wasm('(module (func $f (export "f") (call $f)))')
    instance = instantiate(compile_module(data, Settings(limits=Limits(call_depth=4321))), ())
    func = instance.exports["f"]
    assert isinstance(func, FuncInst)
    assert func.depth() == 4321


@pytest.mark.parametrize("opcode", [0x10, 0x11, 0x12, 0x13, 0x14, 0x15])
def test_every_call_is_one(wasm_once: Callable[..., Any], opcode: int) -> None:
    """Bytes decide at once: every opcode of a call counts, also where it is something else."""
    compiled = wasm_once(f'(module (func (export "f") (drop (i32.const {opcode}))))')
    assert compiled.instance.exports["f"].depth(at_once=True) == DEFAULT_CALL_DEPTH
