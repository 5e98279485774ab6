"""Tables of all element and address types, and calls through them: aims at table instructions and indirect calls.

Functions of equal, sub- and other types lie in several tables; elements are set, grown, filled, copied and
initialised, also out of bounds, and what lies where is seen by calling it.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from fuzz.program import Call, Program, i32
from fuzz.writer import Writer

_TYPES: Final[dict[str, str]] = {
    "$v": "(func (result i32))",
    "$i": "(func (param i32) (result i32))",
    "$l": "(func (param i64) (result i64))",
    "$sub": "(func (param i32) (result i32))",
    "$any": "(func (param i32) (result anyref))",
    "$i31": "(func (param i32) (result i31ref))",
}
_FUNCTIONS: Final = ("$f0", "$f1", "$f2", "$f3", "$f4", "$f5", "$f6", "$f7")
_FUNCTION_TYPES: Final = ("$v", "$i", "$i", "$l", "$sub", "$any", "$i31", "$i")

HEADER: Final = """
 (rec (type $i (sub (func (param i32) (result i32)))) (type $sub (sub final $i (func (param i32) (result i32)))))
 (type $v (func (result i32))) (type $l (func (param i64) (result i64)))
 (type $any (sub (func (param i32) (result anyref)))) (type $i31 (sub $any (func (param i32) (result i31ref))))
 (global $h (export "h") (mut i32) (i32.const 1))
 (func $mark (param i32)
  (global.set $h (i32.add (i32.mul (global.get $h) (i32.const 31)) (local.get 0))))
 (func $f0 (type $v) (call $mark (i32.const 1)) (global.get $h))
 (func $f1 (type $i) (i32.add (local.get 0) (i32.const 1)))
 (func $f2 (type $i) (i32.mul (local.get 0) (i32.const 3)))
 (func $f3 (type $l) (i64.add (local.get 0) (i64.const 7)))
 (func $f4 (type $sub) (i32.xor (local.get 0) (i32.const 0x55)))
 (func $f5 (type $any) (ref.i31 (local.get 0)))
 (func $f6 (type $i31) (ref.i31 (i32.add (local.get 0) (i32.const 1))))
 (func $f7 (type $i) (call $mark (local.get 0)) (i32.const 9))
