"""Tail calls between functions of all pairs of result types: aims at pending calls, and at who runs them.

Functions call each other directly, through tables and by references, in tail position and not, from handlers and
loops, and call the host. Each call costs a unit of fuel, so programs end.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from fuzz.program import Call, Import, Program, i32, i64
from fuzz.writer import Writer

# What may be returned where a type is wanted: itself, or a subtype.
_SUBTYPES: Final[dict[str, tuple[str, ...]]] = {
    "i32": ("i32",),
    "i64": ("i64",),
    "f64": ("f64",),
    "f32": ("f32",),
    "anyref": (
        "anyref",
        "eqref",
        "i31ref",
        "(ref i31)",
        "(ref null $s)",
        "(ref $s)",
        "structref",
        "(ref any)",
    ),
    "eqref": ("eqref", "i31ref", "(ref i31)", "(ref $s)", "(ref null $s)", "structref"),
    "structref": ("structref", "(ref $s)", "(ref null $s)"),
    "i31ref": ("i31ref", "(ref i31)"),
    "(ref null $s)": ("(ref null $s)", "(ref $s)"),
    "(ref $s)": ("(ref $s)",),
    "(ref i31)": ("(ref i31)",),
    "(ref any)": ("(ref any)", "(ref $s)", "(ref i31)"),
    "externref": ("externref",),
    "funcref": ("funcref", "(ref $ii)"),
    "(ref $ii)": ("(ref $ii)",),
}
_RESULTS: Final = (
    (), ("i32",), ("i32",), ("i64",), ("f64",), ("i32", "i64"), ("i64", "i64", "i32"), ("anyref",), ("anyref",),
    ("eqref",), ("(ref $s)",), ("(ref null $s)",), ("structref",), ("i31ref",), ("(ref i31)",), ("(ref any)",),
    ("externref",), ("externref",), ("funcref",), ("(ref $ii)",), ("anyref", "i32"), ("externref", "externref"),
    ("f32",),
)  # fmt: skip

HEADER: Final = """
 (type $s (struct (field i32)))
 (type $ii (func (param i32) (result i32)))
 (tag $t (param i32))
 (global $h (export "h") (mut i32) (i32.const 1))
 (elem declare func $inc)
 (func $mark (param i32)
  (global.set $h (i32.add (i32.mul (global.get $h) (i32.const 31)) (local.get 0))))
 (func $inc (type $ii) (i32.add (local.get 0) (i32.const 1)))
 (func $see_any (param anyref) (result i64)
  (if (ref.is_null (local.get 0)) (then (return (i64.const -1))))
  (if (ref.test (ref i31) (local.get 0))
   (then (return (i64.extend_i32_s (i31.get_s (ref.cast (ref i31) (local.get 0)))))))
  (if (ref.test (ref $s) (local.get 0))
   (then (return (i64.add (i64.const 1000000) (i64.extend_i32_u (struct.get $s 0 (ref.cast (ref $s) (local.get 0))))))))
  (i64.const -2))
 (func $see_func (param funcref) (result i64)
  (if (ref.is_null (local.get 0)) (then (return (i64.const -3))))
  (if (ref.test (ref $ii) (local.get 0))
   (then (return (i64.extend_i32_u (call_ref $ii (i32.const 41) (ref.cast (ref $ii) (local.get 0)))))))
  (i64.const -4))
