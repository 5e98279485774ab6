"""Memories, globals and tables under two names, and calls that change them: aims at what is kept over what.

Operands read through one name while a later operand writes through the other, grows, drops or replaces: loads before
stores, sizes before growth, globals and elements before calls, segments before their drop, bases of memories in locals.
"""

from __future__ import annotations

from random import Random
from typing import Final

from fuzz.algebra import Algebra, Part
from fuzz.program import Call, Effect, Import, Program, i32, i64

_PARAMETERS: Final = {"$a": "i32", "$b": "i32", "$x": "i64"}
_LOCALS: Final = {"$c": "i32", "$d": "i32", "$y": "i64"}
_NAMES: Final = {**_PARAMETERS, **_LOCALS}


class Aliasing(Algebra):
    """Writes functions over imports that are the same twice."""

    def __init__(self, random: Random) -> None:
        super().__init__(random, ("i32", "i64"))
        self.locals = {t: tuple(n for n, own in _NAMES.items() if own == t) for t in self.types}
        self.two_memories = self.chance(0.5)
        self.memories = ((0, "i32"), (1, "i32")) if self.two_memories else ((0, "i32"),)
        self.changes = self.pick(2, 3, 4)
        """How many functions change things."""
        self.in_change = False

    def address(self, type_: str, depth: int, size: int) -> str:
        """Few addresses, so that accesses meet."""
        if self.chance(0.85):
            return f"({type_}.const {self.below(8) * self.pick(1, 4, 8)})"
        if self.chance(0.5):
            return f"({type_}.and {self.value(type_, depth - 1)} ({type_}.const 31))"
        return super().address(type_, depth, size)

    def memory(self) -> str:
        return self.pick("0", "1") if self.two_memories else "0"

    def part(self, type_: str, depth: int) -> Part:
        form = self.random.random()
        if depth > 0 and form < 0.2 and not self.in_change:
            return Part(self.changing(type_, depth), type_)
        if form < 0.32:
            return Part(f"(global.get {self.global_(type_)})", type_)
        if depth > 0 and form < 0.5:
            return self.load(type_, depth)
        if type_ == "i32" and form < 0.62:
            return Part(self.state(depth), type_)
        return super().part(type_, depth)

    def global_(self, type_: str) -> str:
        if type_ == "i32":
            return self.pick("$g0", "$g1", "$own32")
        return self.pick("$w0", "$w1", "$own64")

    def state(self, depth: int) -> str:
        """An i32 that depends on the state of something."""
        element = f"(i32.and {self.value('i32', depth - 1)} (i32.const 3))"
        table = self.pick("$t0", "$t1")
        match self.below(6):
            case 0:
                return f"(memory.size {self.memory()})"
            case 1:
                return f"(table.size {table})"
            case 2:
                return f"(ref.is_null (table.get {table} {element}))"
            case 3:
                return f"(call_indirect {table} (type $i) {self.value('i32', depth - 1)} {element})"
            case 4:
                return f"(i32.shl (memory.size {self.memory()}) (i32.const {self.pick(1, 16)}))"
        return f"(call_ref $i {self.value('i32', depth - 1)} (ref.cast (ref $i) (table.get {table} {element})))"

    def changing(self, type_: str, depth: int) -> str:
        """A call that changes what others read."""
        operand = self.value("i32", depth - 1)
        if type_ == "i64":
            return f"(i64.extend_i32_{self.pick('s', 'u')} (call $change{self.below(self.changes)} {operand}))"
        match self.below(8):
            case 0:
                return f"(call $host {operand})"
            case 1:
                return f"(memory.grow {self.memory()} (i32.const {self.pick(0, 1)}))"
            case 2:
                return f"(table.grow {self.pick('$t0', '$t1')} (ref.null func) (i32.const 1))"
        return f"(call $change{self.below(self.changes)} {operand})"

    def change(self) -> str:
        """A statement that changes something."""
        value = self.value("i32", 1)
        memory = self.memory()
        element = self.below(4)
        match self.below(12):
            case 0 | 1:
                return f"(i32.store{self.pick('', '8', '16')} {memory} {self.address('i32', 1, 4)} {value})"
            case 2:
                return f"(i64.store {memory} {self.address('i32', 1, 8)} {self.value('i64', 1)})"
            case 3 | 4:
                return f"(global.set {self.global_('i32')} {value})"
            case 5:
                return f"(global.set {self.global_('i64')} {self.value('i64', 1)})"
            case 6:
                function = self.pick("(ref.func $inc)", "(ref.func $twice)", "(ref.null func)")
                return f"(table.set {self.pick('$t0', '$t1')} (i32.const {element}) {function})"
            case 7:
                return f"(drop (memory.grow {memory} (i32.const 1)))"
            case 8:
                return self.pick("(data.drop $d)", "(elem.drop $e)")
            case 9:
                return f"(memory.fill {memory} {self.address('i32', 1, 1)} {value} (i32.const {self.pick(1, 4, 9)}))"
            case 10:
                other = self.memory()
                operands = f"{self.address('i32', 1, 1)} {self.address('i32', 1, 1)} (i32.const {self.pick(1, 7)})"
                return f"(memory.copy {memory} {other} {operands})"
        return f"(table.fill {self.pick('$t0', '$t1')} (i32.const {element}) (ref.func $twice) (i32.const 1))"

    def bulk(self) -> str:
        """An instruction of several operands, the later of which may change what it works on."""
        x = self.pick("i32", "i64")
        address, count = self.value("i32", 2), self.value("i32", 1)
        near = f"(i32.and {address} (i32.const 31))"
        few = f"(i32.and {count} (i32.const {self.pick(3, 7)}))"
        start = f"(i32.and {self.value('i32', 2)} (i32.const 3))"
        match self.below(7):
            case 0:
                return f"(memory.init {self.memory()} $d {near} {start} {few})"
            case 1:
                element = f"(i32.and {address} (i32.const 3))"
                return f"(table.init {self.pick('$t0', '$t1')} $e {element} {start} (i32.const {self.pick(0, 1)}))"
            case 2:
                return f"(memory.copy {self.memory()} {self.memory()} {near} {start} {few})"
            case 3:
                return (
                    f"(table.copy $t0 $t1 (i32.and {address} (i32.const 1)) {start} (i32.const 1))"
                )
            case 4:
                return f"(memory.fill {self.memory()} {near} {self.value('i32', 2)} {few})"
            case 5:
                return f"({x}.store {self.memory()} {near} {self.value(x, 3)})"
        return f"(table.set {self.pick('$t0', '$t1')} (i32.and {address} (i32.const 3)) (ref.func $inc))"

    def statement(self, depth: int = 0) -> str:
        form = self.random.random()
        if form < 0.3:
            type_ = self.pick("i32", "i64")
            return (
                f"(local.set {self.one(self.locals[type_])} {self.value(type_, self.pick(2, 3))})"
            )
        if form < 0.5:
            return self.bulk()
        if form < 0.6:
            return self.change()
        if form < 0.7:
            return f"(drop {self.changing('i32', 2)})"
        if form < 0.8 and depth < 2:
            inside = " ".join(self.statement(depth + 1) for _ in range(self.pick(1, 2)))
            return f"(if {self.value('i32', 2)} (then {inside}))"
        if form < 0.88 and depth < 1:
            loop = self.name()
            inside = " ".join(self.statement(depth + 1) for _ in range(self.pick(1, 2)))
            count = "(local.tee $n (i32.sub (local.get $n) (i32.const 1)))"
            return f"(local.set $n (i32.const {self.pick(2, 3)})) (loop {loop} {inside} (br_if {loop} {count}))"
        # Operands wait on the stack while something happens.
        waiting = self.value("i32", 2)
        return f"(call $mark (i32.add {waiting} (block (result i32) {self.change()} {self.value('i32', 1)})))"

    def changer(self, index: int) -> str:
        self.in_change = True
        body = " ".join(self.change() for _ in range(self.pick(1, 1, 2)))
        text = (
            f"(func $change{index} (param $a i32) (result i32) (local $b i32) (local $c i32) (local $d i32)"
            f" (local $x i64) (local $y i64) {body} {self.value('i32', 1)})"
        )
        self.in_change = False
        return text

    def function(self) -> str:
        body = " ".join(self.statement() for _ in range(self.pick(2, 3, 5, 8)))
        parameters = " ".join(f"(param {n} {t})" for n, t in _PARAMETERS.items())
        locals_ = " ".join(f"(local {n} {t})" for n, t in _LOCALS.items())
        return (
            f'(func (export "f") {parameters} (result i32) {locals_} (local $n i32) {body} '
            f"(call $mark (i32.wrap_i64 (local.get $y))) (call $mark (local.get $c)) {self.value('i32', 3)})"
        )


