"""Random modules with several memories, and what is done with them.

A program is deterministic: no float is computed with, loops are counted, nothing depends on time. It is data for
``programs.mjs`` (JavaScript engines) and ``programs.py`` (pyjsapi), which must observe the same.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyjsapi.text import wat2wasm

PAGE: Final = 0x10000
INTERESTING: Final = (
    0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 63, 64, 100, 255, 256, 1000, 1023, 4096, PAGE - 16, PAGE - 8, PAGE - 4,
    PAGE - 1, PAGE, 2 * PAGE - 4, 2 * PAGE, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_0000, 0xFFFF_FFFC, 0xFFFF_FFFF,
)  # fmt: skip
OFFSETS: Final = (PAGE - 8, PAGE - 1, PAGE, 2 * PAGE, 0x7FFF_FFFF, 0xFFFF_FFF0)
NEAR_OFFSETS: Final = (0, 0, 0, 0, 1, 2, 4, 7, 8, 16, 100, 1000)
LOADS: Final = {
    "i32": ("i32.load", "i32.load8_s", "i32.load8_u", "i32.load16_s", "i32.load16_u"),
    "i64": (
        "i64.load", "i64.load8_s", "i64.load8_u", "i64.load16_s", "i64.load16_u", "i64.load32_s", "i64.load32_u",
    ),
}  # fmt: skip
STORES: Final = {
    "i32": ("i32.store", "i32.store8", "i32.store16"),
    "i64": ("i64.store", "i64.store8", "i64.store16", "i64.store32"),
}
VECTOR_LOADS: Final = (
    "v128.load", "v128.load8x8_s", "v128.load8x8_u", "v128.load16x4_s", "v128.load16x4_u", "v128.load32x2_s",
    "v128.load32x2_u", "v128.load8_splat", "v128.load16_splat", "v128.load32_splat", "v128.load64_splat",
    "v128.load32_zero", "v128.load64_zero",
)  # fmt: skip
LANES: Final = {8: 16, 16: 8, 32: 4, 64: 2}
ATOMIC_WIDTHS: Final = {"i32": ("", "8", "16"), "i64": ("", "8", "16", "32")}
ATOMIC_RMW: Final = ("add", "sub", "and", "or", "xor", "xchg")
BINARY: Final = ("add", "sub", "mul", "and", "or", "xor", "rotl", "shl", "shr_u", "shr_s")
DIGEST_START: Final = 1024
DIGEST_END: Final = 256


@dataclass(frozen=True)
class Memory:
    """A memory of a program, and who sees it."""

    initial: int
    maximum: int | None
    shared: bool
    exported: bool
    imported: str | None
    """Name of the import."""
    same_as: int | None
    """Index of the import that the same object is given to."""

    @property
    def limits(self) -> str:
        maximum = "" if self.maximum is None else f" {self.maximum}"
        return f"{self.initial}{maximum}{' shared' if self.shared else ''}"


@dataclass(frozen=True)
class Features:
    """What the modules may use beyond the first version of WebAssembly."""

    simd: bool = True
    atomics: bool = True


@dataclass(frozen=True)
class Program:
    """A module with what it imports, and the calls that are made."""

    seed: int
    wat: str
    memories: tuple[Memory, ...]
    calls: tuple[tuple[str, int, int], ...]

    def json(self) -> dict[str, Any]:
        """The program as data."""
        imports = [
            {
                "name": memory.imported,
                "initial": memory.initial,
                "maximum": memory.maximum,
                "shared": memory.shared,
                "sameAs": memory.same_as,
            }
            for memory in self.memories
            if memory.imported is not None
        ]
        return {
            "seed": self.seed,
            "bytes": base64.b64encode(wat2wasm(self.wat)).decode("ascii"),
            "imports": imports,
            "memories": len(self.memories),
            "calls": [list(call) for call in self.calls],
        }


def generate(seed: int, features: Features | None = None) -> Program:
    """The program of a seed."""
    return _Generator(seed, features or Features()).program()


class _Generator:
    """Writes one module. Every function has the type (i32, i32) -> i64."""

    def __init__(self, seed: int, features: Features) -> None:
        self.seed = seed
        self.features = features
        self.random = random.Random(seed)
        self.memories = self._memories()
        self.functions = self.random.randint(2, 5)
        self.passive: list[int] = []
        self.function = 0
        self.loops = 0
        self.labels = 0

    def pick(self, choices: Sequence[Any]) -> Any:
        return self.random.choice(choices)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def _memories(self) -> tuple[Memory, ...]:
        count = self.pick((2, 2, 2, 3, 3, 4, 5))
        imported = self.pick((0, 0, 0, 1, 1, 2, count))
        publicity = self.pick((0.0, 0.0, 0.3, 1.0))
        memories: list[Memory] = []
        for index in range(count):
            shared = self.features.atomics and self.chance(0.15)
            initial = self.pick((0, 1, 1, 1, 1, 1, 2, 2, 3))
            bounded = shared or self.chance(0.6)
            maximum = initial + self.pick((0, 1, 2, 5)) if bounded else None
            exported = self.chance(publicity)
            same_as = None
            if index < imported and index > 0 and self.chance(0.25):
                same_as = self.random.randrange(index)
                original = memories[same_as]
                initial, maximum, shared = original.initial, original.maximum, original.shared
            name = f"m{index}" if index < imported else None
            memories.append(Memory(initial, maximum, shared, exported, name, same_as))
        return tuple(memories)

    def memory(self) -> int:
        return self.random.randrange(len(self.memories))

    # Expressions

    def constant(self, type_: str) -> str:
        if self.chance(0.7):
            value = self.pick(INTERESTING)
        else:
            value = self.random.getrandbits(int(type_[1:]))
        return f"({type_}.const {value})"

    def address(self, depth: int) -> str:
        """An address: mostly within the first page, now and then anything."""
        form = self.random.random()
        if form < 0.55:
            return f"(i32.and {self.i32(depth - 1)} (i32.const {self.pick((0xFF, 0x3F8, 0x3FF, 0xFFC))}))"
        if form < 0.93:
            return f"(i32.const {self.pick((0, 8, 16, 100, 512, 900))})"
        if form < 0.96:
            return f"(local.get {self.pick(('$p', '$q', '$i'))})"
        if form < 0.99:
            return self.i32(depth - 1)
        return self.constant("i32")

    def memarg(self, memory: int, natural: int) -> str:
        offset = self.pick(OFFSETS) if self.chance(0.03) else self.pick(NEAR_OFFSETS)
        align = self.random.randint(0, natural)
        return f"{memory}{f' offset={offset}' if offset else ''} align={1 << align}"

    def load(self, type_: str, depth: int) -> str:
        memory = self.memory()
        if self.features.atomics and self.chance(0.08):
            return self.atomic(type_, memory, depth)
        if self.chance(0.1):
            bits = type_[1:]
            return (
                f"({type_}.reinterpret_f{bits} "
                f"(f{bits}.load {self.memarg(memory, 2 if bits == '32' else 3)} {self.address(depth)}))"
            )
        return f"({(name := self.pick(LOADS[type_]))} {self.memarg(memory, _natural(name))} {self.address(depth)})"

    def atomic(self, type_: str, memory: int, depth: int) -> str:
        width = self.pick(ATOMIC_WIDTHS[type_])
        suffix = f"{width}_u" if width else ""
        size = int(width or type_[1:]) // 8
        address = f"(i32.and {self.address(depth)} (i32.const {0xFFFF_FFFF ^ (size - 1):#x}))"
        offset = f"{memory} offset={self.pick((0, 8, 64))}"
        form = self.random.random()
        if form < 0.3:
            return f"({type_}.atomic.load{suffix} {offset} {address})"
        value = self.expression(type_, depth - 1)
        if form < 0.8:
            name = f"{type_}.atomic.rmw{width}.{self.pick(ATOMIC_RMW)}{'_u' if width else ''}"
            return f"({name} {offset} {address} {value})"
        name = f"{type_}.atomic.rmw{width}.cmpxchg{'_u' if width else ''}"
        return f"({name} {offset} {address} {value} {self.expression(type_, depth - 1)})"

    def vector(self, depth: int) -> str:
        memory = self.memory()
        if depth > 0 and self.chance(0.3):
            bits = self.pick(tuple(LANES))
            lane = self.random.randrange(LANES[bits])
            memarg = self.memarg(memory, (8, 16, 32, 64).index(bits))
            return f"(v128.load{bits}_lane {memarg} {lane} {self.address(depth)} {self.vector(depth - 1)})"
        if self.chance(0.3):
            return f"(i64x2.splat {self.i64(depth - 1)})"
        name = self.pick(VECTOR_LOADS)
        return f"({name} {self.memarg(memory, _natural(name))} {self.address(depth)})"

    def i32(self, depth: int) -> str:
        return self.expression("i32", depth)

    def i64(self, depth: int) -> str:
        return self.expression("i64", depth)

    def expression(self, type_: str, depth: int) -> str:
        if depth <= 0 or self.chance(0.2):
            if self.chance(0.4):
                return self.constant(type_)
            return (
                f"(local.get {self.pick(('$p', '$q', '$i') if type_ == 'i32' else ('$x', '$y'))})"
            )
        form = self.random.random()
        if form < 0.45:
            return self.load(type_, depth - 1)
        if form < 0.75:
            name, left = self.pick(BINARY), self.expression(type_, depth - 1)
            right = self.expression(type_, depth - 1)
            if name.startswith("sh"):
                # WebKitGTK 2.50 folds shifts of constants by more than their width to 0.
                right = f"({type_}.and {right} ({type_}.const {int(type_[1:]) - 1}))"
            return f"({type_}.{name} {left} {right})"
        if type_ == "i32":
            return self.pick((
                f"(memory.size {self.memory()})",
                f"(i32.wrap_i64 {self.i64(depth - 1)})",
                f"(i32.eqz {self.i32(depth - 1)})",
                f"(select {self.i32(depth - 1)} {self.i32(depth - 1)} {self.i32(depth - 1)})",
            ))  # fmt: skip
        if self.features.simd and self.chance(0.3):
            return f"(i64x2.extract_lane {self.random.randrange(2)} {self.vector(depth - 1)})"
        return f"(i64.extend_i32_{self.pick('us')} {self.i32(depth - 1)})"

    # Statements

    def length(self) -> str:
        form = self.random.random()
        if form < 0.8:
            return f"(i32.const {self.pick((0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 33, 64, 100, 600))})"
        if form < 0.96:
            return f"(i32.and {self.i32(1)} (i32.const 255))"
        return f"(i32.const {self.pick((1000, 5000, PAGE - 1000, PAGE, 0x7FFF_FFFF, 0xFFFF_FFFF))})"

    def store(self) -> str:
        memory = self.memory()
        form = self.random.random()
        if self.features.simd and form < 0.12:
            return f"(v128.store {self.memarg(memory, 4)} {self.address(2)} {self.vector(2)})"
        if self.features.simd and form < 0.2:
            bits = self.pick(tuple(LANES))
            memarg = self.memarg(memory, (8, 16, 32, 64).index(bits))
            lane = self.random.randrange(LANES[bits])
            return f"(v128.store{bits}_lane {memarg} {lane} {self.address(2)} {self.vector(2)})"
        if form < 0.3:
            bits = self.pick((32, 64))
            memarg = self.memarg(memory, 2 if bits == 32 else 3)
            value = self.expression(f"i{bits}", 2)
            return (
                f"(f{bits}.store {memarg} {self.address(2)} (f{bits}.reinterpret_i{bits} {value}))"
            )
        if self.features.atomics and form < 0.34:
            return f"(i32.atomic.store {memory} (i32.and {self.address(2)} (i32.const 0xfffffffc)) {self.i32(2)})"
        if self.features.atomics and form < 0.36:
            address = f"(i32.and {self.address(1)} (i32.const 0xfffffffc))"
            return f"(drop (memory.atomic.notify {memory} {address} (i32.const 1)))"
        type_ = self.pick(("i32", "i64"))
        name = self.pick(STORES[type_])
        return f"({name} {self.memarg(memory, _natural(name))} {self.address(2)} {self.expression(type_, 2)})"

    def bulk(self) -> str:
        form = self.random.random()
        if form < 0.5:
            operands = f"{self.address(2)} {self.address(2)} {self.length()}"
            return f"(memory.copy {self.memory()} {self.memory()} {operands})"
        if form < 0.75 or not self.passive:
            return f"(memory.fill {self.memory()} {self.address(2)} {self.i32(1)} {self.length()})"
        segment = self.pick(self.passive)
        if form < 0.95:
            start, count = self.pick((0, 0, 0, 1, 5, 40)), self.pick((0, 1, 4, 8, 13, 50))
            return f"(memory.init {self.memory()} {segment} {self.address(1)} (i32.const {start}) (i32.const {count}))"
        return f"(data.drop {segment})"

    def grow(self) -> str:
        delta = self.pick((0, 1, 1, 1, 2, 70000, 0xFFFF_FFFF))
        return f"(local.set $i (memory.grow {self.memory()} (i32.const {delta})))"

    def call(self) -> str:
        """A call of a later function, so that every program ends, or of the host."""
        arguments = f"{self.i32(2)} {self.i32(1)}"
        later = range(self.function + 1, self.functions)
        if self.loops < 2 and later and self.chance(0.7):
            callee = self.pick(later)
            if self.chance(0.3):
                return f"(local.set $x (call_indirect (type $f) {arguments} (i32.const {callee})))"
            return f"(local.set {self.pick(('$x', '$y'))} (call $f{callee} {arguments}))"
        return f"(local.set $i (call $host {self.i32(2)}))"

    def loop(self, depth: int) -> str:
        self.labels += 1
        label, counter = f"$l{self.labels}", f"$n{self.loops}"
        self.loops += 1
        body = self.block(depth - 1)
        self.loops -= 1
        return (
            f"(local.set {counter} (i32.const {self.pick((1, 3, 9, 30))})) (loop {label} {body} "
            f"(local.set $p (i32.add (local.get $p) (i32.const {self.pick((1, 4, 8))}))) "
            f"(br_if {label} (local.tee {counter} (i32.sub (local.get {counter}) (i32.const 1)))))"
        )

    def statement(self, depth: int) -> str:
        form = self.random.random()
        if form < 0.35:
            return self.store()
        if form < 0.5:
            type_ = self.pick(("i32", "i64"))
            target = self.pick(("$i", "$q") if type_ == "i32" else ("$x", "$y"))
            return f"(local.set {target} {self.expression(type_, 3)})"
        if form < 0.62:
            return self.bulk()
        if form < 0.67:
            return self.grow()
        if form < 0.73:
            return self.call()
        if form < 0.78:
            return f"(global.set $g (i64.add (global.get $g) {self.i64(2)}))"
        if depth <= 0:
            return self.store()
        if form < 0.88 and self.loops < 3:
            return self.loop(depth)
        if form < 0.96:
            return (
                f"(if {self.i32(2)} (then {self.block(depth - 1)}) (else {self.block(depth - 1)}))"
            )
        self.labels += 1
        label = f"$b{self.labels}"
        return f"(block {label} {self.block(depth - 1)} (br_if {label} {self.i32(2)}) {self.block(depth - 1)})"

    def block(self, depth: int) -> str:
        return " ".join(self.statement(depth) for _ in range(self.random.randint(1, 4)))

    # The module

    def program(self) -> Program:
        lines = ["(module", "(type $f (func (param i32 i32) (result i64)))"]
        lines += [
            f'(import "env" "{memory.imported}" (memory {memory.limits}))'
            for memory in self.memories
            if memory.imported is not None
        ]
        lines.append('(import "env" "host" (func $host (param i32) (result i32)))')
        lines += [f"(memory {m.limits})" for m in self.memories if m.imported is None]
        lines += [
            f'(export "memory{k}" (memory {k}))'
            for k, memory in enumerate(self.memories)
            if memory.exported
        ]
        names = " ".join(f"$f{k}" for k in range(self.functions))
        lines += ["(global $g (mut i64) (i64.const 0))", f"(table funcref (elem {names}))"]
        lines += self.segments()
        for function in range(self.functions):
            self.function = function
            lines.append(
                f'(func $f{function} (export "f{function}") (type $f) (param $p i32) (param $q i32) (result i64) '
                "(local $i i32) (local $n0 i32) (local $n1 i32) (local $n2 i32) (local $x i64) (local $y i64) "
                f"{self.block(3)} (i64.xor (local.get $x) (i64.rotl (local.get $y) (i64.const 7))))"
            )
        lines += [_digest(k) for k in range(len(self.memories))]
        lines += [
            f'(func (export "size{k}") (result i32) (memory.size {k}))'
            for k in range(len(self.memories))
        ]
        if self.chance(0.15):
            lines.append(
                "(func $start (drop (call $f0 (i32.const 1) (i32.const 2)))) (start $start)"
            )
        calls = tuple(
            (
                f"f{self.random.randrange(self.functions)}",
                self.pick(INTERESTING),
                self.pick(INTERESTING),
            )
            for _ in range(6)
        )
        return Program(self.seed, "\n".join([*lines, ")"]), self.memories, calls)

    def segments(self) -> list[str]:
        lines = []
        for index in range(self.random.randint(0, 4)):
            content = "".join(
                f"\\{self.random.getrandbits(8):02x}" for _ in range(self.pick((0, 4, 9, 40)))
            )
            memory = self.memory()
            if self.chance(0.5):
                self.passive.append(index)
                lines.append(f'(data "{content}")')
                continue
            start = self.random.choices((0, 16, 100, PAGE - 4, PAGE), (20, 20, 20, 1, 1))[0]
            lines.append(f'(data (memory {memory}) (i32.const {start}) "{content}")')
        return lines


def _natural(name: str) -> int:
    """Log2 of an access's natural alignment."""
    family = name.split(".")[1]
    for text, value in (
        ("8x8", 3),
        ("16x4", 3),
        ("32x2", 3),
        ("8", 0),
        ("16", 1),
        ("32", 2),
        ("64", 3),
    ):
        if text in family:
            return value
    return {"i32": 2, "i64": 3, "v128": 4}[name.split(".")[0]]


def _digest(memory: int) -> str:
    """A function that digests the bytes of a memory at its start and at its end."""
    return f"""(func (export "digest{memory}") (result i32) (local $i i32) (local $end i32) (local $h i32)
  (local.set $end (i32.mul (memory.size {memory}) (i32.const {PAGE})))
  (block $done (loop $next
    (br_if $done (i32.ge_u (local.get $i) (local.get $end)))
    (local.set $h (i32.add (i32.mul (local.get $h) (i32.const 31)) (i32.load8_u {memory} (local.get $i))))
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (if (i32.eq (local.get $i) (i32.const {DIGEST_START}))
      (then (local.set $i (i32.sub (local.get $end) (i32.const {DIGEST_END})))))
    (br $next)))
  (local.get $h))"""