"""


@dataclass(frozen=True)
class Function:
    """A function of the program: ``(param $n i32) (param $x i64)`` and its results."""

    index: int
    results: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"$f{self.index}"

    @property
    def type(self) -> str:
        return "".join(f"(result {t})" for t in self.results)


class Tails(Writer):
    """Writes functions that call each other."""

    def __init__(self, random: Random, *, host: bool) -> None:
        super().__init__(random)
        self.host = host
        few = [self.one(_RESULTS) for _ in range(self.pick(1, 2, 4))]
        self.functions = []
        for k in range(self.pick(3, 4, 6, 8)):
            results = self.one(few)
            if self.chance(0.5):
                results = tuple(self.one(_SUBTYPES[t]) for t in results)
            self.functions.append(Function(k, results))

    def fitting(self, results: tuple[str, ...]) -> list[Function]:
        """Functions that may be tail-called by one with these results."""
        return [
            f
            for f in self.functions
            if len(f.results) == len(results)
            and all(own in _SUBTYPES[want] for own, want in zip(f.results, results, strict=True))
        ]

    def value(self, type_: str) -> str:
        """An expression of a type over ``$n`` and ``$x``."""
        number = self.pick(
            "(local.get $n)", "(i32.wrap_i64 (local.get $x))", f"(i32.const {self.below(99)})"
        )
        match type_:
            case "i32":
                return number
            case "i64":
                return self.pick("(local.get $x)", "(i64.const -1)")
            case "f64" | "f32":
                return f"({type_}.convert_i64_s (local.get $x))"
            case "(ref i31)" | "i31ref":
                return f"(ref.i31 {number})"
            case "(ref $s)" | "structref":
                return f"(struct.new $s {number})"
            case "(ref null $s)":
                return self.pick("(ref.null $s)", f"(struct.new $s {number})")
            case "anyref" | "eqref":
                return self.pick(
                    "(ref.null none)", f"(ref.i31 {number})", f"(struct.new $s {number})"
                )
            case "(ref any)":
                return self.pick(f"(ref.i31 {number})", f"(struct.new $s {number})")
            case "externref":
                return self.pick("(ref.null extern)", f"(extern.convert_any (ref.i31 {number}))")
            case "funcref":
                return self.pick("(ref.null func)", "(ref.func $inc)")
        return "(ref.func $inc)"

    def see(self, results: tuple[str, ...]) -> str:
        """Take results off the stack and mark them."""
        text = []
        for type_ in reversed(results):
            if type_ == "i32":
                text.append("(call $mark)")
            elif type_ == "externref":
                text.append("(any.convert_extern) (call $see_any) (i32.wrap_i64) (call $mark)")
            elif type_ in ("i64", "f64", "f32"):
                convert = "" if type_ == "i64" else f"(i64.trunc_sat_{type_}_s)"
                text.append(f"{convert} (i32.wrap_i64) (call $mark)")
            else:
                see = "$see_func" if "func" in type_ or "$ii" in type_ else "$see_any"
                text.append(f"(call {see}) (i32.wrap_i64) (call $mark)")
        return " ".join(text)

    def arguments(self) -> str:
        step = self.pick(1, 1, 1, 2)
        x = self.pick(
            "(local.get $x)", "(i64.add (i64.mul (local.get $x) (i64.const 31)) (i64.const 7))"
        )
        return f"(i32.sub (local.get $n) (i32.const {step})) {x}"

    def call(self, target: Function, tail: bool) -> str:
        word = "return_call" if tail else "call"
        index = f"(i32.const {target.index})"
        match self.below(5):
            case 0 | 1:
                return f"({word} {target.name} {self.arguments()})"
            case 2 | 3:
                return f"({word}_indirect (type $t{target.index}) {self.arguments()} {index})"
        reference = f"(ref.func {target.name})"
        if self.chance(0.5):
            reference = f"(ref.cast (ref $t{target.index}) (table.get {index}))"
        return f"({word}_ref $t{target.index} {self.arguments()} {reference})"

    def tail(self, function: Function) -> str:
        """A tail call, or a return."""
        if self.chance(0.12):
            return f"(return {' '.join(map(self.value, function.results))})"
        if self.host and function.results == ("i64",) and self.chance(0.3):
            return "(return_call $host (local.get $n) (local.get $x))"
        return self.call(self.one(self.fitting(function.results)), tail=True)

    def statement(self, function: Function) -> str:
        condition = self.pick(
            "(i32.and (local.get $n) (i32.const 1))", "(i32.wrap_i64 (i64.and (local.get $x) (i64.const 4)))",
            "(i32.eq (local.get $n) (i32.const 3))", "(i64.lt_s (local.get $x) (i64.const 0))",
        )  # fmt: skip
        match self.below(9):
            case 0:
                target = self.one(self.functions)
                return f"{self.call(target, tail=False)} {self.see(target.results)}"
            case 1 | 2:
                return f"(if {condition} (then {self.tail(function)}))"
            case 3:
                return f"(call $mark (i32.const {self.below(99)}))"
            case 4:
                # A handler does not hold what is called in tail position.
                inside = f"(if {condition} (then {self.tail(function)})) {self.risky()}"
                return f"(block $h (result i32) (try_table (catch $t $h) {inside}) (i32.const 3)) (call $mark)"
            case 5:
                name = self.name()
                return (
                    f"(block {name} (br_if {name} {condition}) {self.tail(function)}) "
                    f"(local.set $x (i64.xor (local.get $x) (i64.const {self.below(99)})))"
                )
            case 6:
                name = self.name()
                again = f"(br_if {name} (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0)))"
                return f"(loop {name} (if {condition} (then {self.tail(function)})) {again})"
            case 7 if self.host:
                return "(call $host (local.get $n) (local.get $x)) (i32.wrap_i64) (call $mark)"
        return f"(if {condition} (then (throw $t (local.get $n))))" if self.chance(0.2) else ""

    def risky(self) -> str:
        return "(if (i32.and (local.get $n) (i32.const 2)) (then (throw $t (local.get $n))))"

    def function(self, function: Function) -> str:
        base = " ".join(map(self.value, function.results))
        body = " ".join(self.statement(function) for _ in range(self.pick(0, 1, 1, 2, 3)))
        fuel = "(global.set $fuel (i32.sub (global.get $fuel) (i32.const 1)))"
        low = "(i32.or (i32.le_s (local.get $n) (i32.const 0)) (i32.lt_s (global.get $fuel) (i32.const 0)))"
        out = f"(if {low} (then (return {base})))"
        return (
            f"(func {function.name} (type $t{function.index}) (param $n i32) (param $x i64) {function.type} "
            f"{fuel} {out} {body} {self.tail(function)})"
        )

    def exported(self, function: Function) -> str:
        """What is called from outside: the function's results are seen one by one."""
        return f"""(func (export "f{function.index}") (param i32 i64) (result i32)
  (global.set $h (i32.const 1)) (global.set $fuel (i32.const {self.pick(20, 60)}))
  (block $h (result i32) (try_table (catch $t $h)
    (call {function.name} (local.get 0) (local.get 1)) {self.see(function.results)}) (i32.const 0))
  (call $mark) (global.get $h))"""


def generate(random: Random) -> Program:
    """A program of several functions, each called from outside."""
    writer = Tails(random, host=random.random() < 0.3)
    functions = writer.functions
    types = " ".join(f"(type $t{f.index} (func (param i32 i64) {f.type}))" for f in functions)
    names = " ".join(f.name for f in functions)
    head = '(import "env" "host" (func $host (param i32 i64) (result i64)))' if writer.host else ""
    type_ = {"parameters": ["i32", "i64"], "results": ["i64"]}
    imports = (Import("env", "host", "function", type_),) if writer.host else ()
    text = f"""(module {head} {HEADER} (global $fuel (mut i32) (i32.const 0))
 {types} (table funcref (elem {names}))
 {" ".join(map(writer.function, functions))}
 {" ".join(map(writer.exported, functions))})"""
    calls = [
        Call(
            f"f{f.index}",
            (i32(random.choice((0, 1, 2, 5, 9, 30))), i64(random.choice((0, 1, -5, 12, 99)))),
        )
        for f in functions
        for _ in range(3)
    ]
    return Program(text, tuple(calls), imports, frozenset({"gc", "exceptions", "tail-call"}))