"""


@dataclass(frozen=True)
class Table:
    """A table of the program."""

    name: str
    element: str
    address: str
    size: int

    @property
    def functions(self) -> bool:
        """Whether its elements are functions."""
        return self.element in ("funcref", "(ref null $i)", "(ref null func)")


class Tables(Writer):
    """Writes functions over tables."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        elements = ("funcref", "funcref", "(ref null $i)", "externref", "anyref", "i31ref")
        self.tables = [
            Table(
                f"$t{k}",
                "funcref" if k == 0 else self.one(elements),
                self.pick("i32", "i32", "i32", "i64"),
                self.pick(3, 4, 8),
            )
            for k in range(self.pick(1, 2, 3))
        ]
        self.segments = {
            "$e0": "funcref",
            "$e1": "(ref null $i)",
            "$e2": "i31ref",
            "$e3": "externref",
        }

    def table(self) -> Table:
        return self.one(self.tables)

    def integer(self, depth: int = 1) -> str:
        """An i32."""
        local = self.pick("$a", "$b", "$c")
        match self.below(7 if depth else 3):
            case 0:
                return f"(i32.const {self.below(6)})"
            case 1 | 2:
                return f"(local.get {local})"
            case 3:
                return f"(i32.and {self.integer(depth - 1)} (i32.const {self.pick(1, 3)}))"
            case 4:
                return self.called(depth)
            case 5:
                table = self.table()
                size = f"(table.size {table.name})"
                return size if table.address == "i32" else f"(i32.wrap_i64 {size})"
        table = self.table()
        return f"(ref.is_null (table.get {table.name} {self.index(table)}))"

    def index(self, table: Table) -> str:
        """An index: mostly of an element."""
        form = self.random.random()
        last = table.size - 1
        if form < 0.55:
            number = f"(i32.const {self.below(table.size)})"
        elif form < 0.9:
            number = f"(i32.and {self.integer(0)} (i32.const {self.pick(1, 3) & last | 1}))"
        elif form < 0.97:
            number = self.integer(0)
        else:
            wide = (
                self.pick(-1, 1 << 31, table.size, 1 << 32)
                if table.address == "i64"
                else self.pick(-1, table.size)
            )
            return f"({table.address}.const {wide})"
        return number if table.address == "i32" else f"(i64.extend_i32_u {number})"

    def count(self, table: Table) -> str:
        return f"({table.address}.const {self.pick(0, 1, 1, 2, 3)})"

    def element(self, table: Table) -> str:
        """An element for a table."""
        if self.chance(0.1):
            heap = {
                "funcref": "func",
                "(ref null $i)": "$i",
                "externref": "extern",
                "anyref": "any",
            }
            return f"(ref.null {heap.get(table.element, 'i31')})"
        if self.chance(0.3):
            same = [t for t in self.tables if t.element == table.element]
            other = self.one(same)
            return f"(table.get {other.name} {self.index(other)})"
        match table.element:
            case "funcref":
                return f"(ref.func {self.one(_FUNCTIONS)})"
            case "(ref null $i)":
                return f"(ref.func {self.pick('$f1', '$f2', '$f4', '$f7')})"
            case "externref":
                return f"(extern.convert_any (ref.i31 {self.integer(0)}))"
        return f"(ref.i31 {self.integer(0)})"

    def called(self, depth: int) -> str:
        """A call through a table whose result is an i32."""
        table = self.one([t for t in self.tables if t.functions])
        index = self.index(table)
        type_ = self.pick("$v", "$i", "$i", "$i", "$l", "$sub", "$any", "$i31")
        if table.element == "(ref null $i)":
            type_ = self.pick("$i", "$i", "$sub")
        argument = {"$v": "", "$l": f"(i64.extend_i32_s {self.integer(depth - 1)})"}.get(
            type_, self.integer(depth - 1)
        )
        if self.chance(0.2) and type_ in ("$i", "$sub"):
            got = f"(ref.cast (ref {type_}) (table.get {table.name} {index}))"
            return f"(call_ref {type_} {argument} {got})"
        call = f"(call_indirect {table.name} (type {type_}) {argument} {index})"
        if type_ == "$l":
            return f"(i32.wrap_i64 {call})"
        if type_ in ("$any", "$i31"):
            return f"(i31.get_s (ref.cast (ref i31) {call}))"
        return call

    def safe_call(self) -> str:
        """A call that is made only if the element has the type."""
        table = self.one([t for t in self.tables if t.functions])
        type_ = (
            self.pick("$i", "$sub")
            if table.element != "funcref"
            else self.pick("$i", "$sub", "$v", "$l", "$any")
        )
        index = self.index(table)
        argument = {"$v": "", "$l": "(i64.const 5)"}.get(type_, self.integer(0))
        end = {"$l": "(i32.wrap_i64)", "$any": "(ref.cast (ref i31)) (i31.get_s)"}.get(type_, "")
        test = f"(ref.test (ref {type_}) (table.get {table.name} {index}))"
        call = f"(call_indirect {table.name} (type {type_}) {argument} {index}) {end}"
        return f"(if {test} (then {call} (call $mark)))"

    def statement(self, depth: int = 0) -> str:
        table = self.table()
        form = self.random.random()
        if form < 0.2:
            return self.safe_call()
        if form < 0.3:
            return f"(call $mark {self.integer()})"
        if form < 0.45:
            return f"(table.set {table.name} {self.index(table)} {self.element(table)})"
        if form < 0.53:
            grown = f"(table.grow {table.name} {self.element(table)} {self.count(table)})"
            return f"(call $mark {grown if table.address == 'i32' else f'(i32.wrap_i64 {grown})'})"
        if form < 0.6:
            return f"(table.fill {table.name} {self.index(table)} {self.element(table)} {self.count(table)})"
        if form < 0.7:
            return self.copy(table)
        if form < 0.8:
            return self.init(table)
        if form < 0.83:
            return f"(elem.drop {self.one(list(self.segments))})"
        if form < 0.9 and depth < 2:
            return f"(if {self.integer()} (then {self.statement(depth + 1)} {self.statement(depth + 1)}))"
        return f"(local.set {self.pick('$a', '$b', '$c')} {self.integer()})"

    def copy(self, table: Table) -> str:
        other = self.one([t for t in self.tables if t.element == table.element])
        narrow = "i64" if table.address == other.address == "i64" else "i32"
        count = f"({narrow}.const {self.pick(0, 1, 2)})"
        return f"(table.copy {table.name} {other.name} {self.index(table)} {self.index(other)} {count})"

    def init(self, table: Table) -> str:
        fitting = [
            name
            for name, element in self.segments.items()
            if element == table.element
            or (table.element == "funcref" and element == "(ref null $i)")
            or (table.element == "anyref" and element == "i31ref")
        ]
        if not fitting:
            return ""
        operands = (
            f"{self.index(table)} (i32.const {self.below(3)}) (i32.const {self.pick(0, 1, 1, 2)})"
        )
        return f"(table.init {table.name} {self.one(fitting)} {operands})"

    def definitions(self) -> str:
        """Tables and segments."""
        found = []
        for table in self.tables:
            address = "i64 " if table.address == "i64" else ""
            initial = f" {self.element_constant(table)}" if self.chance(0.3) else ""
            maximum = self.pick("", f" {table.size}", f" {table.size + 3}", " 100")
            limits = f"{address}{table.size}{maximum}"
            export = f'(export "{table.name[1:]}")'
            found.append(f"(table {table.name} {export} {limits} {table.element}{initial})")
            if table.functions and self.chance(0.9):
                pool = _FUNCTIONS if table.element == "funcref" else ("$f1", "$f2", "$f4", "$f7")
                functions = " ".join(
                    f"(ref.func {self.one(pool)})" for _ in range(self.pick(1, 2, 3))
                )
                offset = f"({table.address}.const 0)"
                found.append(f"(elem (table {table.name}) {offset} {table.element} {functions})")
        found.append(
            "(elem $e0 funcref (ref.func $f1) (ref.func $f2) (ref.null func) (ref.func $f6))"
        )
        found.append("(elem $e1 (ref null $i) (ref.func $f4) (ref.func $f1) (ref.func $f7))")
        found.append(
            "(elem $e2 i31ref (ref.i31 (i32.const 1)) (ref.null i31) (ref.i31 (i32.const -3)))"
        )
        found.append("(elem $e3 externref (ref.null extern) (ref.null extern) (ref.null extern))")
        return " ".join(found)

    def element_constant(self, table: Table) -> str:
        return {
            "funcref": "(ref.func $f1)",
            "(ref null $i)": "(ref.func $f2)",
            "externref": "(ref.null extern)",
        }.get(table.element, "(ref.i31 (i32.const 77))")

    def function(self, name: str) -> str:
        body = " ".join(self.statement() for _ in range(self.pick(1, 2, 3, 5)))
        return (
            f'(func (export "{name}") (param $a i32) (param $b i32) (result i32) (local $c i32) '
            f"{body} {self.integer(2)})"
        )


def generate(random: Random) -> Program:
    """A program of a few functions, called in turn."""
    writer = Tables(random)
    names = [f"f{k}" for k in range(writer.pick(2, 3, 4))]
    functions = " ".join(writer.function(name) for name in names)
    text = f"(module {HEADER} (elem declare func {' '.join(_FUNCTIONS)}) {writer.definitions()} {functions})"
    calls = tuple(
        Call(random.choice(names), (i32(random.randrange(6)), i32(random.randrange(6))))
        for _ in range(8)
    )
    wide = any(table.address == "i64" for table in writer.tables)
    return Program(text, calls, features=frozenset({"gc", "memory64"} if wide else {"gc"}))
