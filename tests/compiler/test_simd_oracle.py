"""Vector instructions do what another engine does: each of them, and random programs of them.

A program is a module with two memories whose function ``run`` computes with vectors, scalars, both memories, calls
with effects and control flow, and stores what it has at the end. Operations whose NaNs may differ are left out of
programs.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pyjsapi.compiler.options import Options
from pyjsapi.engines.python import compile_module, instantiate, invoke
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.instructions import BY_MNEMONIC, OPS, Imm, Op
from pyjsapi.syntax.types import F32, F64, I32, I64, V128, ValType
from pyjsapi.text import wat2wasm

try:
    import wasmtime
except ImportError:
    pytest.skip("needs wasmtime", allow_module_level=True)

_UNDETERMINED = ("f32x4.", "f64x2.")
_DETERMINED_FLOAT = (
    "eq", "ne", "lt", "gt", "le", "ge", "abs", "neg", "pmin", "pmax", "convert_i32x4_s",
    "convert_i32x4_u", "convert_low_i32x4_s", "convert_low_i32x4_u",
)  # fmt: skip
_TYPES: dict[ValType, str] = {I32: "i32", I64: "i64", V128: "v128"}


def _usable(op: Op) -> bool:
    if op.feature != "simd" or op.imm is not Imm.NONE or op.params is None or op.results is None:
        return False
    if not set(op.params) | set(op.results) <= set(_TYPES):
        return False
    return not op.mnemonic.startswith(_UNDETERMINED) or op.family in _DETERMINED_FLOAT


_PURE = [op for op in OPS if _usable(op)]
_LOADS = [op for op in OPS if op.mnemonic.startswith("v128.load") and op.imm is Imm.MEMARG]
_LOAD_LANES = [op for op in OPS if op.imm is Imm.MEMARG_LANE and op.results]
_STORE_LANES = [op for op in OPS if op.imm is Imm.MEMARG_LANE and not op.results]
_EXTRACT = [op for op in OPS if op.imm is Imm.LANE and op.results and op.results[0] in (I32, I64)]
_REPLACE = [op for op in OPS if op.imm is Imm.LANE and op.params and op.params[-1] in (I32, I64)]
_PRELUDE = """
  (memory $m 1 1) (memory $n 1 1) (export "m" (memory $m)) (export "n" (memory $n))
  (global $g (mut v128) (v128.const i64x2 7 9)) (global $count (mut i32) (i32.const 0))
  (func $bump (param $v v128) (result v128)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (v128.store $n offset=512 (i32.and (i32.mul (global.get $count) (i32.const 8)) (i32.const 255))
      (local.get $v))
    (global.set $g (i8x16.add (global.get $g) (local.get $v)))
    (i32x4.add (local.get $v) (v128.load $m offset=32 (i32.const 0))))
