"""UC-21: an adapter passes values between modules that share no memory, as the canonical ABI says."""

from __future__ import annotations

import json
import struct
import subprocess
from base64 import b64encode
from pathlib import Path
from random import Random
from typing import Any

import pytest

from benchmarks.lifting import Side, value_type
from fuzz.engines.javascript import BUN, NODE
from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.binary.decoder import decode_module
from pyjsapi.syntax.features import Features
from pyjsapi.tools import ToolError, make_adapter
from pyjsapi.tools.wit import (
    MOST_FLAT_PARAMS,
    MOST_FLAT_RESULTS,
    FunctionType,
    ListType,
    Primitive,
    RecordType,
    Type,
    parse,
)
from pyjsapi.validation.limits import Limits
from pyjsapi.validation.module import validate_module

SIGNATURES = 150
PRIMITIVES = "bool s8 u8 s16 u16 s32 u32 s64 u64 f32 f64 char string".split()
SAMPLES: dict[str, tuple[Any, ...]] = {
    "bool": (True, False), "f32": (0.0, -0.5, 1e10, float("inf")), "f64": (0.0, -0.1, 1e300, float("-inf")),
    "char": ("a", "é", "\U0010ffff", "\ud7ff", "\0"), "string": ("", "plain", "naïve → 語 🦀", "x" * 700),
}  # fmt: skip


