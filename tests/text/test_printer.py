"""Modules become text that reads back to the same bytes."""

from __future__ import annotations

import random

import pytest

from pyjsapi.binary.decoder import decode_module
from pyjsapi.binary.encoder import encode_module
from pyjsapi.binary.names import Names, encode_names, names_of, set_names
from pyjsapi.syntax.errors import DecodeError
from pyjsapi.syntax.module import Code, Custom, Func, Module
from pyjsapi.syntax.types import I32, FuncType, MemType, RecType, SubType
from pyjsapi.text import parse_module, print_module, wasm2wat, wat2wasm

SAMPLE = """\
(module $sample
  (type $unary (;0;) (func (param i32) (result i32)))
  (type (;1;) (func))
  (import "host" "log" (func $log (;0;) (type $unary) (param i32) (result i32)))
  (table $t (;0;) 1 8 funcref)
  (memory $m (;0;) 1)
  (memory (;1;) i64 2 3)
  (global $g (;0;) (mut i64) (i64.const -1))
  (export "run" (func $run))
  (start 2)
  (elem $e (;0;) (i32.const 0) func $run)
  (func $run (;1;) (type $unary) (param $x i32) (result i32)
    (local i64 i64) (local $y f32)
    block $out (result i32) ;; label = @1
      loop (type 1) ;; label = @2
        local.get $x
        br_if 0 (;@2;)
        local.get $x
        br_table 0 (;@2;) $out $out
      end
      i32.const 7
    end
    i32.load 1 offset=4 align=2
    call $log
    local.get $x
    i32.const 0
    call_indirect (type $unary)
    if (result i32) ;; label = @1
      i32.const 1
    else
      i32.const 2
    end
    i32.add
  )
  (func (;2;) (type 1))
  (data $d (;0;) (memory $m) (i32.const 8) "\\00a\\"b\\\\\\ff")
  (data (;1;))
)
"""

_ODD = 'ab$"\\;()@ \t\n\0,\u202eö😀'
"""Characters that names in the text format stumble over."""

MODULES = {
    "empty": "(module)",
    "named": "(module $only)",
    "types": """(module
        (rec) (rec (type $a (sub (func (param (ref null $b))))) (type $b (sub $a (func (param (ref null $b))))))
        (type (sub final $a (func (param (ref null $b)) )))
        (type $s (struct (field $x i8) (field (mut i16)) (field $z (mut (ref $s)))))
        (type (array (mut f64))) (type (sub (array (ref null struct))))
        (type (func (param funcref externref anyref nullref (ref func) (ref null 1) (ref 2))
          (result exnref i31ref (ref i31) eqref nullexternref v128))))""",
    "imports": """(module
        (import "a" "f" (func (param i32))) (import "a" "t" (table 1 2 externref))
        (import "a" "m" (memory $m i64 1)) (import "\\00\\n\\"" "\\u{202e}ö" (global (mut f32))))""",
    "tables": """(module (type $f (func)) (func $g)
        (table $a i64 1 10 (ref null $f)) (table 2 (ref $f) (ref.func $g)) (table $c 3 funcref)
        (elem (table $c) (offset (i32.add (i32.const 1) (i32.const 1))) funcref (ref.null func) (ref.func $g))
        (elem $p (ref $f) (ref.func $g)) (elem declare func $g) (elem (table 2) (i32.const 0) func)
        (elem (i64.const 0) (ref null $f) (item ref.null $f) (item (ref.func $g)))
        (elem externref (ref.null extern))
        (func (table.init $c $p (i32.const 0) (i32.const 0) (i32.const 0)) (elem.drop 1)
          (table.copy $a $c (i64.const 0) (i32.const 0) (i32.const 0))
          (drop (table.size $a)) (drop (table.get $c (i32.const 0)))
          (call_indirect $c (type $f) (i32.const 0))))""",
    "memories": """(module (memory $a 1) (memory $b i64 1)
        (data $p "passive") (data (memory $b) (i64.const 0x100000000) "x")
        (func (memory.copy $b $a (i64.const 0) (i32.const 0) (i32.const 0))
          (memory.init $b $p (i64.const 0) (i32.const 0) (i32.const 0)) (data.drop $p)
          (drop (memory.grow $b (memory.size $b)))
          (i64.store8 $b offset=0xffffffffff (i64.const 0) (i64.const -1))
          (drop (f64.load $a align=1 (i32.const 0)))))""",
    "constants": """(module (func
        f32.const 0.1 f32.const -0 f32.const nan f32.const -nan:0x1 f32.const inf f32.const 0x1p-149
        f64.const 0.1 f64.const -nan f64.const nan:0xfffff f64.const -inf f64.const 1e300 f64.const 0x1p-1074
        i32.const -2147483648 i32.const 0xffffffff i64.const -9223372036854775808 unreachable)
        (global i32 (i32.mul (i32.const 3) (i32.sub (i32.const 1) (i32.const 2)))))""",
    "control": """(module (type $v (func)) (type $p (func (param i32 i32) (result i32)))
        (func (block) (loop $a (block $a (br $a) (br 1)) (br $a)) (if (i32.const 1) (then) (else (nop)))
          (block (type $p) drop) (i32.const 0) (block (param i32) (result i32 i32) unreachable)
          (select (result funcref) (ref.null func) (ref.null $v) (i32.const 0)) (drop)
          (return_call_ref $v (ref.null $v)))
        (func (type $p) (local $late i32) (local f64 f64 i32) (return_call 1 (local.get $late) (local.get 0))))""",
    "names": """(module $"the module"
        (func $"a b" (param $"\\u{202e}" i32) (local $"(;" i32) (local $"ö" i32))
        (func $"x,y" (block $"l l" (block $"l l" (br $"l l") (br 1)))) (start $"x,y"))""",
    "customs": """(module (@custom "first" (before first) "\\00\\01") (@custom "a" (after type) "x" "y")
        (type (func)) (@custom "b" (before memory)) (@custom "end") (func) (memory 1)
        (@custom "c" (before code) "1") (@custom "d" (after elem) "2"))""",
    "annotated names": """(module (@name "two  words\\00") (type (@name "") (func (param (@name "ignored") i32)))
        (func $f (@name "twice") (param (@name "p") i32) (local (@name "p") i32) (local i32))
        (func (@name "twice") (type 0) (local (@name "l") f32)) (func $"t\\"wice")
        (memory (@name "") 0) (data (@name "twice") ""))""",
}  # fmt: skip