"""


class ProgramWriter:
    """Writes one program from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._depth = 0

    def module(self) -> str:
        """The module as text."""
        locals_ = (
            "(local $v0 v128) (local $v1 v128) (local $v2 v128) (local $i0 i32) (local $i1 i32)"
        )
        body = [self._statement() for _ in range(self._random.randint(3, 9))]
        end = [
            f"(v128.store $m offset={1024 + 16 * i} (i32.const 0) (local.get $v{i}))"
            for i in range(3)
        ]
        end.append("(v128.store $m offset=1072 (i32.const 0) (global.get $g))")
        end.append("(i32.store $m offset=1088 (i32.const 0) (global.get $count))")
        lines = "\n".join([*body, *end])
        return f'(module {_PRELUDE}\n(func (export "run") (param $p i32) {locals_}\n{lines}))'

    def _choice(self, items: Sequence[str]) -> str:
        return self._random.choice(items)

    def _statement(self) -> str:
        self._depth += 1
        try:
            kind = self._random.random()
            if kind < 0.35 or self._depth > 3:
                return f"(local.set $v{self._random.randrange(3)} {self._vector(3)})"
            if kind < 0.45:
                return f"(local.set $i{self._random.randrange(2)} {self._i32(2)})"
            if kind < 0.6:
                return f"(v128.store {self._memory()} {self._address()} {self._vector(2)})"
            if kind < 0.7:
                op = self._random.choice(_STORE_LANES)
                where = f"{self._memory()} {self._random.randrange(128 // op.width)}"
                return f"({op} {where} {self._address()} {self._vector(2)})"
            if kind < 0.76:
                return f"(global.set $g {self._vector(2)})"
            if kind < 0.82:
                return f"(drop {self._vector(2)})"
            inner = " ".join(self._statement() for _ in range(self._random.randint(1, 3)))
            if kind < 0.9:
                other = self._statement()
                return f"(if {self._i32(2)} (then {inner}) (else {other}))"
            return f"(block $b {inner} (br_if $b {self._i32(1)}) {self._statement()})"
        finally:
            self._depth -= 1

    def _memory(self) -> str:
        memory = self._choice(["", "$m", "$n", "0", "1"])
        return f"{memory} offset={self._random.randrange(40)}"

    def _address(self) -> str:
        """An address that is nearly always in bounds."""
        if self._random.random() < 0.01:
            return "(i32.const 65530)"
        return f"(i32.and {self._i32(1)} (i32.const 0x1ff))"

    def _i32(self, depth: int) -> str:
        kind = self._random.random()
        if depth == 0 or kind < 0.3:
            return self._choice(
                ["(local.get $p)", "(local.get $i0)", "(local.get $i1)", "(global.get $count)",
                 f"(i32.const {self._random.randrange(-300, 300)})"]
            )  # fmt: skip
        if kind < 0.4:
            return f"(local.tee $i{self._random.randrange(2)} {self._i32(depth - 1)})"
        if kind < 0.55:
            operator = self._choice(["add", "sub", "xor", "and", "lt_s", "eq"])
            return f"(i32.{operator} {self._i32(depth - 1)} {self._i32(depth - 1)})"
        if kind < 0.75:
            op = self._random.choice([op for op in _EXTRACT if op.results == (I32,)])
            return self._lane(op, self._vector(depth - 1))
        op = self._random.choice([op for op in _PURE if op.results == (I32,)])
        return f"({op} {self._vector(depth - 1)})"

    def _i64(self, depth: int) -> str:
        if depth == 0 or self._random.random() < 0.4:
            return f"(i64.const {self._random.getrandbits(64)})"
        return self._lane(
            next(op for op in _EXTRACT if op.results == (I64,)), self._vector(depth - 1)
        )

    def _lane(self, op: Op, *operands: str) -> str:
        count = int(op.mnemonic.split(".")[0].split("x")[1])
        return f"({op} {self._random.randrange(count)} {' '.join(operands)})"

    def _operand(self, type_: ValType, depth: int) -> str:
        if type_ is V128:
            return self._vector(depth)
        return self._i32(depth) if type_ is I32 else self._i64(depth)

    def _vector(self, depth: int) -> str:
        kind = self._random.random()
        if depth <= 0 or kind < 0.15:
            return self._choice(
                ["(local.get $v0)", "(local.get $v1)", "(local.get $v2)", "(global.get $g)",
                 f"(v128.const i64x2 {self._random.getrandbits(64)} {self._random.getrandbits(64)})"]
            )  # fmt: skip
        if kind < 0.22:
            return f"(local.tee $v{self._random.randrange(3)} {self._vector(depth - 1)})"
        if kind < 0.32:
            return f"({self._random.choice(_LOADS)} {self._memory()} {self._address()})"
        if kind < 0.38:
            op = self._random.choice(_LOAD_LANES)
            where = f"{self._memory()} {self._random.randrange(128 // op.width)}"
            return f"({op} {where} {self._address()} {self._vector(depth - 1)})"
        if kind < 0.45:
            return f"(call $bump {self._vector(depth - 1)})"
        if kind < 0.5:
            op = self._random.choice(_REPLACE)
            value = self._operand(op.params[1] if op.params else I32, depth - 1)
            return self._lane(op, self._vector(depth - 1), value)
        if kind < 0.54:
            lanes = " ".join(str(self._random.randrange(32)) for _ in range(16))
            return f"(i8x16.shuffle {lanes} {self._vector(depth - 1)} {self._vector(depth - 1)})"
        if kind < 0.58:
            operands = f"{self._vector(depth - 1)} {self._vector(depth - 1)} {self._i32(depth - 1)}"
            return f"(select {operands})"
        if kind < 0.61:
            inner = self._statement() if self._depth < 3 else ""
            return f"(block (result v128) {inner} {self._vector(depth - 1)})"
        op = self._random.choice([op for op in _PURE if op.results == (V128,)])
        operands = " ".join(self._operand(t, depth - 1) for t in op.params or ())
        return f"({op} {operands})"


