"""Lines and columns of a module that was made from a text."""

from __future__ import annotations

import pytest

from pyjsapi import WebAssembly
from pyjsapi.binary.body import BinaryCode
from pyjsapi.binary.decoder import decode_module
from pyjsapi.syntax import origins
from pyjsapi.text import wasm2wat, wat2wasm
from pyjsapi.text.positions import Positions, positions

FOLDED = """(module $m
  (type $t (func (param i32) (result i32)))
  (import "env" "f" (func $f (type $t)))
  (func $imported (export "x") (import "env" "g") (param i32))
  (memory (export "memory") (data "abc"))
  (table $table funcref (elem $f $g))
  (tag $tag (param i32))
  (global $global (mut i32) (i32.const 7))
  (func $g (export "g") (export "again") (type $t) (local $x i32) (; a (; nested ;) comment ;)
    (@other nop)
    (if $label (result i32) (i32.eqz (local.get 0))
      (then (i32.const 1) (drop) (i32.const 2))
      (else (block (result i32) (call $f (i32.load offset=4 align=2 (i32.const 0))))))
    (loop (br_if 0 (i32.const 0)))
    (drop (select (result i32) (i32.const 1) (i32.const 2) (i32.const 3)))
    (block $caught (result i32)
      (try_table (result i32) (catch $tag $caught) (i32.const 1) (throw $tag)))
    (drop))
  (func $old
    (try (do (nop)) (catch $tag (drop)) (catch_all (nop)))
    (try (do (nop)) (delegate 0))
    try nop catch $tag drop catch_all nop end
    try nop delegate 0
    (if (i32.const 0) (then))))
"""

FLAT = """
(func $flat (param i32) (result i32)
  local.get 0
  if $l (result i32)
    i32.const 1 v128.const i32x4 1 2 3 4 drop
  else $l
    i32.const 2
    block end
    loop nop end
    try_table (catch_all 0) nop end
  end $l
  (i32.add (i32.const 4)) table.get 0 drop)
(table 1 funcref (ref.null func))
"""


def instructions(data: bytes) -> list[tuple[int, str]]:
    """The byte offset and the mnemonic of every instruction of all functions."""
    found = []
    for func in decode_module(data).funcs:
        assert isinstance(func.code, BinaryCode)
        for index, instr in enumerate(func.code.load().body):
            found.append((func.code.offset_of(index), instr[0].mnemonic))
    return found


def written(text: str, data: bytes, found: Positions) -> list[tuple[str, str]]:
    """Mnemonics, each with what stands where it is said to be."""
    lines = text.split("\n")
    pairs = []
    for offset, mnemonic in instructions(data):
        position = found.instruction(offset)
        assert position is not None, (offset, mnemonic)
        line, column = position
        pairs.append((mnemonic, lines[line - 1][column - 1 :]))
    return pairs


@pytest.mark.parametrize("text", [FOLDED, FLAT, wasm2wat(wat2wasm(FOLDED))])
def test_every_instruction_is_found_where_it_is_written(text: str) -> None:
    data = wat2wasm(text)
    found = positions(data)
    assert found is not None
    pairs = written(text, data, found)
    assert len(pairs) > 10
    for mnemonic, rest in pairs:
        assert rest.startswith((mnemonic, ")") if mnemonic == "end" else mnemonic)


def test_what_begins_no_instruction_has_no_position() -> None:
    data = wat2wasm(FOLDED)
    found = positions(data)
    assert found is not None
    known = {offset for offset, _ in instructions(data)}
    assert [at for at in range(len(data) + 2) if found.instruction(at)] == sorted(known)


def test_bytes_from_elsewhere_have_no_positions() -> None:
    assert positions(b"\0asm\1\0\0\0" + b"\0\2\1x") is None
    with pytest.raises(ValueError, match="the module was not made from this text"):
        Positions("(module)", wat2wasm("(module (func))"))


def test_the_last_texts_are_remembered_and_no_more() -> None:
    texts = [f"(module (func $f{i} nop))" for i in range(origins.MOST_TEXTS + 1)]
    made = [wat2wasm(text) for text in texts]
    assert positions(made[0]) is None
    assert all(positions(data) for data in made[1:])


