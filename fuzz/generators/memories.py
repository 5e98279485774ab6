"""Several memories of both address types, imported, exported, shared and private: aims at lowering and memory code.

No float is computed with, loops are counted, nothing depends on time. Private memories are seen through functions
that digest them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from fuzz.program import Call, Effect, Import, Program, i32
from fuzz.writer import T

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
DIGEST_START: Final = 320
DIGEST_END: Final = 64


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
    address: str
    """``i32`` or ``i64``."""

    @property
    def limits(self) -> str:
        maximum = "" if self.maximum is None else f" {self.maximum}"
        address = "i64 " if self.address == "i64" else ""
        return f"{address}{self.initial}{maximum}{' shared' if self.shared else ''}"

    @property
    def type(self) -> dict[str, Any]:
        """As the JavaScript API describes it."""
        maximum = {} if self.maximum is None else {"maximum": self.maximum}
        wide = {"address": "i64"} if self.address == "i64" else {}
        shared = {"shared": True} if self.shared else {}
        return {"initial": self.initial, **maximum, **wide, **shared}


class Memories:
    """Writes one module. Every function has the type (i32, i32) -> i64.

    ``lowerable``: memories that are seen from outside have 32-bit addresses, which every engine has.
    """

    def __init__(self, random: Random, *, lowerable: bool) -> None:
        self.random = random
        self.lowerable = lowerable
        self.memories = self._memories()
        self.functions = self.random.randint(2, 5)
        self.passive: list[int] = []
        self.function = 0
        self.loops = 0
        self.labels = 0

    def pick(self, choices: Sequence[T]) -> T:
        return self.random.choice(choices)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def _memories(self) -> tuple[Memory, ...]:
        count = self.pick((2, 2, 2, 3, 3, 4, 5))
        imported = self.pick((0, 0, 0, 1, 1, 2, count))
        publicity = self.pick((0.0, 0.0, 0.3, 1.0))
        memories: list[Memory] = []
        for index in range(count):
            shared = self.chance(0.15)
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
            seen = exported or name is not None
            wide = self.chance(0.2) and not (seen and self.lowerable) and not shared
            address = "i64" if wide else "i32"
            if same_as is not None:
                address = memories[same_as].address
            memories.append(Memory(initial, maximum, shared, exported, name, same_as, address))
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

    def at(self, memory: int) -> str:
        """The type of a memory's addresses."""
        return self.memories[memory].address

    def widened(self, memory: int, text: str) -> str:
        """An i32 as an address of a memory."""
        return text if self.at(memory) == "i32" else f"(i64.extend_i32_u {text})"

    def address(self, memory: int, depth: int) -> str:
        """An address: mostly within the first page, now and then anything."""
        if self.at(memory) == "i64" and self.chance(0.03):
            return self.i64(depth - 1)
        return self.widened(memory, self.near(depth))

    def near(self, depth: int) -> str:
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
        if self.at(memory) == "i32" and self.chance(0.08):
            return self.atomic(type_, memory, depth)
        if self.chance(0.1):
            bits = type_[1:]
            return (
                f"({type_}.reinterpret_f{bits} "
                f"(f{bits}.load {self.memarg(memory, 2 if bits == '32' else 3)} {self.address(memory, depth)}))"
            )
        name = self.pick(LOADS[type_])
        return f"({name} {self.memarg(memory, _natural(name))} {self.address(memory, depth)})"

    def atomic(self, type_: str, memory: int, depth: int) -> str:
        width = self.pick(ATOMIC_WIDTHS[type_])
        suffix = f"{width}_u" if width else ""
        size = int(width or type_[1:]) // 8
        address = (
            f"(i32.and {self.address(memory, depth)} (i32.const {0xFFFF_FFFF ^ (size - 1):#x}))"
        )
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
            return f"(v128.load{bits}_lane {memarg} {lane} {self.address(memory, depth)} {self.vector(depth - 1)})"
        if self.chance(0.3):
            return f"(i64x2.splat {self.i64(depth - 1)})"
        name = self.pick(VECTOR_LOADS)
        return f"({name} {self.memarg(memory, _natural(name))} {self.address(memory, depth)})"

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
            memory = self.memory()
            size = f"(memory.size {memory})"
            return self.pick((
                size if self.at(memory) == "i32" else f"(i32.wrap_i64 {size})",
                f"(i32.wrap_i64 {self.i64(depth - 1)})",
                f"(i32.eqz {self.i32(depth - 1)})",
                f"(select {self.i32(depth - 1)} {self.i32(depth - 1)} {self.i32(depth - 1)})",
            ))  # fmt: skip
        if self.chance(0.3):
            return f"(i64x2.extract_lane {self.random.randrange(2)} {self.vector(depth - 1)})"
        return f"(i64.extend_i32_{self.pick('us')} {self.i32(depth - 1)})"

    # Statements

    def length(self, memory: int) -> str:
        """A number of bytes, of a memory's address type."""
        return self.widened(memory, self.bytes())

    def bytes(self) -> str:
        form = self.random.random()
        if form < 0.8:
            return f"(i32.const {self.pick((0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 33, 64, 100, 600))})"
        if form < 0.96:
            return f"(i32.and {self.i32(1)} (i32.const 255))"
        return f"(i32.const {self.pick((1000, 5000, PAGE - 1000, PAGE, 0x7FFF_FFFF, 0xFFFF_FFFF))})"

    def store(self) -> str:
        memory = self.memory()
        form = self.random.random()
        if form < 0.12:
            return (
                f"(v128.store {self.memarg(memory, 4)} {self.address(memory, 2)} {self.vector(2)})"
            )
        if form < 0.2:
            bits = self.pick(tuple(LANES))
            memarg = self.memarg(memory, (8, 16, 32, 64).index(bits))
            lane = self.random.randrange(LANES[bits])
            return f"(v128.store{bits}_lane {memarg} {lane} {self.address(memory, 2)} {self.vector(2)})"
        if form < 0.3:
            bits = self.pick((32, 64))
            memarg = self.memarg(memory, 2 if bits == 32 else 3)
            value = self.expression(f"i{bits}", 2)
            return f"(f{bits}.store {memarg} {self.address(memory, 2)} (f{bits}.reinterpret_i{bits} {value}))"
        narrow = self.at(memory) == "i32"
        if narrow and form < 0.34:
            address = f"(i32.and {self.address(memory, 2)} (i32.const 0xfffffffc))"
            return f"(i32.atomic.store {memory} {address} {self.i32(2)})"
        if narrow and form < 0.36:
            address = f"(i32.and {self.address(memory, 1)} (i32.const 0xfffffffc))"
            return f"(drop (memory.atomic.notify {memory} {address} (i32.const 1)))"
        type_ = self.pick(("i32", "i64"))
        name = self.pick(STORES[type_])
        return f"({name} {self.memarg(memory, _natural(name))} {self.address(memory, 2)} {self.expression(type_, 2)})"

    def bulk(self) -> str:
        memory = self.memory()
        form = self.random.random()
        if form < 0.5:
            other = self.memory()
            narrow = memory if self.at(memory) == "i32" else other
            operands = f"{self.address(memory, 2)} {self.address(other, 2)} {self.length(narrow)}"
            return f"(memory.copy {memory} {other} {operands})"
        if form < 0.75 or not self.passive:
            return f"(memory.fill {memory} {self.address(memory, 2)} {self.i32(1)} {self.length(memory)})"
        segment = self.pick(self.passive)
        if form < 0.95:
            start, count = self.pick((0, 0, 0, 1, 5, 40)), self.pick((0, 1, 4, 8, 13, 50))
            operands = f"{self.address(memory, 1)} (i32.const {start}) (i32.const {count})"
            return f"(memory.init {memory} {segment} {operands})"
        return f"(data.drop {segment})"

    def grow(self) -> str:
        memory = self.memory()
        # More than any engine has: between that and what a lowered memory has room for, engines differ.
        too_many = 70000 if self.at(memory) == "i32" else 1 << 50
        delta = self.pick((0, 1, 1, 1, 2, too_many, 0xFFFF_FFFF))
        grown = f"(memory.grow {memory} ({self.at(memory)}.const {delta}))"
        return f"(local.set $i {grown if self.at(memory) == 'i32' else f'(i32.wrap_i64 {grown})'})"

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
        lines += [_digest(k, memory.address) for k, memory in enumerate(self.memories)]
        lines += [
            f'(func (export "size{k}") (result {memory.address}) (memory.size {k}))'
            for k, memory in enumerate(self.memories)
        ]
        if self.chance(0.15):
            lines.append(
                "(func $start (drop (call $f0 (i32.const 1) (i32.const 2)))) (start $start)"
            )
        return Program(
            "\n".join([*lines, ")"]),
            self.calls(),
            self.imports(),
            self.features(),
            lowered=self.lowerable,
        )

    def calls(self) -> tuple[Call, ...]:
        """Six calls; after each the private memories are digested."""
        found = []
        for _ in range(6):
            arguments = i32(self.pick(INTERESTING)), i32(self.pick(INTERESTING))
            found.append(Call(f"f{self.random.randrange(self.functions)}", arguments))
            for k in range(len(self.memories)):
                found += [Call(f"size{k}"), Call(f"digest{k}")]
        return tuple(found)

    def imports(self) -> tuple[Import, ...]:
        """The memories, and the host, which looks at memories, writes into one, and grows one now and then."""
        found = [
            Import("env", memory.imported, "memory", memory.type, same_as=memory.same_as)
            for memory in self.memories
            if memory.imported is not None
        ]
        seen = [f"env.{memory.imported}" for memory in self.memories if memory.imported is not None]
        seen += [f"memory{k}" for k, memory in enumerate(self.memories) if memory.exported]
        effects: list[tuple[Effect, ...]] = []
        for k in range(4):
            looks = [("look", name) for name in seen]
            if not seen:
                break
            where = self.random.randrange(1024)
            now: list[Effect] = [*looks, ("write", self.pick(seen), where, k + 1)]
            if k == 2:
                now.append(("grow", self.pick(seen), 1))
            effects.append(tuple(now))
        type_ = {"parameters": ["i32"], "results": ["i32"]}
        found.append(Import("env", "host", "function", type_, tuple(effects)))
        return tuple(found)

    def features(self) -> frozenset[str]:
        found = {"multi-memory", "threads"}
        if any(memory.shared and memory.imported is not None for memory in self.memories):
            found.add("shared-imports")
        if any(memory.address == "i64" for memory in self.memories):
            found.add("memory64")
        return frozenset(found)

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
            lines.append(f'(data (memory {memory}) ({self.at(memory)}.const {start}) "{content}")')
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


def _digest(memory: int, address: str) -> str:
    """A function that digests the bytes of a memory at its start and at its end."""
    return f"""(func (export "digest{memory}") (result i32) (local $i {address}) (local $end {address}) (local $h i32)
  (local.set $end ({address}.mul (memory.size {memory}) ({address}.const {PAGE})))
  (block $done (loop $next
    (br_if $done ({address}.ge_u (local.get $i) (local.get $end)))
    (local.set $h (i32.add (i32.mul (local.get $h) (i32.const 31)) (i32.load8_u {memory} (local.get $i))))
    (local.set $i ({address}.add (local.get $i) ({address}.const 1)))
    (if ({address}.eq (local.get $i) ({address}.const {DIGEST_START}))
      (then (local.set $i ({address}.sub (local.get $end) ({address}.const {DIGEST_END})))))
    (br $next)))
  (local.get $h))"""


def generate(random: Random) -> Program:
    """A program of a few memories, most of which can be lowered for an engine of one 32-bit memory."""
    return Memories(random, lowerable=random.random() < 0.75).program()