_ARITHMETIC = ("add", "sub", "mul", "div")
_ALL_FLOAT = (
    *_ARITHMETIC,
    "min", "max", "sqrt", "ceil", "floor", "trunc", "nearest", "pmin", "pmax", "abs", "neg",
    "relaxed_min", "relaxed_max",
)  # fmt: skip
_NUMBERS = ("1.5", "-0.0", "0", "inf", "nan", "-2.25", "1e30", "3", "0.1")
_SHAPE_OF_LOCAL = ("f32x4", "f64x2", "f32x4")
_CANONICAL = "".join(
    f"(func ${shape} (param v128) (result v128) (v128.bitselect (local.get 0)"
    f" (v128.const i64x2 {nan} {nan}) ({shape}.eq (local.get 0) (local.get 0))))"
    for shape, nan in (("f32x4", 0x7FC000007FC00000), ("f64x2", 0x7FF8000000000000))
)
"""Functions that replace NaNs by the canonical one, where bits are looked at."""


class FloatProgramWriter(ProgramWriter):
    """Writes programs of floating-point operations. The locals are only set to floats of one shape each."""

    def module(self) -> str:
        text = super().module().replace('(func (export "run")', f'{_CANONICAL}(func (export "run")')
        for i, shape in enumerate(_SHAPE_OF_LOCAL):
            end = f"(i32.const 0) (local.get $v{i}))\n"
            text = text.replace(end, f"(i32.const 0) (call ${shape} (local.get $v{i})))\n")
        return text

    def _local(self, shape: str) -> str:
        locals_ = [f"$v{i}" for i, other in enumerate(_SHAPE_OF_LOCAL) if other == shape]
        return self._choice(locals_)

    def _scalar(self, shape: str, depth: int) -> str:
        type_ = shape[:3]
        kind = self._random.random()
        if depth <= 0 or kind < 0.5:
            return f"({type_}.const {self._choice(_NUMBERS)})"
        if kind < 0.7:
            return f"({type_}.convert_i32_s {self._i32(1)})"
        return (
            f"({shape}.extract_lane {self._random.randrange(2)} {self._floats(shape, depth - 1)})"
        )

    def _floats(self, shape: str, depth: int) -> str:
        """A vector that is used as floats of this shape."""
        kind = self._random.random()
        if depth <= 0 or kind < 0.2:
            return f"(local.get {self._local(shape)})"
        if kind < 0.3:
            return f"({shape}.splat {self._scalar(shape, depth - 1)})"
        if kind < 0.36:
            lanes = (self._choice(_NUMBERS) for _ in range(int(shape[4])))
            return f"(v128.const {shape} {' '.join(lanes)})"
        if kind < 0.45:
            return self._vector(depth - 1)
        if kind < 0.5:
            operands = f"{self._floats(shape, depth - 1)} {self._scalar(shape, depth - 1)}"
            return f"({shape}.replace_lane {self._random.randrange(2)} {operands})"
        if kind < 0.55:
            return f"(local.tee {self._local(shape)} {self._arithmetic(shape, depth - 1)})"
        if kind < 0.58:
            operands = " ".join(self._floats(shape, depth - 1) for _ in range(2))
            return f"(select {operands} {self._i32(1)})"
        if kind < 0.6:
            inner = self._statement() if self._depth < 3 else ""
            return f"(block (result v128) {inner} {self._floats(shape, depth - 1)})"
        return self._arithmetic(shape, depth)

    def _arithmetic(self, shape: str, depth: int) -> str:
        family = self._choice(_ALL_FLOAT if self._random.random() < 0.5 else _ARITHMETIC)
        op = BY_MNEMONIC[f"{shape}.{family}"]
        operands = " ".join(self._floats(shape, depth - 1) for _ in op.params or ())
        return f"({op} {operands})"

    def _vector(self, depth: int) -> str:
        shape = self._choice(("f32x4", "f64x2"))
        if depth > 0 and self._random.random() < 0.5:
            if self._random.random() < 0.7:
                return f"(call ${shape} {self._floats(shape, depth)})"
            relation = self._choice(("eq", "ne", "lt", "gt", "le", "ge"))
            operands = " ".join(self._floats(shape, depth - 1) for _ in range(2))
            return f"({shape}.{relation} {operands})"
        while True:
            text = super()._vector(depth)
            for i, shape in enumerate(_SHAPE_OF_LOCAL):
                if text == f"(local.get $v{i})":
                    return f"(call ${shape} {text})"
            if not text.startswith("(local.tee $v"):
                return text

    def _statement(self) -> str:
        self._depth += 1
        try:
            if self._depth > 3 or self._random.random() < 0.5:
                local = self._random.randrange(3)
                shape = _SHAPE_OF_LOCAL[local]
                if self._random.random() < 0.1:
                    return f"(local.set $v{local} ({shape}.splat {self._scalar(shape, 2)}))"
                return f"(local.set $v{local} {self._arithmetic(shape, 3)})"
        finally:
            self._depth -= 1
        while True:
            text = super()._statement()
            if not text.startswith("(local.set $v"):
                return text