@pytest.mark.parametrize("text", [SAMPLE, *MODULES.values()], ids=["sample", *MODULES])
def test_text_bytes_text_bytes(text: str) -> None:
    data = wat2wasm(text)
    printed = wasm2wat(data)
    assert wat2wasm(printed) == data
    assert wasm2wat(wat2wasm(printed)) == printed
    without = wat2wasm(text, names=False)
    assert wat2wasm(wasm2wat(data, names=False), names=False) == without
    assert "$" not in wasm2wat(without).replace('"', "")
    assert encode_module(parse_module(print_module(decode_module(data), names=None))) == data


def test_how_it_looks() -> None:
    assert wasm2wat(wat2wasm(SAMPLE)) == SAMPLE


def test_parsed_modules_can_be_printed_as_they_are() -> None:
    assert print_module(parse_module('(func (export "f") (param i64) local.get 0 drop)')) == (
        "(module\n"
        "  (type (;0;) (func (param i64)))\n"
        '  (export "f" (func 0))\n'
        "  (func (;0;) (type 0) (param i64)\n"
        "    local.get 0\n"
        "    drop\n"
        "  )\n"
        ")\n"
    )


def test_long_lines_are_broken_between_forms() -> None:
    params = " ".join(f"(param $p{i} (ref null func))" for i in range(40))
    code = "(local" + " i32" * 400 + ") (br_table" + " 0" * 99 + ")"
    text = f"(module (func {params} {code}) (data" + ' "abc"' * 99 + "))"
    printed = wasm2wat(wat2wasm(text))
    assert max(map(len, printed.splitlines())) <= 100
    assert "(param $p39 funcref)" in printed
    assert wat2wasm(printed) == wat2wasm(text)


def test_nesting_is_flat_where_it_is_deep() -> None:
    depth = 100_000
    text = "(module (func " + "block " * depth + "br 99999 " + "end " * depth + "))"
    data = wat2wasm(text)
    printed = wasm2wat(data)
    assert wat2wasm(printed) == data
    assert len(printed) < 200 * depth
    assert f"label = @{depth}\n" in printed


def test_blocks_without_a_function_type_keep_their_index() -> None:
    types = [RecType((SubType(True, (), FuncType((), ())),))]
    module = Module(types=types, funcs=[Func(7, Code((), []))])
    assert "(type 7)" in print_module(module)


def test_shared_memories_and_page_sizes_are_shown() -> None:
    mems = [MemType(I32, 1, 2, shared=True), MemType(I32, 1, None, page_size_log2=0)]
    printed = print_module(Module(mems=mems))
    assert "(memory (;0;) 1 2 shared)" in printed
    assert "(memory (;1;) 1 (pagesize 1))" in printed


def test_locals_that_are_too_many_to_write_are_refused() -> None:
    data = bytearray(wat2wasm("(module (func (local i32)))"))
    at = data.rindex(b"\x04\x01\x01\x7f\x0b")
    data[at - 2 :] = b"\x0a\x01\x08\x01\xff\xff\xff\xff\x0f\x7f\x0b"
    data[at - 3 : at - 1] = b"\x0a\x0a"
    with pytest.raises(ValueError, match="function 0 has 4294967295 locals"):
        wasm2wat(bytes(data))


