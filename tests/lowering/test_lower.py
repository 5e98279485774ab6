"""What lowered modules are made of, and what cannot be lowered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.binary.body import BinaryCode
from pyjsapi.binary.decoder import decode_module
from pyjsapi.binary.encoder import EncodedCode, encode_module
from pyjsapi.binary.names import names_of
from pyjsapi.binary.reader import Reader
from pyjsapi.lowering import SECTION, LoweringError, Options, lower
from pyjsapi.runtime import FuncInst, GlobalInst, new_memory
from pyjsapi.syntax.deftypes import func_def_type
from pyjsapi.syntax.errors import DecodeError, ValidationError
from pyjsapi.syntax.module import Code, Custom
from pyjsapi.syntax.types import I32, FuncType, GlobalType, MemType
from pyjsapi.text import wat2wasm
from pyjsapi.validation.limits import Limits

Plan = Callable[[bytes], Any]
SEPARATE = Options(merge=False, outline=False, windows=False)


@pytest.mark.parametrize(
    "text",
    [
        "(module)",
        "(module (memory 1 2 shared))",
        '(module (memory (export "m") 1) (func (drop (i32.load (i32.const 0)))))',
        "(module (memory i64 1))",
    ],
)
def test_a_module_that_needs_no_lowering_is_returned_as_it_is(text: str) -> None:
    data = wat2wasm(text)
    assert lower(data) == data
    assert lower(lower(data)) == data


def test_a_lowered_module_needs_no_lowering() -> None:
    once = lower(wat2wasm("(module (memory 1) (memory 1))"))
    assert lower(once) == once


@pytest.mark.parametrize("options", [Options(), SEPARATE])
def test_no_module_has_more_than_one_memory(plan_of: Plan, options: Options) -> None:
    text = """(module (import "a" "m" (memory 1)) (import "a" "f" (func)) (import "a" "n" (memory 1))
      (memory 1) (memory (export "x") 1) (memory 1 1 shared) (memory 1 3))"""
    plan, modules = plan_of(lower(wat2wasm(text), options=options))
    assert all(len(module.mem_types) <= 1 for module in modules)
    assert [entry[:3] for entry in plan["imports"]] == [
        ["a", "m", "memory"],
        ["a", "f", "function"],
        ["a", "n", "memory"],
    ]
    assert [entry[:2] for entry in plan["exports"]] == [["x", "memory"]]
    assert len(plan["sources"]) == len(modules[0].imports)
    for helper, module in zip(plan["helpers"], modules[1:], strict=True):
        assert len(helper["sources"]) == len(module.imports)


def test_private_memories_share_one_storage(plan_of: Plan) -> None:
    text = '(module (memory 1) (memory 2 2) (memory 3) (func (export "f") (drop (i32.load 2 (i32.const 0)))))'
    plan, (main, *helpers) = plan_of(lower(wat2wasm(text)))
    assert helpers == []
    assert main.mem_types == [MemType(I32, 6, 6)]
    assert plan["sources"] == []


def test_the_memory_used_most_stays_in_the_main_module(plan_of: Plan) -> None:
    text = """(module (memory $a (export "a") 1 7) (memory $b (export "b") 2) (memory $c (export "c") 3)
      (func (export "f") (result i32) (i32.load $a (i32.const 0)) (i32.load $a (i32.const 0))
        (i32.load $a (i32.const 0))
        (loop (drop (i32.load $b (i32.const 0)))) (i32.add) (i32.add)))"""
    _, (main, *_) = plan_of(lower(wat2wasm(text)))
    assert main.mem_types == [MemType(I32, 2, None)]


def test_names_of_functions_stay_with_their_functions(plan_of: Plan) -> None:
    text = """(module $named (import "a" "f" (func $imported)) (memory $a (export "a") 1) (memory $b (export "b") 1)
      (func $first (export "x") (param $p i32) (drop (i32.load $b (local.get $p))) (call $second))
      (func $second (loop $l (drop (i32.load $a (i32.const 0))))))"""
    plan, (main, *_) = plan_of(lower(wat2wasm(text)))
    names = names_of(main)
    added = len(plan["sources"]) - 1
    assert names.module == "named"
    assert names.funcs == {0: "imported", 1 + added: "first", 2 + added: "second"}
    assert names.locals[1 + added] == {0: "p"}
    assert names.mems == {0: "a"}


def test_custom_sections_are_kept(plan_of: Plan) -> None:
    text = '(module (@custom "mine" (after memory) "abc") (memory 1) (memory 1))'
    _, (main, *_) = plan_of(lower(wat2wasm(text)))
    kept = [(custom.name, custom.data) for custom in main.customs]
    assert ("mine", b"abc") in kept
    assert kept[-1][0] == SECTION


def test_a_section_that_names_memories_is_left_out(plan_of: Plan) -> None:
    text = '(module (@custom "pyjsapi.memory-map" "{}") (@custom "mine" "") (memory 1) (memory 1))'
    _, (main, *_) = plan_of(lower(wat2wasm(text)))
    assert [custom.name for custom in main.customs] == ["mine", SECTION]


def test_exports_tell_the_index_that_a_function_had(plan_of: Plan) -> None:
    text = """(module (import "a" "f" (func $i)) (memory (export "a") 1) (memory (export "b") 1)
      (func $f (export "f") (drop (i32.load 1 (i32.load 0 (i32.const 0))))) (export "i" (func $i))
      (table (export "t") funcref (elem $g $f)) (func $g))"""
    plan, (main, *_) = plan_of(lower(wat2wasm(text)))
    exports = {entry[0]: entry for entry in plan["exports"]}
    assert exports["f"][3:] == [None, 1]
    assert len(exports["i"]) == 3
    # $g has no export of its own, but JavaScript meets it in the table.
    ((hidden, index),) = plan["functions"]
    assert index == 2
    assert hidden in {export.name for export in main.exports}


@pytest.mark.parametrize("options", [Options(), SEPARATE])
def test_function_indices_are_mapped_wherever_they_stand(
    original: Callable[..., Any], lowered: Callable[..., Any], options: Options
) -> None:
    text = """(module (type $t (func (result i32))) (import "a" "f" (func $host (result i32)))
      (memory (export "a") 1) (memory (export "b") 1)
      (global $g (mut i32) (i32.const 0)) (global $r funcref (ref.func $two))
      (table $t 4 funcref) (elem (i32.const 1) $one $two)
      (elem $passive funcref (ref.func $three) (ref.null func) (ref.func $host))
      (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.load 1 (i32.const 4)))
      (func $three (result i32) (return_call $four)) (func $four (result i32) (i32.const 4))
      (func $start (global.set $g (i32.add (call $one) (call $host)))) (start $start)
      (elem declare func $four) (data (memory 1) (i32.const 4) "\\02")
      (func (export "indirect") (param i32) (result i32) (call_indirect (type $t) (local.get 0)))
      (func (export "init") (table.init $passive (i32.const 0) (i32.const 0) (i32.const 1)))
      (func (export "ref") (result i32) (table.set (i32.const 3) (ref.func $four))
        (call_indirect (type $t) (i32.const 3)))
      (func (export "global") (result i32) (table.set (i32.const 3) (global.get $r))
        (call_indirect (type $t) (i32.const 3)))
      (func (export "started") (result i32) (global.get $g)))"""

    def host() -> FuncInst:
        return FuncInst(func_def_type(FuncType((), (I32,))), lambda: 70, host=print)

    def seen(instance: Any) -> list[Any]:
        calls: list[Any] = [instance.started(), *map(instance.indirect, (0, 1, 2, 3, 9))]
        return [
            *calls,
            instance.init(),
            instance.indirect(0),
            instance.ref(),
            getattr(instance, "global")(),
        ]

    assert seen(original(text, host())) == seen(lowered(text, host(), options=options))


@pytest.mark.parametrize("options", [Options(), SEPARATE])
def test_active_segments_are_applied_in_order_until_one_does_not_fit(
    original: Callable[..., Any], lowered: Callable[..., Any], options: Options
) -> None:
    text = """(module (import "a" "m" (memory 1)) (import "a" "n" (memory 1)) (import "a" "g" (global i32))
      (data (memory 0) (i32.const 0) "one") (data (memory 1) (global.get 0) "two")
      (data (memory 0) (i32.const 1) "three") (data (memory 1) (i32.const 65535) "four") (data (i32.const 0) "five"))"""
    contents = []
    for make, more in ((original, {}), (lowered, {"options": options})):
        memories = [new_memory(MemType(I32, 1, None), Limits()) for _ in range(2)]
        with pytest.raises(Exception, match="out of bounds memory access"):
            make(text, *memories, GlobalInst(GlobalType(I32, False), 8), **more)
        contents.append([bytes(memory.data[:16]) for memory in memories])
    assert contents[0] == contents[1]
    assert contents[0][0].startswith(b"othree")


@pytest.mark.parametrize("count", [*range(41), 63, 64, 65, 96, 97, 128, 129, 160, 767, 768, 1000])
def test_copies_of_every_size_between_storages(
    original: Callable[..., Any], lowered: Callable[..., Any], count: int
) -> None:
    text = f"""(module (import "a" "m" (memory 1)) (import "a" "n" (memory 1)) (memory $c 1)
      (func (export "c01") (param i32 i32) (memory.copy 0 1 (local.get 0) (local.get 1) (i32.const {count})))
      (func (export "c10") (param i32 i32) (memory.copy 1 0 (local.get 0) (local.get 1) (i32.const {count})))
      (func (export "c12") (param i32 i32) (memory.copy 1 2 (local.get 0) (local.get 1) (i32.const {count})))
      (func (export "c21") (param i32 i32) (memory.copy 2 1 (local.get 0) (local.get 1) (i32.const {count}))))"""
    contents = []
    for make, more in ((original, {}), (lowered, {"options": SEPARATE})):
        for alias in (False, True):
            one = new_memory(MemType(I32, 1, None), Limits())
            other = one if alias else new_memory(MemType(I32, 1, None), Limits())
            for memory in (one, other):
                memory.init(0, 0, 100, bytes(range(100)))
                memory.init(65436, 0, 100, bytes(range(100)))
            instance = make(text, one, other, **more)
            seen: list[Any] = []
            for to, from_ in (
                (200, 3),
                (10, 14),
                (14, 10),
                (65536 - count, 1),
                (65530, 5),
                (5, 65530),
                (0xFFFFFFF0, 0),
            ):
                seen += [
                    getattr(instance, name)(to, from_) for name in ("c01", "c10", "c21", "c12")
                ]
            contents.append((seen, bytes(one.data), bytes(other.data)))
    assert contents[:2] == contents[2:]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ('(module (memory (export "m") i64 1))', {"memory64": False}, "64-bit addresses"),
        ('(module (import "a" "m" (memory i64 1)))', {"memory64": False}, "imported"),
        ("(module (memory i64 1 1 shared))", {"memory64": False}, "shared"),
        ("(module (memory i64 65537))", {"memory64": False}, "more than 4 GiB"),
        ('(module (memory (export "m") 1 (pagesize 1)))', {}, "pages of 1 bytes"),
    ],
)
def test_what_others_can_see_cannot_be_lowered_to_something_else(
    text: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(LoweringError, match=message):
        lower(wat2wasm(text), **options)


def test_only_valid_modules_are_lowered() -> None:
    with pytest.raises(ValidationError, match="type mismatch"):
        lower(wat2wasm("(module (memory 1) (memory 1) (func (result i32)))"))
    with pytest.raises(ValidationError, match="too many memories"):
        lower(wat2wasm(f"(module {'(memory 0)' * 101})"))
    with pytest.raises(DecodeError):
        lower(b"\0asm\2\0\0\0")


def test_a_hundred_memories(original: Callable[..., Any], lowered: Callable[..., Any]) -> None:
    memories = "".join(f'(memory (export "m{k}") {k % 3} {k % 3 + 1})' for k in range(100))
    sizes = "".join(
        f"(i32.add (i32.mul (i32.const {k}) (memory.grow {k} (i32.const 1))))" for k in range(100)
    )
    text = f'(module {memories} (func (export "f") (result i32) (i32.const 0) {sizes}))'
    one, other = original(text), lowered(text)
    assert [one.f(), one.f()] == [other.f(), other.f()]
    assert list(one.exports) == list(other.exports)


@pytest.mark.parametrize("options", [Options(), SEPARATE])
def test_branch_hints_stay_with_their_branches(plan_of: Plan, options: Options) -> None:
    text = """(module (memory (export "a") 1) (memory (export "b") 1) (memory 1) (memory 1)
      (func $f (export "f") (param i32) (drop (i32.load 3 (i32.const 0))) (call $g (local.get 0))
        (block (br_if 0 (i32.load 0 (local.get 0))) (drop (i32.load 1 (i32.const 0)))
          (br_if 0 (i32.load 1 (i32.load 2 (local.get 0)))) (drop (i32.load 1 (i32.load 2 (i32.const 4)))))
        (br_if 0 (local.get 0)))
      (func $g (param i32) (call $f (local.get 0))))"""
    module = decode_module(wat2wasm(text))
    code = module.funcs[0].code
    assert isinstance(code, BinaryCode)
    branches = [n for n, i in enumerate(code.load().body) if i[0].mnemonic == "br_if"]
    at = [code.offset_of(n) - code.start for n in branches]
    hints = bytes([1, 0, len(at)]) + b"".join(
        bytes([offset, 1, n & 1]) for n, offset in enumerate(at)
    )
    module.customs.append(Custom("metadata.code.branch_hint", hints, "datacount"))
    _, (main, *_) = plan_of(lower(encode_module(module), options=options))
    (section,) = [custom.data for custom in main.customs if "hint" in custom.name]
    reader = Reader(section)
    imported = main.func_typeidxs[: -len(main.funcs)]
    assert (reader.u32(), reader.u32(), reader.u32()) == (1, len(imported), len(at))
    new = main.funcs[0].code
    assert isinstance(new, BinaryCode)
    wanted = [n for n, i in enumerate(new.load().body) if i[0].mnemonic == "br_if"]
    for n, instruction in enumerate(wanted):
        assert reader.u32() == new.offset_of(instruction) - new.start
        assert (reader.u32(), reader.byte()) == (1, n & 1)


def test_long_forms_of_memory_0_become_short(plan_of: Plan) -> None:
    """Engines with one memory know an index of one zero byte only, and no index in a memarg."""
    module = decode_module(wat2wasm('(module (memory 1 9) (memory 1 9) (func) (data "x"))'))
    module.data_count = 1
    zero = b"\x41\x00"
    parts = [
        zero + b"\x28\x42\x00\x04\x1a",  # i32.load, the alignment with the bit of an index
        zero + b"\x28\xc2\x80\x00\x80\x00\x04\x1a",  # likewise, in more bytes
        zero + b"\xfd\x00\x40\x00\x00\x1a",  # v128.load
        b"\x3f\x80\x00\x1a" + zero + b"\x40\x80\x00\x1a",  # memory.size, memory.grow
        zero * 3
        + b"\xfc\x0a\x80\x00\x80\x00"
        + zero * 3
        + b"\xfc\x0b\x80\x00",  # memory.copy, memory.fill
        zero * 3 + b"\xfc\x08\x00\x80\x00",  # memory.init
    ]
    module.funcs[0].code = EncodedCode(b"\0" + b"".join(parts) + b"\x0b", True)
    for options in (Options(), SEPARATE):
        _, (main, *_) = plan_of(lower(encode_module(module), options=options))
        code = main.funcs[0].code
        assert isinstance(code, BinaryCode)
        assert encode_module(main).count(b"\x80\x00") == 0
        assert not any(b"\x28\x42" in part for part in [code.data[code.start : code.end]])


def test_a_section_of_the_plans_name_is_refused() -> None:
    module = decode_module(wat2wasm("(module (memory 1) (memory 1))"))
    module.customs.append(Custom(SECTION, b"", "memory"))
    with pytest.raises(LoweringError, match="already"):
        lower(encode_module(module))


def test_a_function_at_the_limit_of_locals_is_refused_not_broken() -> None:
    text = """(module (memory 1 9) (memory 1 9) (func (local i32)
      (i32.store 0 (i32.const 0) (memory.grow 0 (memory.grow 1 (i32.const 1))))
      (i32.store 1 (i32.const 0) (i32.const 0))))"""
    module = decode_module(wat2wasm(text))
    code = module.funcs[0].code.load()
    module.funcs[0].code = Code(((50_000, I32),), code.body)
    with pytest.raises(LoweringError, match="50000") as caught:
        lower(encode_module(module))
    assert caught.value.funcidx == 0
    assert "function #0" in str(caught.value)