PROGRAMS = 12
"""Programs in a test."""
OPTIONS = [
    Options(),
    Options(state_machine=True),
    Options(facts=False, views=False, patterns=False, reuse=False),
    Options(assertions=True),
    Options(lanes=False),
]


@pytest.fixture(scope="module")
def oracle() -> Any:
    config = wasmtime.Config()
    config.wasm_multi_memory = True
    config.wasm_relaxed_simd = True
    config.wasm_relaxed_simd_deterministic = True
    config.cranelift_opt_level = "none"
    return wasmtime.Engine(config)


def contents(name: str) -> bytes:
    """What a program finds in its memories."""
    return random.Random(name).randbytes(1024)


def memory_of(exports: Mapping[str, object], name: str) -> wasmtime.Memory:
    memory = exports[name]
    assert isinstance(memory, wasmtime.Memory)
    return memory


def function_of(exports: Mapping[str, object], name: str) -> wasmtime.Func:
    function = exports[name]
    assert isinstance(function, wasmtime.Func)
    return function


def outcome_there(oracle: Any, data: bytes, argument: int) -> tuple[bool, bytes, bytes]:
    """Whether the program traps, and its memories at the end."""
    store = wasmtime.Store(oracle)
    exports = wasmtime.Instance(store, wasmtime.Module(oracle, data), []).exports(store)
    for name in ("m", "n"):
        memory_of(exports, name).write(store, contents(name), 0)
    trapped = False
    try:
        function_of(exports, "run")(store, argument)
    except wasmtime.Trap:
        trapped = True
    first, second = (bytes(memory_of(exports, name).read(store, 0, 2048)) for name in ("m", "n"))
    return trapped, first, second


def outcome_here(data: bytes, argument: int, options: Options) -> tuple[bool, bytes, bytes]:
    instance = instantiate(compile_module(data, options=options), [])
    memories = [instance.exports["m"], instance.exports["n"]]
    for name, memory in zip(("m", "n"), memories, strict=True):
        memory.data[:1024] = contents(name)  # type: ignore[union-attr]
    trapped = False
    try:
        invoke(instance.exports["run"], [argument])  # type: ignore[arg-type]
    except Trap:
        trapped = True
    first, second = (bytes(memory.data[:2048]) for memory in memories)  # type: ignore[union-attr]
    return trapped, first, second