class Heap(Side):
    """A memory with an allocator that fills what it gives, and never gives the same twice."""

    def __init__(self) -> None:
        super().__init__(WebAssembly.Memory({"initial": 1}), self._realloc)
        self.top = 8
        self.given: list[tuple[int, int, int, int]] = []

    def _realloc(self, old: int, old_size: int, align: int, new_size: int) -> int:
        self.given.append((old, old_size, align, new_size))
        at = -(-self.top // align) * align
        # Of an odd size, so that what is not aligned shows.
        self.top = at + new_size + 1
        missing = self.top - self.memory.buffer.byteLength
        if missing > 0:
            self.memory.grow(-(-missing // 65536))
        self.view[at : at + new_size] = b"\xaa" * new_size
        return at


class Pair:
    """A caller and a callee in Python, with an adapter between them."""

    def __init__(self, signature: str, answer: Any, **options: Any) -> None:
        self.types = parse(signature)
        self.caller, self.callee = Heap(), Heap()
        self.seen: list[Any] = []
        self.returned: list[Any] = []
        self.answer = answer
        imports: dict[str, Any] = {
            name: {"memory": side.memory, "cabi_realloc": side.realloc}
            for name, side in (("caller", self.caller), ("callee", self.callee))
        }
        for name, type_ in self.types.items():
            imports["callee"][name] = self._called(type_)
            imports["callee"][f"cabi_post_{name}"] = lambda *values: self.returned.append(values)
        data = make_adapter(signature, **options)
        validate_module(decode_module(data), Features(), Limits())
        self.exports = WebAssembly.Instance(WebAssembly.Module(data), imports).exports

    def _called(self, type_: FunctionType) -> Any:
        def function(*flat: Any) -> Any:
            self.seen.append(self.callee.lifted(type_.params, flat, MOST_FLAT_PARAMS))
            if type_.result is None:
                return None
            (core,) = self.callee.lowered([type_.result], [self.answer], MOST_FLAT_RESULTS)
            return core

        return function

    def call(self, name: str, *values: Any) -> Any:
        """Call a function through the adapter, from the caller's memory."""
        type_ = self.types[name]
        flat = self.caller.lowered(type_.params, values, MOST_FLAT_PARAMS)
        if type_.result is None:
            return self.exports[name](*flat)
        result, context = value_type(type_.result), self.caller.context
        if len(result.flat) <= MOST_FLAT_RESULTS:
            return result.lift(context, iter([self.exports[name](*flat)]))
        place = context.allocate(result.align, result.size)
        self.exports[name](*flat, place)
        return result.load(context, place)


def a_type(random: Random, depth: int = 0) -> str:
    kind = random.random()
    if depth < 3 and kind < 0.25:
        return f"list<{a_type(random, depth + 1)}>"
    if depth < 3 and kind < 0.45:
        return f"tuple<{', '.join(a_type(random, depth + 1) for _ in range(random.randint(1, 5)))}>"
    if kind < 0.55:
        return random.choice(["point", "item"])
    return random.choice(PRIMITIVES)


DEFINED = "record point { x: s32, y: s32 }\nrecord item { name: string, at: point, on: bool, rate: f64 }\n"


def a_value(random: Random, type_: Type) -> Any:
    if isinstance(type_, ListType):
        return [a_value(random, type_.element) for _ in range(random.choice([0, 1, 2, 7]))]
    if isinstance(type_, RecordType):
        return tuple(a_value(random, field) for field in type_.fields)
    if type_.name in SAMPLES:
        return random.choice(SAMPLES[type_.name])
    bits = int(type_.name[1:])
    value = random.choice([0, 1, (1 << bits) - 1, 1 << (bits - 1), random.getrandbits(bits)])
    return value - (1 << bits) if type_.name[0] == "s" and value >> (bits - 1) else value


@pytest.mark.parametrize("utf8", [False, True])
def test_uc_21_values_arrive_as_they_were(utf8: bool) -> None:
    random = Random(21)
    for _ in range(SIGNATURES):
        params = ", ".join(f"p{k}: {a_type(random)}" for k in range(random.choice([0, 1, 2, 3, 8])))
        signature = f"{DEFINED}f: func({params}) -> {a_type(random)};"
        type_ = parse(signature)["f"]
        assert type_.result is not None
        answer = a_value(random, type_.result)
        pair = Pair(signature, answer, validate_utf8=utf8, post_return=utf8)
        values = [a_value(random, param) for param in type_.params]
        assert pair.call("f", *values) == answer, signature
        assert pair.seen == [values], signature
        assert len(pair.returned) == utf8


CALLER = """(module (import "adapter" "join" (func $join (param i32 i32 i32)))
  (memory (export "memory") 1) (global $top (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $top (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
    (global.get $top) (global.set $top (i32.add (global.get $top) (local.get 3))))
  (data (i32.const 16) "alpha" "beta" "gamma")
  (data (i32.const 64) "\\10\\00\\00\\00\\05\\00\\00\\00" "\\15\\00\\00\\00\\04\\00\\00\\00"
                       "\\19\\00\\00\\00\\05\\00\\00\\00")
  (func (export "run") (call $join (i32.const 64) (i32.const 3) (i32.const 8))))"""

CALLEE = """(module (memory (export "memory") 1) (global $top (mut i32) (i32.const 4096))
  (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $top (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
    (global.get $top) (global.set $top (i32.add (global.get $top) (local.get 3))))
  (func (export "join") (param $p i32) (param $n i32) (result i32) (local $out i32) (local $end i32)
    (local.set $out (global.get $top)) (local.set $end (global.get $top))
    (block $done (loop $next (br_if $done (i32.eqz (local.get $n)))
      (memory.copy (local.get $end) (i32.load (local.get $p)) (i32.load offset=4 (local.get $p)))
      (local.set $end (i32.add (local.get $end) (i32.load offset=4 (local.get $p))))
      (i32.store8 (local.get $end) (i32.const 0x2c))
      (local.set $end (i32.add (local.get $end) (i32.const 1)))
      (local.set $p (i32.add (local.get $p) (i32.const 8)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1))) (br $next)))
    (global.set $top (i32.add (local.get $end) (i32.const 8)))
    (i32.store (i32.const 8) (local.get $out))
    (i32.store (i32.const 12) (i32.sub (local.get $end) (local.get $out)))
    (i32.const 8)))"""


def test_uc_21_two_guests_that_do_not_know_each_others_memory() -> None:
    """A list of strings from A to B, a string back."""
    adapter = WebAssembly.Module(make_adapter("join: func(parts: list<string>) -> string;"))
    callee = WebAssembly.Instance(WebAssembly.Module(wat2wasm(CALLEE))).exports
    late: dict[str, Any] = {}
    caller = WebAssembly.Instance(
        WebAssembly.Module(wat2wasm(CALLER)),
        {"adapter": {"join": lambda *flat: late["join"](*flat)}},
    ).exports
    late |= {
        "join": WebAssembly.Instance(adapter, {"caller": caller, "callee": callee}).exports.join
    }
    for module in (CALLER, CALLEE):
        kinds = [i.type for i in decode_module(wat2wasm(module)).imports]
        assert not any("Mem" in type(kind).__name__ for kind in kinds)
    caller.run()
    memory = caller.memory.buffer.mv
    place, count = struct.unpack_from("<II", memory, 8)
    assert bytes(memory[place : place + count]) == b"alpha,beta,gamma,"


@pytest.mark.parametrize("engine", [NODE, BUN], ids=["v8", "javascriptcore"])
def test_uc_21_adapters_run_in_javascript_engines(engine: Path) -> None:
    if not engine.is_file():
        pytest.skip("the engine is not installed in fuzz/")
    random = Random(26)
    modules = []
    for _ in range(60):
        params = ", ".join(f"p{k}: {a_type(random)}" for k in range(random.choice([0, 1, 3, 8])))
        signature = f"{DEFINED}f: func({params}) -> {a_type(random)};"
        modules.append(
            make_adapter(signature, validate_utf8=random.random() < 0.5, post_return=True)
        )
    join = {
        "caller": wat2wasm(CALLER),
        "callee": wat2wasm(CALLEE),
        "adapter": make_adapter("join: func(parts: list<string>) -> string;", validate_utf8=True),
    }
    request = {
        "modules": [b64encode(data).decode() for data in modules],
        "join": {name: b64encode(data).decode() for name, data in join.items()},
    }
    script = Path(__file__).resolve().parent / "node.mjs"
    done = subprocess.run(
        [engine, script], input=json.dumps(request), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"valid": [True] * 60, "text": "alpha,beta,gamma,"}


def test_uc_21_each_list_is_one_allocation_and_one_copy() -> None:
    pair = Pair("f: func(a: list<tuple<u32, f32>>, b: list<u64>);", None)
    pair.call("f", [(1, 0.5), (2, 0.25)], [7])
    assert pair.seen == [[[(1, 0.5), (2, 0.25)], [7]]]
    assert pair.callee.given == [(0, 0, 4, 16), (0, 0, 8, 8)]


def test_uc_21_padding_is_not_copied() -> None:
    pair = Pair("f: func(a: list<tuple<u8, u32>>);", None)
    caller = pair.caller
    at = caller.realloc(0, 0, 4, 8)
    caller.view[at : at + 8] = b"\x01SECRET!"[:4] + b"\x02\0\0\0"
    pair.exports.f(at, 1)
    assert pair.seen == [[[(1, 2)]]]
    assert b"SEC" not in bytes(pair.callee.view)


TRAPS = [
    ("f: func(a: list<u32>);", (2, 1), "unreachable"),
    ("f: func(a: list<u32>);", (0, 1 << 26), "unreachable"),
    ("f: func(a: list<u32>);", (65532, 2), "out of bounds"),
    ("f: func(a: string);", (65530, 7), "out of bounds"),
    ("f: func(a: string);", (0, 1 << 28), "unreachable"),
    ("f: func(a: list<bool>);", (65535, 2), "unreachable"),
    ("f: func(a: list<string>);", (-8, 2), "unreachable"),
    ("f: func(a: char);", (0x110000,), "unreachable"),
    ("f: func(a: char);", (0xD800,), "unreachable"),
    ("f: func() -> string;", (2,), "unreachable"),
]


@pytest.mark.parametrize(("signature", "flat", "message"), TRAPS)
def test_uc_21_what_is_no_value_traps(signature: str, flat: tuple[int, ...], message: str) -> None:
    pair = Pair(signature, "x")
    with pytest.raises(WebAssembly.RuntimeError, match=message):
        pair.exports.f(*flat)


@pytest.mark.parametrize("align", [1, 2])
def test_uc_21_what_an_allocator_gives_is_asked_too(align: int) -> None:
    pair = Pair("f: func(a: list<u32>);", None)
    pair.callee.top = 65536 - 9
    pair.exports.f(0, 1)
    data = make_adapter("f: func(a: list<u32>);")
    imports = {
        "caller": {"memory": pair.caller.memory, "cabi_realloc": pair.caller.realloc},
        "callee": {"memory": pair.callee.memory, "cabi_realloc": lambda *_: align, "f": print},
    }
    with pytest.raises(WebAssembly.RuntimeError, match="unreachable"):
        WebAssembly.Instance(WebAssembly.Module(data), imports).exports.f(0, 1)


def test_uc_21_narrow_integers_and_bools_are_what_they_say() -> None:
    pair = Pair("f: func(a: u8, b: s8, c: u16, d: s16, e: bool) -> u8;", 0)
    pair.exports.f(0x1FF, 0x1FF, 0x12345, 0x18000, 7)
    assert pair.seen == [[0xFF, -1, 0x2345, -0x8000, True]]


ILL_FORMED = [
    b"\x80", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x9f\x80", b"\xed\xa0\x80", b"\xf0\x8f\x80\x80", b"\xf4\x90\x80\x80",
    b"\xf5\x80\x80\x80", b"\xff", b"\xc2", b"\xe1\x80", b"\xf1\x80\x80", b"a" * 8 + b"\xe1\x80a",
]  # fmt: skip


def test_uc_21_utf_8_is_validated_on_demand() -> None:
    random = Random(8)
    pair = Pair("f: func(a: string);", None, validate_utf8=True)
    trusting = Pair("f: func(a: list<u8>);", None)
    pieces = [
        bytes([random.choice(b"aZ\x7f\x80\xbf\xc2\xdf\xe0\xed\xf0\xf4\xa0\x9f\x90\x8f")])
        for _ in range(4000)
    ]
    samples = ILL_FORMED + [
        b"".join(random.choices(pieces, k=random.randint(1, 12))) for _ in range(1500)
    ]
    samples += [chr(random.randrange(0xD800)).encode() * 3 + b"12345678" for _ in range(200)]
    valid = 0
    for sample in samples:
        at = pair.caller.realloc(0, 0, 1, len(sample))
        pair.caller.view[at : at + len(sample)] = sample
        try:
            sample.decode()
        except UnicodeDecodeError:
            with pytest.raises(WebAssembly.RuntimeError, match="unreachable"):
                pair.exports.f(at, len(sample))
        else:
            pair.exports.f(at, len(sample))
            assert pair.seen.pop() == [sample.decode()]
            valid += 1
    assert 100 < valid < len(samples) - 100
    assert trusting.call("f", list(b"\xff\xfe")) is None
    assert trusting.seen == [[[0xFF, 0xFE]]]


def test_uc_21_signatures_are_read() -> None:
    functions = parse("""
      // Points.
      record point { x: f64, %record: u8, }
      type points = list<point>;
      record: func();
      place-all: func(at: points, tags: tuple<string, list<list<bool>>>) -> point;
    """)
    point = RecordType("point", (Primitive("f64"), Primitive("u8")))
    tags = RecordType("tuple", (Primitive("string"), ListType(ListType(Primitive("bool")))))
    assert functions == {
        "record": FunctionType((), None),
        "place-all": FunctionType((ListType(point), tags), point),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("f: func(a: u33);", r"1:12: the type u33 is not known: there are bool, s8"),
        ("f: func(a: u32;", r"1:15: ',' is missing"),
        ("f: func(a u32);", r"1:11: ':' is missing"),
        ("f: func()\n  g: func();", r"2:3: ';' is missing"),
        ("f: func(); f: func();", r"1:12: there are two functions f"),
        ("record r { }", r"1:12: the record r has no fields"),
        ("record u8 { a: u8 }", r"1:8: there is a type u8 already"),
        ("f: func(a: tuple<>);", r"1:18: a tuple has one type at least"),
        ("f: func(!);", r"1:9: '!' does not belong in a signature"),
        ("f: func(: u8);", r"1:9: a name is missing"),
        ("", r"has no function, such as: greet"),
    ],
)
def test_uc_21_signatures_that_cannot_be_read_say_where(text: str, message: str) -> None:
    with pytest.raises(ToolError, match=message):
        make_adapter(text)
