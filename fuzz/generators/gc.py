"""Structures, arrays, i31 references and casts over recursion groups: aims at casts and at references as operands.

Types form small hierarchies; references of all of them are made, tested, cast, branched on and compared. What is in
fields and elements is seen as numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from fuzz.algebra import Algebra, Part
from fuzz.program import Call, Program, f64, i32, i64

_NUMBERS: Final = ("i32", "i64", "f64", "f32")
_STORAGE: Final = ("i32", "i8", "i16", "i64", "f64", "f32", "i32", "i8")
_ABSTRACT: Final = ("any", "eq", "struct", "array", "i31", "extern")


DATA: Final = "".join(
    f"\\{byte:02x}" for byte in (1, 2, 3, 0x80, 0xFF, 0xFE, 0x7F, *bytes(9), 0xF0, 0x3F, *range(30))
)


@dataclass(frozen=True)
class Kind:
    """A type of structures or arrays."""

    name: str
    fields: tuple[str, ...]
    """Storage types; of an array, that of its elements."""
    array: bool = False
    parent: Kind | None = None

    def is_a(self, other: Kind) -> bool:
        """Whether it is the other type or a subtype of it."""
        return self is other or (self.parent is not None and self.parent.is_a(other))


def _unpacked(storage: str) -> str:
    return "i32" if storage in ("i8", "i16") else storage


class Gc(Algebra):
    """Writes functions over references."""

    def __init__(self, random: Random) -> None:
        super().__init__(random, _NUMBERS)
        self.locals = {"i32": ("$a", "$b"), "i64": ("$x",), "f64": ("$u",), "f32": ()}
        self.kinds = self._kinds()
        self.references = {f"$r{k.name[1:]}": k.name for k in self.kinds}
        self.references |= {"$ra": "any", "$rb": "any", "$re": "eq", "$ri": "i31", "$rx": "extern"}
        self.nulls = self.pick(0.0, 0.0, 0.02, 0.1)
        self.wrong = self.pick(0.02, 0.1)
        """How often a cast is one that may fail."""

    # Types

    def _kinds(self) -> list[Kind]:
        kinds: list[Kind] = []
        for k in range(self.pick(2, 3, 4)):
            parent = (
                self.one([*(kind for kind in kinds if not kind.array), None])
                if self.chance(0.7)
                else None
            )
            own = tuple(self.storage(kinds) for _ in range(self.pick(0, 1, 1, 2)))
            first = parent.fields if parent else (self.storage(kinds),)
            kinds.append(Kind(f"$s{k}", first + own, parent=parent))
        for k in range(self.pick(1, 2, 3)):
            kinds.append(Kind(f"$v{k}", (self.storage(kinds),), array=True))
        return kinds

    def storage(self, kinds: list[Kind]) -> str:
        if kinds and self.chance(0.25):
            return f"(ref null {self.one(kinds).name})"
        return self.pick("anyref", "eqref", "i31ref") if self.chance(0.15) else self.one(_STORAGE)

    def definitions(self) -> str:
        """The definitions, all in one recursion group or each on its own."""
        found = []
        for kind in self.kinds:
            fields = " ".join(f"(field (mut {storage}))" for storage in kind.fields)
            inside = f"(array (mut {kind.fields[0]}))" if kind.array else f"(struct {fields})"
            parent = f" {kind.parent.name}" if kind.parent else ""
            found.append(f"(type {kind.name} (sub{parent} {inside}))")
        return f"(rec {' '.join(found)})" if self.chance(0.6) else " ".join(found)

    def fitting(self, heap: str) -> list[Kind]:
        """The kinds whose references have a heap type."""
        if heap in ("any", "eq"):
            return self.kinds
        if heap in ("struct", "array"):
            return [kind for kind in self.kinds if kind.array == (heap == "array")]
        own = [kind for kind in self.kinds if kind.name == heap]
        return [kind for kind in self.kinds if own and kind.is_a(own[0])]

    # References

    def new(self, kind: Kind, depth: int) -> str:
        """A new structure or array."""
        if not kind.array:
            if self.chance(0.1) or depth <= -1:
                return f"(struct.new_default {kind.name})"
            values = " ".join(self.stored(storage, depth - 1) for storage in kind.fields)
            return f"(struct.new {kind.name} {values})"
        storage = kind.fields[0]
        match self.below(6):
            case 0:
                return f"(array.new_default {kind.name} (i32.const {self.pick(4, 5, 8)}))"
            case 1 if storage in ("i8", "i16", "i32", "i64", "f64", "f32"):
                return f"(array.new_data {kind.name} $d (i32.const {self.below(4)}) (i32.const {self.pick(1, 4, 5)}))"
            case 2 if storage in ("anyref", "eqref", "i31ref"):
                return (
                    f"(array.new_elem {kind.name} $e (i32.const 0) (i32.const {self.pick(2, 4)}))"
                )
            case 3 | 4:
                count = self.pick(4, 4, 5, 1)
                values = " ".join(self.stored(storage, depth - 1) for _ in range(count))
                return f"(array.new_fixed {kind.name} {count} {values})"
        return f"(array.new {kind.name} {self.stored(storage, depth - 1)} (i32.const {self.pick(4, 6)}))"

    def stored(self, storage: str, depth: int) -> str:
        """A value for a field."""
        if storage in (*_NUMBERS, "i8", "i16"):
            return self.value(_unpacked(storage), min(depth, 2))
        heap = {"anyref": "any", "eqref": "eq", "i31ref": "i31"}.get(storage) or storage[10:-1]
        return self.reference(heap, depth)

    def reference(self, heap: str, depth: int) -> str:
        """An expression of ``(ref null heap)``."""
        if self.chance(self.nulls):
            return f"(ref.null {heap})"
        names = [n for n, own in self.references.items() if own == heap]
        if depth <= 0 or self.chance(0.25):
            if names and self.chance(0.8):
                return f"(local.get {self.one(names)})"
            return self.made(heap, 0)
        match self.below(9):
            case 0 if names:
                return f"(local.tee {self.one(names)} {self.reference(heap, depth - 1)})"
            case 1:
                a, b = self.reference(heap, depth - 1), self.reference(heap, depth - 1)
                return f"(select (result (ref null {heap})) {a} {b} {self.value('i32', 1)})"
            case 2:
                a, b = self.reference(heap, depth - 1), self.reference(heap, depth - 1)
                return (
                    f"(if (result (ref null {heap})) {self.value('i32', 1)} (then {a}) (else {b}))"
                )
            case 3 if heap != "extern":
                return self.cast(heap, depth)
            case 4 if heap != "extern":
                return self.branched(heap, depth)
            case 5:
                return self.field_of(heap, depth) or self.made(heap, depth)
            case 6 if heap == "any":
                return f"(any.convert_extern {self.reference('extern', depth - 1)})"
        return self.made(heap, depth)

    def made(self, heap: str, depth: int) -> str:
        if heap == "extern":
            return f"(extern.convert_any {self.reference('any', depth - 1)})"
        kinds = self.fitting(heap)
        if heap in ("any", "eq", "i31") and (not kinds or heap == "i31" or self.chance(0.3)):
            return f"(ref.i31 {self.value('i32', 1)})"
        return self.new(self.one(kinds), depth)

    def non_null(self, heap: str, depth: int) -> str:
        """An expression whose value is seldom null."""
        text = self.made(heap, depth) if self.chance(0.4) else self.reference(heap, depth)
        return f"(ref.as_non_null {text})" if self.chance(0.1) else text

    def cast(self, heap: str, depth: int) -> str:
        """A cast to a type, that mostly succeeds."""
        source = "any" if self.chance(self.wrong) else heap
        inside = self.reference(source, depth - 1)
        null = "null " if self.chance(0.8) else ""
        return f"(ref.cast (ref {null}{heap}) {inside})"

    def branched(self, heap: str, depth: int) -> str:
        """A branch on a cast or on null, taken or not."""
        label = self.name()
        wide = "any"
        null = self.pick("null ", "")
        inside = self.reference(self.pick("any", heap), depth - 1)
        other = self.reference(heap, depth - 1)
        target = f"(ref {null}{heap})"
        match self.below(4):
            case 0:
                test = f"(br_on_cast {label} (ref null {wide}) {target} {inside})"
                return f"(block {label} (result {target}) (drop {test}) (ref.as_non_null {other}))"
            case 1:
                test = f"(br_on_cast_fail {label} (ref null {wide}) {target} {inside})"
                failed = f"(block {label} (result (ref null {wide})) (br {label}o {test}))"
                return f"(block {label}o (result (ref null {heap})) (drop {failed}) {other})"
            case 2:
                test = f"(br_on_null {label} {self.reference(heap, depth - 1)})"
                return f"(block {label}o (result (ref null {heap})) (block {label} (br {label}o {test})) {other})"
        test = f"(br_on_non_null {label} {self.reference(heap, depth - 1)})"
        return f"(block {label} (result (ref {heap})) {test} (ref.as_non_null {other}))"

    def field_of(self, heap: str, depth: int) -> str | None:
        """A field or an element of a reference type."""
        wanted = {
            f"(ref null {heap})",
            {"any": "anyref", "eq": "eqref", "i31": "i31ref"}.get(heap, ""),
        }
        found = [(kind, k) for kind in self.kinds for k, f in enumerate(kind.fields) if f in wanted]
        return self.got(*self.one(found), depth) if found else None

    def got(self, kind: Kind, k: int, depth: int) -> str:
        """A field of a structure, or an element of an array."""
        storage = kind.fields[k]
        sign = self.pick("_s", "_u") if storage in ("i8", "i16") else ""
        reference = self.non_null(kind.name, depth - 1)
        if kind.array:
            return f"(array.get{sign} {kind.name} {reference} {self.index()})"
        return f"(struct.get{sign} {kind.name} {k} {reference})"

    def index(self) -> str:
        if self.chance(0.5):
            return f"(i32.const {self.below(4)})"
        if self.chance(0.05):
            return self.value("i32", 1)
        return f"(i32.and {self.value('i32', 1)} (i32.const {self.pick(1, 3)}))"

    # Numbers

    def part(self, type_: str, depth: int) -> Part:
        if depth > 0 and self.chance(0.45):
            text = self.looked(type_, depth)
            if text:
                return Part(text, type_)
        return super().part(type_, depth)

    def looked(self, type_: str, depth: int) -> str | None:
        """A number that comes from a reference."""
        if type_ == "i32" and self.chance(0.6):
            return self.asked(depth)
        found = [
            (kind, k)
            for kind in self.kinds
            for k, f in enumerate(kind.fields)
            if _unpacked(f) == type_
        ]
        return self.got(*self.one(found), depth) if found else None

    def asked(self, depth: int) -> str:
        """An i32 that tells something about references."""
        heap = self.one([*(kind.name for kind in self.kinds), "eq", "struct", "array", "i31"])
        match self.below(7):
            case 0 | 1:
                null = self.pick("null ", "")
                return f"(ref.test (ref {null}{heap}) {self.reference('any', depth - 1)})"
            case 2:
                return (
                    f"(ref.eq {self.reference(heap, depth - 1)} {self.reference('eq', depth - 1)})"
                )
            case 3:
                return f"(ref.is_null {self.reference(self.one((heap, 'extern')), depth - 1)})"
            case 4:
                return f"(i31.get_{self.pick('s', 'u')} {self.non_null('i31', depth - 1)})"
        arrays = [kind.name for kind in self.kinds if kind.array]
        return f"(array.len {self.non_null(self.one(arrays), depth - 1)})"

    # Statements

    def statement(self, depth: int = 0) -> str:
        form = self.random.random()
        if form < 0.3:
            name = self.one(list(self.references))
            return f"(local.set {name} {self.reference(self.references[name], self.pick(1, 2, 3))})"
        if form < 0.5:
            return self.write()
        if form < 0.65:
            return f"(call $mark {self.value('i32', 3)})"
        if form < 0.75 and depth < 2:
            inside = " ".join(self.statement(depth + 1) for _ in range(self.pick(1, 2)))
            return f"(if {self.value('i32', 2)} (then {inside}))"
        if form < 0.82 and depth == 0:
            loop = self.name()
            inside = " ".join(self.statement(1) for _ in range(self.pick(1, 2)))
            count = "(local.tee $n (i32.sub (local.get $n) (i32.const 1)))"
            return f"(local.set $n (i32.const 3)) (loop {loop} {inside} (br_if {loop} {count}))"
        if form < 0.9:
            return f"(global.set $g {self.reference('any', 2)}) (local.set $ra (global.get $g))"
        type_ = self.pick("i32", "i64", "f64")
        return f"(local.set {self.one(self.locals[type_])} {self.value(type_, 3)})"

    def write(self) -> str:
        """A statement that writes fields or elements."""
        kind = self.one(self.kinds)
        reference = self.non_null(kind.name, 2)
        if not kind.array:
            k = self.below(len(kind.fields))
            return f"(struct.set {kind.name} {k} {reference} {self.stored(kind.fields[k], 2)})"
        storage = kind.fields[0]
        number = storage in (*_NUMBERS, "i8", "i16")
        count = f"(i32.const {self.pick(0, 1, 2)})"
        match self.below(6):
            case 0:
                value = self.stored(storage, 2)
                return f"(array.fill {kind.name} {reference} {self.index()} {value} {count})"
            case 1:
                other = self.non_null(kind.name, 2)
                operands = f"{reference} {self.index()} {other} {self.index()} {count}"
                return f"(array.copy {kind.name} {kind.name} {operands})"
            case 2 if number:
                return f"(array.init_data {kind.name} $d {reference} {self.index()} {self.index()} {count})"
            case 2 if storage in ("anyref", "eqref", "i31ref"):
                return f"(array.init_elem {kind.name} $e {reference} {self.index()} {self.index()} {count})"
            case 3 if self.chance(0.1):
                return self.pick("(data.drop $d)", "(elem.drop $e)")
        return f"(array.set {kind.name} {reference} {self.index()} {self.stored(storage, 2)})"

    def function(self) -> str:
        starts = []
        for name, heap in self.references.items():
            starts.append(f"(local.set {name} {self.made(heap, 1)})")
        body = " ".join(self.statement() for _ in range(self.pick(3, 5, 8)))
        declared = " ".join(f"(local {n} (ref null {heap}))" for n, heap in self.references.items())
        return f"""(func (export "f") (param $a i32) (param $x i64) (param $u f64) (result i32)
  (local $b i32) (local $n i32) {declared} {self.canonical_locals()} {" ".join(starts)} {body}
  (call $mark {self.value("i32", 3)}) (i32.wrap_i64 {self.value("i64", 3)}))"""


def generate(random: Random) -> Program:
    """A program of one function over a few types, called a few times."""
    writer = Gc(random)
    types = writer.definitions()
    function = writer.function()
    text = f"""(module {types} (global $h (export "h") (mut i32) (i32.const 1)) (global $g (mut anyref) (ref.null any))
 (data $d "{DATA}")
 (elem $e i31ref (ref.i31 (i32.const 5)) (ref.null i31) (ref.i31 (i32.const -1)) (ref.i31 (i32.const 9))
  (ref.i31 (i32.const 10)) (ref.i31 (i32.const 11)) (ref.i31 (i32.const 12)))
 {writer.canonical_functions()}
 (func $mark (param i32)
  (global.set $h (i32.add (i32.mul (global.get $h) (i32.const 31)) (local.get 0))))
 {function})"""
    calls = tuple(
        Call(
            "f",
            (
                i32(random.randrange(9)),
                i64(random.randrange(99)),
                f64(random.choice((0.0, -1.5, 1e9))),
            ),
        )
        for _ in range(4)
    )
    return Program(text, calls, features=frozenset({"gc"}))