@pytest.mark.parametrize("batch", range(10))
def test_random_programs(oracle: Any, batch: int) -> None:
    writer = FloatProgramWriter if batch % 2 else ProgramWriter
    for seed in range(batch * PROGRAMS, (batch + 1) * PROGRAMS):
        text = writer(seed).module()
        data = wat2wasm(text)
        argument = seed * 37 & 0x3FF
        expected = outcome_there(oracle, data, argument)
        for options in OPTIONS:
            assert outcome_here(data, argument, options) == expected, (options, text)


# Single instructions

SINGLE = [
    op for op in OPS if op.feature in ("simd", "relaxed_simd") and op.imm in (Imm.NONE, Imm.LANE)
]
ACCESS = {I32: "i32", I64: "i64", F32: "f32", F64: "f64", V128: "v128"}
QUIET = {"f32x4": (4, 0x7FC0_0000), "f64x2": (8, 0x7FF8_0000_0000_0000)}
SINGLES = [0, 1, 0x7F800000, 0x7FC00000, 0x7F800001, 0x3F800000, 0xBF000000, 0x4F000000, 0xCF000000]
DOUBLES = [0, 1, 0x7FF << 52, 0x7FF8 << 48, 0x7FF1 << 48, 0x3FF << 52, 0x41E << 52, 0xC1E << 52]


def operand(rng: random.Random) -> bytes:
    kind = rng.randrange(5)
    if kind == 0:
        return struct.pack("<4I", *(rng.choice(SINGLES) ^ rng.choice((0, 1 << 31)) for _ in "1234"))
    if kind == 1:
        return struct.pack("<2Q", *(rng.choice(DOUBLES) ^ rng.choice((0, 1 << 63)) for _ in "12"))
    if kind == 2:
        return struct.pack("<4f", *(rng.uniform(-1e3, 1e3) for _ in "1234"))
    if kind == 3:
        return struct.pack("<2d", *(rng.uniform(-1e10, 1e10) for _ in "12"))
    return rng.randbytes(16)


def agree(op: Op, found: bytes, expected: bytes) -> bool:
    """Whether results are equal, or differ in quiet NaNs only."""
    shape = op.mnemonic.partition(".")[0]
    if found == expected or shape not in QUIET:
        return found == expected
    size, quiet = QUIET[shape]
    for at in range(0, 16, size):
        lanes = [int.from_bytes(v[at : at + size], "little") for v in (found, expected)]
        if lanes[0] != lanes[1] and not all(lane & quiet == quiet for lane in lanes):
            return False
    return True


def test_every_single_instruction(oracle: Any) -> None:
    # wasmtime rounds once in multiply-add; the deterministic profile rounds twice.
    tested = [op for op in SINGLE if not op.family.endswith("madd")]
    assert len(tested) >= 220
    functions = []
    for index, op in enumerate(tested):
        loads = [
            f"({ACCESS[type_]}.load offset={16 * i} (i32.const 0))"
            for i, type_ in enumerate(op.params or ())
        ]
        lane = " 1" if op.imm is Imm.LANE else ""
        result = ACCESS[(op.results or ())[0]]
        store = f"({result}.store offset=48 (i32.const 0) ({op}{lane} {' '.join(loads)}))"
        functions.append(f'(func (export "{index}") {store})')
    data = wat2wasm(f'(module (memory (export "m") 1) {" ".join(functions)})')
    machine = wasmtime.Store(oracle)
    there = wasmtime.Instance(machine, wasmtime.Module(oracle, data), []).exports(machine)
    their_memory = memory_of(there, "m")
    here = instantiate(compile_module(data), []).exports
    memory: Any = here["m"]
    rng = random.Random(11)
    for _ in range(15):
        given = b"".join(operand(rng) for _ in range(3)) + bytes(16)
        for index, op in enumerate(tested):
            their_memory.write(machine, given, 0)
            function_of(there, str(index))(machine)
            memory.data[:64] = given
            function: Any = here[str(index)]
            invoke(function, [])
            expected, found = bytes(their_memory.read(machine, 48, 64)), bytes(memory.data[48:64])
            assert agree(op, found, expected), (op, given.hex(), found.hex(), expected.hex())
