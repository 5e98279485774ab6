"""What the workbench asks pyjsapi."""

from __future__ import annotations

import pytest

from pyjsapi import wat2wasm
from pyjsapi.binary.decoder import decode_module
from web.workbench import tools
from web.workbench.site import EXAMPLES

TEXT = """(module
  (type $t (func (param i32) (result i32)))
  (import "a" "b" (func $far))
  (table 1 funcref)
  (memory 1)
  (data $d "abc")
  (func $near (param i32) (result i32)
    (call $far)
    (memory.init $d (i32.const 0) (i32.const 0) (i32.const 3))
    (call_indirect (type $t) (local.get 0) (i32.const 0)))
  (func (export "f")
    (drop (call $near (i32.const 1)))))
"""


def test_a_text_becomes_bytes() -> None:
    assert tools.assemble(TEXT) == {"bytes": wat2wasm(TEXT)}


def test_a_mistake_in_a_text_has_its_place() -> None:
    answer = tools.assemble("(module\n  (func (i32.cnst 1)))")
    assert (answer["line"], answer["column"]) == (2, 10)
    assert answer["message"] == "unknown operator i32.cnst"
    assert "bytes" not in answer


def test_a_module_that_is_not_valid_comes_with_the_place_of_the_mistake() -> None:
    text = "(module\n  (func (result i32)\n    (i64.const 1)))"
    answer = tools.assemble(text)
    assert answer["bytes"] == wat2wasm(text)
    assert answer["line"] == 3
    assert answer["message"].startswith("type mismatch")
    assert "type mismatch" in tools.validate(answer["bytes"])["error"]


def test_what_is_valid_has_no_error() -> None:
    assert tools.validate(wat2wasm(TEXT)) == {}


def test_a_module_is_printed_and_lowered() -> None:
    data = wat2wasm((EXAMPLES / "two-memories.wat").read_text("utf-8"))
    assert wat2wasm(tools.print_text(data)["text"]) == data
    assert len(decode_module(tools.lower(data)["bytes"]).mems) == 1
    for answer in (tools.print_text(data[:20]), tools.lower(data[:20])):
        assert "offset" in answer["error"]


def test_the_instructions_of_a_function_lead_to_what_they_name() -> None:
    data = wat2wasm(TEXT)
    answer = tools.function(data, 1)
    assert answer["head"] == ["function 1 $near [i32] -> [i32]"]
    linked = [line for line in answer["lines"] if "kind" in line]
    links = {line["text"].split()[0]: (line["kind"], line["index"]) for line in linked}
    assert links == {"call": ("func", 0), "memory.init": ("data", 0), "call_indirect": ("type", 0)}
    assert answer["source"].startswith("def f1(l0):")
    first = answer["lines"][0]
    assert data[int(first["offset"], 16)] == 0x10


def test_a_function_of_a_module_that_is_not_valid_is_refused() -> None:
    assert "type mismatch" in tools.function(wat2wasm("(module (func (result i32)))"), 0)["error"]


@pytest.mark.parametrize(
    ("line", "column", "opcode"),
    [(8, 6, 0x10), (9, 10, 0xFC), (12, 30, 0x41), (12, 12, 0x10)],
)
def test_a_place_in_the_text_has_an_offset_in_the_binary(
    line: int, column: int, opcode: int
) -> None:
    assert wat2wasm(TEXT)[tools.place(TEXT, line, column)["offset"]] == opcode


def test_places_outside_of_functions_have_none() -> None:
    assert tools.place(TEXT, 2, 4) == {}
    assert tools.place("(module (func", 1, 2) == {}


def test_versions_are_named() -> None:
    assert set(tools.versions()) == {"pyjsapi", "python"}