def _imports(writer: Aliasing) -> tuple[Import, ...]:
    memory = {"initial": 1, "maximum": 4}
    imports = [Import("env", "m0", "memory", memory)]
    if writer.two_memories:
        imports.append(Import("env", "m1", "memory", memory, same_as=0))
    for name, valtype in (("g", "i32"), ("w", "i64")):
        first = len(imports)
        described = {"value": valtype, "mutable": True, "init": (valtype, "5")}
        imports.append(Import("env", f"{name}0", "global", described))
        imports.append(Import("env", f"{name}1", "global", described, same_as=first))
    table = {"element": "anyfunc", "initial": 4, "maximum": 12}
    first = len(imports)
    imports.append(Import("env", "t0", "table", table))
    imports.append(Import("env", "t1", "table", table, same_as=first))
    pool: tuple[Effect, ...] = (
        ("grow", "env.m0", 1), ("write", "env.m0", 4, 77), ("write", "env.m0", 9, 255), ("set", "env.g0", i32(1234)),
        ("set", "env.w1", i64(1 << 40)), ("put", "env.t0", 1, None), ("enlarge", "env.t1", 1), ("look", "env.m0"),
    )  # fmt: skip
    effects = tuple(tuple(writer.random.sample(pool, writer.pick(0, 1, 2, 3))) for _ in range(3))
    type_ = {"parameters": ["i32"], "results": ["i32"]}
    imports.append(Import("env", "host", "function", type_, effects))
    return tuple(imports)