def test_malformed_bodies_are_errors() -> None:
    data = wat2wasm("(module (func nop))")
    with pytest.raises(DecodeError):
        wasm2wat(data.replace(b"\x01\x0b", b"\xff\x0b"))


# Names


def test_names_that_are_not_unique_are_annotations() -> None:
    names = Names(funcs={0: "same", 1: "same", 2: "other", 3: ""}, locals={2: {0: "l", 1: "l"}})
    module = parse_module("(func) (func) (func (local i32 i32)) (func (call 0) (call 2))")
    printed = print_module(module, names=names)
    assert '(func (;0;) (@name "same") (type 0))' not in printed
    assert '(func (@name "same") (;0;) (type 0))' in printed
    assert '(func (@name "") (;3;)' in printed
    assert "    call 0\n    call $other\n" in printed
    assert '(local (@name "l") i32) (local (@name "l") i32)' in printed
    assert names_of(decode_module(wat2wasm(printed))) == names


def test_a_label_that_is_hidden_is_a_number() -> None:
    text = "(func (block $l (block $l (br 0) (br 1) (block $k (br $l)))))"
    printed = wasm2wat(wat2wasm(text))
    lines = [line.strip() for line in printed.splitlines() if "br " in line]
    assert lines == ["br $l", "br 1 (;@1;)", "br $l"]


def test_any_names_read_back() -> None:
    text = """(module (type (struct (field i32 i32))) (import "a" "b" (func)) (func (param i32 i32) (local f32 i64)
        (block (loop (br 1) (block (br 0) (br 2))))) (func (call 0) (block))
        (table 1 funcref) (memory 1) (memory 1) (global i32 (i32.const 0)) (elem func 0) (data "x") (start 2))"""
    choose = random.Random(7)

    def names(count: int, least: int = 0) -> dict[int, str]:
        shortest = [i for i in range(count) if choose.random() < 0.7]
        return {i: "".join(choose.choices(_ODD, k=choose.randint(least, 3))) for i in shortest}

    for _ in range(300):
        given = Names(
            funcs=names(3), types=names(1), locals={1: names(4)}, fields={0: names(2)}, tables=names(1),
            mems=names(2), globals=names(1), elems=names(1), datas=names(1),
            labels={1: names(3, least=1), 2: names(1, least=1)},
        )  # fmt: skip
        module = parse_module(text)
        set_names(module, given)
        data = encode_module(module)
        printed = wasm2wat(data)
        assert "(@custom" not in printed
        assert wat2wasm(printed) == data, printed


@pytest.mark.parametrize(
    "names",
    [
        Names(funcs={0: "f", 9: "no such function"}),
        Names(locals={0: {0: "no such local"}}),
        Names(labels={0: {0: "no such block"}}),
        Names(labels={1: {0: ""}}),
        Names(fields={0: {0: "no such field"}}),
        Names(datas={0: "no such segment"}),
    ],
)
def test_names_of_what_is_not_there_are_kept_as_bytes(names: Names) -> None:
    module = parse_module("(func) (func (block))")
    module.customs.append(Custom("name", encode_names(names), "data"))
    data = encode_module(module)
    printed = wasm2wat(data)
    assert '(@custom "name" ' in printed
    assert wat2wasm(printed) == data


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00", b"\x63\x00", b"\x01\x06\x01\x80\x00\x02fg", b"\x02\x03\x01\x00\x00"],
    ids=["empty", "malformed", "unknown subsection", "long integer", "function without locals"],
)
def test_a_name_section_out_of_the_ordinary_is_kept_as_bytes(content: bytes) -> None:
    module = parse_module("(func)")
    module.customs.append(Custom("name", content, "data"))
    data = encode_module(module)
    assert wat2wasm(wasm2wat(data)) == data
    assert wat2wasm(wasm2wat(data), names=False) == wat2wasm("(func)")


@pytest.mark.parametrize(
    "order", [("name", "producers"), ("debug", "name", "producers", "target_features"),
              ("producers", "name"), ("name", "other"), ("name", "name")],
)  # fmt: skip
def test_the_name_section_keeps_its_place(order: tuple[str, ...]) -> None:
    module = parse_module("(func)")
    content = {"name": encode_names(Names(funcs={0: "f"}))}
    module.customs = [Custom(name, content.get(name, b"x"), "code") for name in order]
    data = encode_module(module)
    printed = wasm2wat(data)
    assert wat2wasm(printed) == data
    assert "(func $f (;0;)" in printed
    assert ('(@custom "name"' in printed) == (order[-1] in ("name", "other"))


def test_a_name_section_before_others_is_kept_where_it_is() -> None:
    module = parse_module("(func)")
    module.customs = [Custom("name", encode_names(Names(funcs={0: "f"})), "type")]
    data = encode_module(module)
    assert wat2wasm(wasm2wat(data)) == data
