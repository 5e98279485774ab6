"""Segments of lowered modules: whatever is read, applied and dropped is what the original would have."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from pyjsapi.lowering import Options
from pyjsapi.runtime import GlobalInst, new_memory
from pyjsapi.runtime.table import new_table
from pyjsapi.syntax.types import FUNCREF, I32, GlobalType, MemType, TableType
from pyjsapi.validation.limits import Limits

SEPARATE = Options(merge=False, outline=False, windows=False)
MEMORIES = ("x", "near", "far")
IMPORTS = '(import "m" "x" (memory $x 1)) (import "m" "g" (global $g i32)) (import "m" "t" (table $t 8 funcref))'

SEGMENTS = {
    "constant offsets": """(data $a (memory $x) (i32.const 0) "AB") (data $b (memory $near) (i32.const 8) "CD")
      (data $c (memory $far) (i32.const 16) "EF") (data $d "GH")""",
    "an imported offset": """(data $a (memory $near) (global.get $g) "AB") (data $b (memory $far) (global.get $g) "CD")
      (data $c (memory $x) (i32.add (global.get $g) (i32.const 8)) "EF") (data $d "GH")""",
    "only defined memories": """(data $a (memory $near) (i32.const 0) "AB") (data $b (memory $far) (i32.const 8) "CD")
      (data $c "EF") (data $d "GH")""",
    "one that does not fit": """(data $a (memory $x) (i32.const 0) "AB") (data $b (memory $near) (i32.const 8) "CD")
      (data $c (memory $far) (i32.const 65535) "EF") (data $d (memory $x) (i32.const 24) "GH")""",
    "an imported one that does not fit": """(data $a (memory $far) (i32.const 0) "AB")
      (data $b (memory $x) (i32.const 65535) "CD") (data $c (memory $near) (i32.const 8) "EF")
      (data $d (memory $far) (i32.const 24) "GH")""",
    "a start function": """(data $a (memory $x) (i32.const 0) "AB") (data $b (memory $far) (i32.const 8) "CD")
      (data $c "EF") (data $d "GH") (start $start)
      (func $start (memory.init $x $c (i32.const 32) (i32.const 0) (i32.const 2))
        (memory.init $far $c (i32.const 32) (i32.const 0) (i32.const 2)) (data.drop $c))""",
}


def _text(segments: str) -> str:
    """Every segment is read into every memory, made an array of, and dropped."""
    functions, table = "", []
    for segment, memory in product("abcd", MEMORIES):
        functions += f"""(func $i{segment}{memory} (export "init {segment} {memory}")
          (memory.init ${memory} ${segment} (i32.const 40) (i32.const 0) (i32.const 2)))"""
    for segment in "abcd":
        functions += f"""(func (export "drop {segment}") (data.drop ${segment}))
          (func (export "array {segment}") (result i32) (array.get_u $bytes (array.new_data $bytes ${segment}
            (i32.const 0) (i32.const 2)) (i32.const 1)))"""
        table += [f"$i{segment}near", f"$i{segment}far"]
    for memory in MEMORIES:
        functions += f"""(func (export "read {memory}") (param i32) (result i32)
          (i32.load16_u ${memory} (local.get 0)))"""
    busy = "(drop (i32.load $near (i32.const 0)))" * 9
    return f"""(module {IMPORTS} (memory $near (export "near") 1) (memory $far (export "far") 1)
      (type $bytes (array i8)) {segments} {functions} (elem (table $t) (i32.const 0) func {" ".join(table)})
      (func (export "busy") (loop {busy})))"""


class Watched:
    """An instance, or what was left of one, and what it does when everything is tried in turn."""

    def __init__(self, make: Callable[..., Any], text: str, **options: Any) -> None:
        self.memory = new_memory(MemType(I32, 1, None), Limits())
        self.table = new_table(TableType(I32, 8, None, FUNCREF), None, Limits())
        offset = GlobalInst(GlobalType(I32, False), 4)
        self.instance: Any = None
        self.error = ""
        try:
            self.instance = make(text, self.memory, offset, self.table, **options)
        except Exception as error:
            self.error = str(error)

    def contents(self) -> list[Any]:
        if self.instance is None:
            return [bytes(self.memory.data[:64])]
        return [
            getattr(self.instance, f"read {memory}")(at)
            for memory in MEMORIES
            for at in range(0, 48, 2)
        ]

    def everything(self) -> list[Any]:
        seen: list[Any] = [self.error, self.contents()]
        if self.instance is None:
            return seen
        for _ in range(2):
            for segment in "abcd":
                for memory in MEMORIES:
                    seen.append(getattr(self.instance, f"init {segment} {memory}")())
                seen.append(getattr(self.instance, f"array {segment}")())
                seen.append(self.contents())
            for segment in "abcd":
                seen.append(getattr(self.instance, f"drop {segment}")())
        return seen

    def leaked(self) -> list[Any]:
        """What functions do that became reachable although instantiation failed."""
        seen: list[Any] = []
        for function in self.table.elems:
            if function is None:
                seen.append(None)
                continue
            try:
                seen.append(function.call())
            except Exception as error:
                seen.append(str(error))
        return seen


@pytest.mark.parametrize("options", [Options(), SEPARATE], ids=["default", "separate"])
@pytest.mark.parametrize("segments", SEGMENTS)
def test_segments(
    original: Callable[..., Any], lowered: Callable[..., Any], segments: str, options: Options
) -> None:
    text = _text(SEGMENTS[segments])
    expected, found = Watched(original, text), Watched(lowered, text, options=options)
    assert found.everything() == expected.everything()
    if expected.instance is None:
        assert "out of bounds memory access" in expected.error
        assert found.leaked() == expected.leaked()
        assert found.contents() == expected.contents()


def test_an_applied_segment_is_dropped_everywhere(
    original: Callable[..., Any], lowered: Callable[..., Any]
) -> None:
    text = """(module (import "m" "x" (memory 1)) (memory 1)
      (data (memory 1) (i32.const 0) "AB") (data (memory 0) (i32.const 8) "C")
      (func (export "f") (result i32)
        (memory.init 0 0 (i32.const 0) (i32.const 0) (i32.const 1))
        (i32.load8_u 0 (i32.const 0)))
      (func (export "g") (result i32)
        (drop (i32.load 1 (i32.const 4))) (drop (i32.load 1 (i32.const 4)))
        (drop (i32.load 1 (i32.const 4))) (drop (i32.load 1 (i32.const 4)))
        (i32.load 1 (i32.const 0))))"""
    for make in (original, lowered):
        instance = make(text, new_memory(MemType(I32, 1, None), Limits()))
        assert instance.f() == "out of bounds memory access"
        assert instance.g() == 0x4241
