"""Components with two and three memories: jco's adapters carry values across them."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import Any

import pytest

from real.component_host import INTERFACES, Component, ComponentTrap, instantiate
from real.engines import PyjsapiEngine, WasmtimeEngine

GREETERS = [name for name, functions in INTERFACES.items() if "greet" in functions]
IN_WASM = pytest.mark.parametrize("in_wasm", [False, True], ids=["host-glue", "wasm-glue"])


def greeting(component: str, name: str) -> str:
    text = "".join(c.upper() if c.isascii() else c for c in f"hello, {name}!")
    return f"<{text}>" if component == "chain" else text


def random_text(source: random.Random, length: int) -> str:
    """Characters of one, two, three and four bytes in UTF-8."""
    ranges = ((0x20, 0x7E), (0xA0, 0x7FF), (0x800, 0xD7FF), (0x10000, 0x10FFFF))
    return "".join(chr(source.randint(*source.choice(ranges))) for _ in range(length))


@IN_WASM
@pytest.mark.parametrize("name", GREETERS)
@pytest.mark.parametrize("text", ["Ada", "", "żółw 🐢 naïve", "日本語", "a\0b", "\U0010ffff\ufffd"])
def test_a_string_passes_through(
    engine: Any, components: Path, name: str, text: str, in_wasm: bool
) -> None:
    component = instantiate(engine, components / name, in_wasm=in_wasm)
    assert component.call("greet", text) == greeting(name, text)


@IN_WASM
@pytest.mark.parametrize("name", GREETERS)
def test_random_strings_pass_one_after_the_other(
    engine: Any, components: Path, name: str, in_wasm: bool
) -> None:
    component = instantiate(engine, components / name, in_wasm=in_wasm)
    source = random.Random(name)
    for length in (1, 2, 3, 17, 64, 300):
        text = random_text(source, length)
        assert component.call("greet", text) == greeting(name, text)


@IN_WASM
@pytest.mark.parametrize("name", GREETERS)
def test_memories_grow_while_a_long_string_passes(
    engine: Any, components: Path, name: str, in_wasm: bool
) -> None:
    component = instantiate(engine, components / name, in_wasm=in_wasm)
    memories = [exports["memory"] for exports in component.instances if "realloc" in exports]
    assert [memory.byte_length for memory in memories] == [65536] * len(memories)
    text = "memory ü " * 5000
    assert component.call("greet", text) == greeting(name, text)
    assert all(memory.byte_length > 65536 for memory in memories)
    assert component.call("greet", "again") == greeting(name, "again")


@pytest.fixture(params=[False, True], ids=["host-glue", "wasm-glue"])
def lists(request: pytest.FixtureRequest, engine: Any, components: Path) -> Component:
    return instantiate(engine, components / "lists", in_wasm=request.param)


def test_lists_of_numbers_pass(lists: Component) -> None:
    assert lists.call("running-sums", [1, 2, 3, 0xFFFFFFFF]) == [1, 3, 6, 5]
    assert lists.call("running-sums", []) == []
    assert lists.call("mean", [1, 2, 4.5]) == 2.5
    assert lists.call("reversed", range(200)) == list(range(199, -1, -1))


def test_lists_of_strings_pass(lists: Component) -> None:
    assert lists.call("join", ["a", "bc", "", "dé"], ", ") == "a, bc, , dé"
    assert lists.call("join", [], ", ") == ""
    assert lists.call("words", "  the quick  brown 🦊 ") == ["the", "quick", "brown", "🦊"]
    assert lists.call("words", "") == []


def test_a_list_larger_than_the_memory_makes_both_grow(lists: Component) -> None:
    numbers = [k % 7 for k in range(40_000)]
    sums = lists.call("running-sums", numbers)
    assert len(sums) == len(numbers)
    assert sums[-1] == sum(numbers)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (("running-sums", 65536, 1), "list content out-of-bounds"),
        (("running-sums", -4, 1), "list content out-of-bounds"),
        (("running-sums", 1, 1), "unaligned pointer"),
        (("words", 65530, 7), "string content out-of-bounds"),
        (("join", 1024, 0x20000000, 0, 0), "list content out-of-bounds"),
    ],
    ids=["end", "wrapped", "odd", "string", "huge"],
)
def test_the_adapter_refuses_bad_addresses(
    lists: Component, call: tuple[Any, ...], message: str
) -> None:
    name, *arguments = call
    with pytest.raises(ComponentTrap, match=message):
        lists.core[name](*arguments)


def test_a_trap_leaves_the_store_usable(lists: Component) -> None:
    with pytest.raises(ComponentTrap, match="unaligned pointer"):
        lists.core["running-sums"](1, 1)
    assert lists.call("mean", [1.0, 2.0]) == 1.5


@pytest.fixture(params=[False, True], ids=["host-glue", "wasm-glue"])
def records(request: pytest.FixtureRequest, engine: Any, components: Path) -> Component:
    return instantiate(engine, components / "records", in_wasm=request.param)


def test_a_record_passes(records: Component) -> None:
    point = {"x": -5, "y": 2.5, "label": "héllo"}
    moved = {"x": 2, "y": 3.0, "label": "héllo"}
    assert records.call("translate", point, 7, 0.5) == moved


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (("circle", 2.0), ("ok", 12.566370614359172)),
        (("box", (1.5, 2.5)), ("ok", 3.75)),
        (("named", "Ω"), ("error", "Ω")),
        (("empty", None), ("ok", 0.0)),
    ],
    ids=["f64", "tuple", "string", "nothing"],
)
def test_variants_and_results_pass(records: Component, shape: Any, expected: Any) -> None:
    assert records.call("area", shape) == expected


def test_small_types_pass(records: Component) -> None:
    mixed = records.call(
        "mix", "blue", {"read", "run"}, 12345678901234567890, "🐢", True, -128, 65535
    )
    assert mixed == (12345678901234633297, "🐣", "red", {"write"})
    mixed = records.call("mix", "red", set(), None, "a", False, 127, 0)
    assert mixed == (127, "b", "green", set())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 0, 0, 0, 0xD800, 0, 0, 0), "invalid `char` bit pattern"),
        ((0, 0, 0, 0, 0x110000, 0, 0, 0), "invalid `char` bit pattern"),
        ((7, 0, 0, 0, 97, 0, 0, 0), "invalid variant discriminant"),
        ((0, 0, 2, 0, 97, 0, 0, 0), "invalid variant discriminant"),
    ],
    ids=["surrogate", "char", "enum", "option"],
)
def test_the_adapter_refuses_bad_values(
    records: Component, arguments: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ComponentTrap, match=message):
        records.core["mix"](*arguments)


@pytest.mark.parametrize("name", [name for name in GREETERS if name != "strings-utf8-utf8"])
@pytest.mark.parametrize(
    "data", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc0\xaf"]
)
def test_bytes_that_are_no_string_trap_in_the_transcoder(
    engine: Any, components: Path, name: str, data: bytes
) -> None:
    component = instantiate(engine, components / name, in_wasm=True)
    width = component.context.encoding.width
    if width == 2:
        data = struct.pack("<H", 0xD800 + len(data))
    at = component.context.allocate(width, len(data))
    component.context.memory.write(at, data)
    with pytest.raises(Exception, match="unreachable"):
        component.core["greet"](at, len(data) // width)


def test_all_memory_contents_equal_those_of_the_oracle(
    pyjsapi: PyjsapiEngine, wasmtime: WasmtimeEngine, components: Path
) -> None:
    for name in GREETERS:
        dumps = []
        for engine in (pyjsapi, wasmtime):
            component = instantiate(engine, components / name)
            component.call("greet", "one 🐢")
            component.call("greet", "and another")
            memories = [e["memory"] for e in component.instances if "realloc" in e]
            dumps.append([memory.read(0, memory.byte_length) for memory in memories])
        assert dumps[0] == dumps[1]