def test_long_texts_are_not_remembered_beside_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origins, "MOST_CHARACTERS", 40)
    first = wat2wasm("(module (func $first nop))")
    too_long = wat2wasm("(module (func $longer nop))" + " " * 40)
    assert positions(first) and positions(too_long) is None
    second = wat2wasm("(module (func $second nop))")
    assert positions(second) and positions(first) is None


ERRORS = [
    (
        "(module\n  (func $f (param i32 i64) (result i32)\n    (i32.add (local.get 0) (local.get 1))))",
        "3:6: type mismatch: instruction requires [i32 i32] but stack has [i32 i64] "
        "(in function #0 $f, at i32.add, at offset 0x1e)\n"
        "      (i32.add (local.get 0) (local.get 1))))\n"
        "       ^",
    ),
    (
        "(module (func (result i32)\n  nop))",
        "2:6: type mismatch: instruction requires [i32] but stack has [] (in function #0, at end, at offset 0x19)\n"
        "    nop))\n"
        "       ^",
    ),
    (
        '(module\n  (memory 1)\n  (data (i32.const 0) "a")\n  (data (global.get 3) ""))',
        "4:10: unknown global 3 (at global.get, at offset 0x16)\n"
        '    (data (global.get 3) ""))\n'
        "           ^",
    ),
    (
        '(module\n  (func (export "a"))\n  (export "b" (func 3)))',
        "3:3: unknown function 3, in the export 'b' (at offset 0x19)\n"
        '    (export "b" (func 3)))\n'
        "    ^",
    ),
    (
        '(module\n  (func (export "a"))\n  (func (export "a")))',
        "3:3: duplicate export name 'a' (at offset 0x1a)\n"
        '    (func (export "a")))\n'
        "    ^",
    ),
    (
        '(module\n  (func (import "a" "b"))\n  (import "a" "c" (func (type 7))))',
        "3:3: unknown type 7, in the import 'a' 'c' (at offset 0x17)\n"
        '    (import "a" "c" (func (type 7))))\n'
        "    ^",
    ),
    (
        "(module (table 1 funcref)\n  (elem (i32.const 0) funcref (ref.func 9)))",
        "2:32: unknown function 9 (at ref.func, at offset 0x11)\n"
        "    (elem (i32.const 0) funcref (ref.func 9)))\n"
        "                                 ^",
    ),
    (
        "(module (memory 1) (memory 70000))",
        "1:20: memory size must be at most 65536 pages (4GiB), not 70000 (at offset 0xd)\n"
        "  (module (memory 1) (memory 70000))\n"
        "                     ^",
    ),
    (
        "(module (func $f (param i32))\n (start $f))",
        "2:2: start function must not have parameters or results, not [i32] -> [] (at offset 0x15)\n"
        "   (start $f))\n"
        "   ^",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), ERRORS)
@pytest.mark.parametrize("names", [True, False])
def test_errors_of_validation_say_where_in_the_text(text: str, message: str, names: bool) -> None:
    with pytest.raises(WebAssembly.CompileError) as caught:
        WebAssembly.Module(wat2wasm(text, names=names))
    assert str(caught.value) == f"WebAssembly.Module(): {message}"


def test_an_error_in_one_of_several_expressions_is_at_their_field() -> None:
    text = "(module (table 1 funcref)\n  (elem (i32.const 0) funcref (item i32.const 0) (item i32.const 1)))"
    with pytest.raises(WebAssembly.CompileError) as caught:
        WebAssembly.Module(wat2wasm(text))
    assert ": 2:3: type mismatch" in str(caught.value)


def test_of_texts_with_the_same_bytes_the_last_one_is_meant() -> None:
    text = '(module (func (export "f") (result i32)))'
    places = []
    for one in (text, text.replace("(func", ";; a comment\n(func")):
        with pytest.raises(WebAssembly.CompileError) as caught:
            WebAssembly.Module(wat2wasm(one))
        places.append(str(caught.value).split(": ")[1])
    assert places == ["1:40", "2:32"]