def generate(random: Random) -> Program:
    """A program of one function that calls others, called a few times."""
    writer = Aliasing(random)
    imports = _imports(writer)
    function = writer.function()
    changers = " ".join(writer.changer(k) for k in range(writer.changes))
    second = '(import "env" "m1" (memory 1 4))' if writer.two_memories else ""
    text = f"""(module (type $i (func (param i32) (result i32)))
 (import "env" "m0" (memory 1 4)) {second}
 (import "env" "g0" (global $g0 (mut i32))) (import "env" "g1" (global $g1 (mut i32)))
 (import "env" "w0" (global $w0 (mut i64))) (import "env" "w1" (global $w1 (mut i64)))
 (import "env" "t0" (table $t0 4 12 funcref)) (import "env" "t1" (table $t1 4 12 funcref))
 (import "env" "host" (func $host (param i32) (result i32)))
 (global $own32 (export "own32") (mut i32) (i32.const 3)) (global $own64 (export "own64") (mut i64) (i64.const 4))
 (global $h (export "h") (mut i32) (i32.const 1))
 (elem (table $t0) (i32.const 0) func $inc $twice $inc) (elem $e func $twice $inc $twice $inc)
 (data $d "abcdefgh") (data (memory 0) (i32.const 0) "\\01\\02\\03\\04\\ff\\fe\\fd\\fc\\10\\20\\30\\40")
 (func $inc (type $i) (i32.add (local.get 0) (i32.const 1)))
 (func $twice (type $i) (i32.mul (local.get 0) (i32.const 2)))
 (func $mark (param i32)
  (global.set $h (i32.add (i32.mul (global.get $h) (i32.const 31)) (local.get 0))))
 {changers} {function})"""
    calls = tuple(
        Call(
            "f", (i32(random.randrange(40)), i32(random.randrange(5)), i64(random.randrange(1000)))
        )
        for _ in range(4)
    )
    features = {"gc"} | ({"multi-memory"} if writer.two_memories else set())
    return Program(text, calls, imports, frozenset(features))
