"""Atomic accesses that say their ordering do what they do without it: the same code is made of them."""

from __future__ import annotations

import re
from random import Random

import pytest

from fuzz.generators.atomics import generate
from pyjsapi import WebAssembly, wasm2wat, wat2wasm
from pyjsapi.compiler.cache import CodeCache
from pyjsapi.debugging import Debugger
from pyjsapi.embedding.settings import Settings
from pyjsapi.engines.python import compile_module
from pyjsapi.lowering import lower
from pyjsapi.syntax.errors import ParseError
from pyjsapi.syntax.features import Features
from pyjsapi.validation.limits import Limits
from tests.compiler.conftest import MODES

ON = Features(acquire_release=True)
ACCESS = re.compile(
    r"\((i(?:32|64)\.atomic\.[\w.]+(?: \$\w+| \d+)?(?: offset=\d+)?(?: align=\d+)?)(?= |\))"
)


def text_of(random: Random) -> str:
    """A program of atomic accesses."""
    source = generate(random).source
    assert isinstance(source, str)
    return source


def with_orderings(text: str, random: Random) -> str:
    """A text whose accesses and fences say an ordering here and there."""

    def ordered(match: re.Match[str]) -> str:
        return f"({match[1]}{random.choice(('', ' acqrel', ' seqcst'))}"

    fence = f"(atomic.fence{random.choice(('', ' acqrel', ' seqcst'))})"
    return ACCESS.sub(ordered, text).replace("(atomic.fence)", fence)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(12))
def test_the_code_is_the_same(seed: int, mode: str) -> None:
    random = Random(seed)
    text = text_of(random)
    ordered = with_orderings(text, random)
    assert "acqrel" in ordered or "seqcst" in ordered
    plain, other = (
        compile_module(
            wat2wasm(each), settings=Settings(ON, Limits()), options=MODES[mode], cache=CodeCache()
        )
        for each in (text, ordered)
    )
    for index in range(len(plain.module.funcs)):
        assert other.source(index) == plain.source(index)


def test_what_is_written_is_read_again() -> None:
    for seed in range(30):
        random = Random(seed)
        data = wat2wasm(with_orderings(text_of(random), random))
        assert wat2wasm(wasm2wat(data)) == data


def test_where_it_is_off_the_feature_is_named() -> None:
    for text in ("atomic.fence acqrel", "pause", "i32.const 0 i32.atomic.load seqcst drop"):
        with pytest.raises(WebAssembly.CompileError, match=r"features=\{'acquire_release': True\}"):
            WebAssembly.Module(wat2wasm(f"(module (memory 1) (func {text}))"))


def test_an_ordering_stands_behind_offset_and_alignment_of_atomic_accesses_alone() -> None:
    for text in (
        "i32.load acqrel",
        "i32.atomic.load acqrel offset=4",
        "memory.atomic.notify acqrel",
    ):
        with pytest.raises(ParseError, match="unexpected token"):
            wat2wasm(f"(module (memory 1) (func {text}))")


def test_the_debugger_steps_over_them() -> None:
    text = """(module (memory 1 1 shared) (func (export "f") (result i32)
      (i32.atomic.store acqrel (i32.const 8) (i32.const 7)) (atomic.fence acqrel) (pause)
      (drop (i32.atomic.rmw.add acqrel (i32.const 8) (i32.const 1)))
      (i32.atomic.load seqcst (i32.const 8))))"""
    module = WebAssembly.Module(wat2wasm(text), features={"acquire_release": True})
    debugger = Debugger(WebAssembly.Instance(module))
    debugger.call("f")
    while (state := debugger.step())["frames"]:
        pass
    assert state["outcome"]["results"] == [{"type": "i32", "value": "8"}]


def test_lowered_accesses_keep_their_ordering() -> None:
    text = """(module (memory 1 1 shared) (memory $b 1 1 shared)
      (func (export "f") (param i32) (result i32)
        (i32.atomic.store $b offset=8 acqrel (local.get 0) (i32.const 7))
        (drop (i32.atomic.rmw.add $b offset=8 seqcst (local.get 0) (i32.const 1)))
        (atomic.fence acqrel) (pause)
        (i32.atomic.load $b offset=8 acqrel (local.get 0))))"""
    data = lower(wat2wasm(text))
    shown = wasm2wat(data)
    for part in ("acqrel", "seqcst", "atomic.fence acqrel", "pause"):
        assert part in shown
    module = WebAssembly.Module(data, features={"acquire_release": True})
    assert WebAssembly.Instance(module).exports.f(16) == 8
