"""Nested blocks, loops and ifs, left and entered in every way: aims at how control flow is written.

Every point that is passed is marked in a hash, so the order in which code ran is seen. Conditions come from a script
of bits, from locals or are constants; loops end because a budget does, by a return, a trap or a condition.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from fuzz.program import Call, Program, i32, i64
from fuzz.writer import Writer

_TYPES: Final = ("i32", "i32", "i32", "i64", "f64")
_LOCALS: Final = {"i32": ("$x", "$y", "$z"), "i64": ("$p", "$q"), "f64": ("$u", "$v")}

HEADER: Final = """
 (global $h (export "h") (mut i32) (i32.const 1))
 (global $script (mut i64) (i64.const 0))
 (global $fuel (mut i32) (i32.const 0))
 (type $sig (func (param i32)))
 (elem declare func $mark)
 (func $mark (type $sig)
  (global.set $h (i32.add (i32.mul (global.get $h) (i32.const 31)) (local.get 0))))
 (func $next (result i32)
  (global.set $script (i64.xor (global.get $script) (i64.shl (global.get $script) (i64.const 13))))
  (global.set $script (i64.xor (global.get $script) (i64.shr_u (global.get $script) (i64.const 7))))
  (global.set $script (i64.xor (global.get $script) (i64.shl (global.get $script) (i64.const 17))))
  (i32.wrap_i64 (i64.shr_u (global.get $script) (i64.const 20))))
 (func $bit (result i32) (i32.and (call $next) (i32.const 1)))
 (func $go (result i32)
  (global.set $fuel (i32.sub (global.get $fuel) (i32.const 1)))
  (i32.gt_s (global.get $fuel) (i32.const 0)))
 (func $tick (if (i32.eqz (call $go)) (then unreachable)))
 (func $maybe (result funcref)
  (if (result funcref) (call $bit) (then (ref.func $mark)) (else (ref.null func))))
 (func $some (result anyref)
  (local $k i32) (local.set $k (i32.and (call $next) (i32.const 3)))
  (if (result anyref) (local.get $k)
   (then (if (result anyref) (i32.eq (local.get $k) (i32.const 1))
     (then (ref.i31 (call $next))) (else (struct.new $pair (local.get $k)))))
   (else (ref.null any))))
 (type $pair (struct (field i32)))
"""


@dataclass(frozen=True)
class Label:
    """A label in scope."""

    name: str
    types: tuple[str, ...]
    """What a branch to it takes."""
    loop: bool = False


class Blocks(Writer):
    """Writes one function ``f(x i32, p i64) -> i32``."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self.budget = self.pick(8, 15, 25, 40, 60)
        self.deepest = self.pick(3, 5, 8, 8, 14)
        self.values = self.pick(0.0, 0.15, 0.4)
        """How often blocks have results and parameters."""
        self.plain = self.pick(0.2, 0.5, 0.9)
        """How often conditions are of locals."""
        self.fuel = self.pick("return", "tick", "go", "any")
        self.references = self.pick(0.0, 0.0, 0.1)
        self.labels: list[Label] = []
        self.variables: dict[str, tuple[str, ...]] = dict(_LOCALS)
        """Names of the locals of each type."""

    # Values

    def types(self) -> tuple[str, ...]:
        """Types of a block's results: mostly none, up to three."""
        if not self.chance(self.values):
            return ()
        return tuple(self.one(_TYPES) for _ in range(self.pick(1, 1, 2, 3)))

    def value(self, type_: str, depth: int = 0) -> str:
        """An operand of a type."""
        if type_ not in _LOCALS:
            return f"(local.get {self.one(self.variables[type_])})"
        if depth < 3 and self.chance(0.08) and self.budget > 0:
            return self.valued(type_)
        if depth < 2 and self.chance(0.04):
            # Two pure arms make one expression.
            arms = [f"({arm} {self.value(type_, 3)})" for arm in ("then", "else")]
            return f"(if (result {type_}) {self.condition()} {' '.join(arms)})"
        local = self.one(self.variables[type_])
        match self.below(6):
            case 0:
                return f"({type_}.const {self.below(9)})"
            case 1:
                operation = self.pick("add", "sub", "mul")
                return f"({type_}.{operation} (local.get {local}) {self.value(type_, depth + 1)})"
            case 2:
                return f"(local.tee {local} {self.value(type_, depth + 1)})"
            case 3 if type_ == "i32":
                return self.pick("(call $next)", "(call $bit)", "(global.get $h)")
        return f"(local.get {local})"

    def valued(self, type_: str) -> str:
        """A block, loop or if that is an operand."""
        self.budget -= 1
        label = Label(self.name(), (type_,))
        kind = self.pick("block", "block", "if", "loop")
        inner = Label(label.name, (), loop=True) if kind == "loop" else label
        if kind == "if":
            condition = self.condition()
            arms = [
                f"({arm} {self.body(1, inner)} {self.value(type_, 2)})" for arm in ("then", "else")
            ]
            return f"(if {label.name} (result {type_}) {condition} {' '.join(arms)})"
        tick = "(call $tick)" if kind == "loop" else ""
        return f"({kind} {label.name} (result {type_}) {tick} {self.body(1, inner)} {self.value(type_, 2)})"

    def condition(self) -> str:
        if not self.chance(self.plain):
            return self.pick("(call $bit)", "(call $bit)", "(i32.eqz (call $bit))", "(call $next)")
        x = self.one(self.variables["i32"])
        match self.below(7):
            case 0:
                return f"(local.get {x})"
            case 1:
                return f"(i32.eqz (local.get {x}))"
            case 2:
                return f"(i32.const {self.below(2)})" if self.chance(0.3) else "(call $bit)"
            case 3:
                return f"(i32.and (local.get {x}) (i32.const {1 << self.below(5)}))"
            case 4:
                return f"(i64.{self.pick('eq', 'lt_u', 'gt_s')} (local.get $p) (i64.const {self.below(9)}))"
        comparison = self.pick("eq", "ne", "lt_u", "lt_s", "gt_u", "ge_s")
        return f"(i32.{comparison} (local.get {x}) (i32.const {self.below(6)}))"

    def selector(self) -> str:
        match self.below(5):
            case 0:
                return f"(i32.const {self.below(6)})"
            case 1 | 2:
                return f"(local.get {self.one(self.variables['i32'])})"
        return "(i32.and (call $next) (i32.const 7))"

    def operands(self, types: tuple[str, ...]) -> str:
        return " ".join(self.value(type_) for type_ in types)

    def taken(self, types: tuple[str, ...]) -> str:
        """Take values off the stack."""
        return " ".join(
            f"(local.set {self.one(self.variables[t])})" if self.chance(0.7) else "(drop)"
            for t in reversed(types)
        )

    # Statements

    def statements(self, depth: int, most: int) -> str:
        found = []
        for _ in range(self.below(most + 1)):
            if self.budget <= 0:
                break
            text, ends = self.statement(depth)
            found.append(text)
            if ends and depth < 3 and self.chance(0.5):
                # What follows stays alive.
                found[-1] = f"(if {self.condition()} (then {text}))"
                ends = False
            if ends and not self.chance(0.1):
                break
        return " ".join(found)

    def body(self, depth: int, *labels: Label, most: int = 4) -> str:
        self.labels.extend(labels)
        text = self.statements(depth + 1, most)
        del self.labels[len(self.labels) - len(labels) :]
        return text

    def mark(self) -> str:
        self.budget -= 1
        match self.below(6):
            case 0 | 1 | 2:
                return f"(call $mark (i32.const {self.below(100)}))"
            case 3:
                x = self.one(self.variables["i32"])
                step = self.pick(1, 1, -1, 3)
                return f"(local.set {x} (i32.add (local.get {x}) (i32.const {step})))"
        type_ = self.one(_TYPES)
        return f"(local.set {self.one(self.variables[type_])} {self.value(type_)})"

    def statement(self, depth: int) -> tuple[str, bool]:
        """A statement, and whether nothing is reached behind it."""
        if depth >= self.deepest:
            return (self.mark(), False) if self.chance(0.4) else self.jump(depth)
        form = self.random.random()
        if form < 0.2:
            return self.mark(), False
        if form < 0.5:
            return self.jump(depth)
        self.budget -= 1
        if form < 0.66:
            return self.block(depth), False
        if form < 0.78:
            return self.loop(depth), False
        if form < 0.88:
            return self.if_(depth), False
        if form < 0.94:
            return self.nest(depth), False
        return self.switch(depth), False

    def jump(self, depth: int) -> tuple[str, bool]:
        """Something that branches."""
        self.budget -= 1
        label = self.one(self.labels)
        if self.chance(0.4):
            # Near labels make targets that coincide.
            label = self.one(self.labels[-3:])
        form = self.random.random()
        if form < 0.55:
            return self.br_if(label), False
        if form < 0.66:
            return self.guarded(label, f"(br {label.name} {self.operands(label.types)})")
        if form < 0.82:
            return self.br_table(), True
        if form < 0.84:
            return self.pick("(return (global.get $h))", f"(return {self.value('i32')})"), True
        if form < 0.85:
            return "unreachable", True
        if form < 0.87:
            x, p = (
                self.pick("(local.get $x)", self.value("i32")),
                self.pick("(local.get $p)", self.value("i64")),
            )
            return f"(if (call $go) (then (return_call $f {x} {p})))", False
        if form < 0.875:
            return "nop", False
        if form < 0.875 + self.references:
            return self.br_on(label), False
        inside, _ = self.guarded(label, f"(br {label.name} {self.operands(label.types)})")
        return f"(if {self.condition()} (then {self.statements(depth + 1, 2)} {inside}))", False

    def guarded(self, label: Label, text: str) -> tuple[str, bool]:
        """A jump; a jump back costs fuel."""
        if label.loop and self.fuel in ("go", "any"):
            if self.chance(0.5):
                return f"(call $tick) {text}", True
            rest = self.taken(label.types)
            return f"(br_if {label.name} {self.operands(label.types)} (call $go)) {rest}", False
        return text, True

    def br_if(self, label: Label) -> str:
        condition = self.condition()
        if label.loop and self.fuel in ("go", "any"):
            condition = self.pick(f"(i32.and {condition} (call $go))", "(call $go)")
        return f"(br_if {label.name} {self.operands(label.types)} {condition}) {self.taken(label.types)}"

    def br_table(self) -> str:
        default = self.one(self.labels)
        fitting = [label for label in self.labels if label.types == default.types]
        near = fitting[-self.pick(2, 3, 9) :]
        targets = [self.one(near) for _ in range(self.pick(0, 1, 2, 3, 3, 5, 8))]
        tick = ""
        if any(target.loop for target in (*targets, default)) and self.fuel in ("go", "any"):
            tick = "(call $tick)"
        names = " ".join(target.name for target in (*targets, default))
        return f"{tick} (br_table {names} {self.operands(default.types)} {self.selector()})"

    def br_on(self, label: Label) -> str:
        """A branch on a reference, to a label of its own that ends where a jump to another follows."""
        own = self.name()
        match self.below(4):
            case 0:
                if label.types or label.loop:
                    return self.mark()
                return f"(drop (br_on_null {label.name} (call $maybe)))"
            case 1:
                inside = (
                    f"(br_on_non_null {own} (call $maybe)) {self.br_if(label)} (ref.func $mark)"
                )
                return f"(drop (block {own} (result (ref func)) {inside}))"
            case 2:
                cast = self.pick("br_on_cast", "br_on_cast_fail")
                test = f"({cast} {own} anyref i31ref (call $some))"
                return f"(drop (block {own} (result anyref) {test} {self.br_if(label)}))"
        test = f"(br_on_cast_fail {own} anyref (ref $pair) (call $some))"
        got = f"(call $mark (struct.get $pair 0 {test}))"
        return f"(drop (block {own} (result anyref) {got} {self.br_if(label)} (ref.null any)))"

    # Structured instructions

    def signature(self, parameters: tuple[str, ...], results: tuple[str, ...]) -> str:
        text = f" (param {' '.join(parameters)})" if parameters else ""
        return text + (f" (result {' '.join(results)})" if results else "")

    def block(self, depth: int) -> str:
        results = self.types()
        parameters = self.types() if self.chance(0.3) else ()
        label = Label(self.name(), results)
        inside = f"{self.taken(parameters)} {self.body(depth, label)} {self.operands(results)}"
        head = f"(block {label.name}{self.signature(parameters, results)}"
        return f"{self.operands(parameters)} {head} {inside}) {self.taken(results)}"

    def loop(self, depth: int) -> str:
        parameters = self.types() if self.chance(0.5) else ()
        results = self.types() if self.chance(0.5) else ()
        label = Label(self.name(), parameters, loop=True)
        start = self.taken(parameters)
        if self.fuel in ("return", "any") and (self.fuel == "return" or self.chance(0.3)):
            start += " (if (i32.eqz (call $go)) (then (return (i32.const -7))))"
        elif self.fuel == "tick":
            start += " (call $tick)"
        inside = self.body(depth, label)
        if self.chance(0.75):
            inside += " " + (
                self.br_if(label)
                if self.chance(0.6)
                else self.guarded(label, f"(br {label.name} {self.operands(parameters)})")[0]
            )
        head = f"(loop {label.name}{self.signature(parameters, results)}"
        text = f"{head} {start} {inside} {self.operands(results)}) {self.taken(results)}"
        return f"{self.operands(parameters)} {text}"

    def if_(self, depth: int) -> str:
        results = self.types()
        parameters = self.types() if self.chance(0.2) else ()
        label = Label(self.name(), results)
        head = f"(if {label.name}{self.signature(parameters, results)} {self.condition()}"
        then = (
            f"{self.taken(parameters)} {self.body(depth, label, most=3)} {self.operands(results)}"
        )
        orelse = ""
        if parameters or results or self.chance(0.5):
            start = self.taken(parameters)
            orelse = f"(else {start} {self.body(depth, label, most=3)} {self.operands(results)})"
        return f"{self.operands(parameters)} {head} (then {then}) {orelse}) {self.taken(results)}"

    def nest(self, depth: int) -> str:
        """Several blocks, loops and ifs that start together; some end together."""
        labels = []
        heads = []
        for _ in range(self.pick(2, 2, 3, 4)):
            loop = self.chance(0.25)
            label = Label(self.name(), (), loop=loop)
            labels.append(label)
            heads.append(f"(loop {label.name}" if loop else f"(block {label.name}")
            if loop and self.fuel in ("return", "tick"):
                heads[-1] += " (call $tick)"
        text = self.body(depth + 1, *labels)
        for k in reversed(range(len(labels))):
            text = f"{heads[k]} {text})"
            if self.chance(0.5):
                text += " " + self.body(depth, *labels[:k], most=2)
        return text

    def switch(self, depth: int) -> str:
        """A table over nested blocks, as compilers write it; targets may lie further out than the cases."""
        count = self.pick(1, 2, 3, 3, 4, 6)
        out = [Label(self.name(), ())] if self.chance(0.6) else []
        cases = [Label(self.name(), ()) for _ in range(count)]
        outer = [label for label in self.labels if not label.types and not label.loop]
        pool = [*cases, *cases, *out, *(outer[-2:] if self.chance(0.4) else [])]
        targets = [
            self.one(pool) if self.chance(0.6) else cases[k % count]
            for k in range(self.pick(0, 1, 3, 5, 9))
        ]
        names = " ".join(label.name for label in (*targets, self.one(pool)))
        inside = [*out, *reversed(cases)]
        text = self.body(depth, *inside, most=1) if self.chance(0.2) else ""
        text += f" (br_table {names} {self.selector()})"
        for k, case in enumerate(cases):
            text = f"(block {case.name} {text}) "
            text += self.body(depth, *out, *reversed(cases[k + 1 :]), most=2)
            if out and self.chance(0.4):
                text += f" (br {out[0].name})"
        return f"(block {out[0].name} {text})" if out else text

    def function(self) -> str:
        label = Label(self.name("top"), ())
        self.labels.append(label)
        parts = []
        for _ in range(self.pick(2, 3, 4)):
            form = self.pick(self.block, self.loop, self.if_, self.nest, self.switch)
            parts += [form(0), self.mark() if self.chance(0.7) else ""]
        body = " ".join(parts)
        return f"""(func $f (param $x i32) (param $p i64) (result i32)
  (local $y i32) (local $z i32) (local $q i64) (local $u f64) (local $v f64)
  (block {label.name} {body})
  (i32.add (local.get $x) (i32.mul (i32.const 7) (i32.add (local.get $y) (i32.mul (i32.const 5)
   (i32.xor (local.get $z) (i32.xor (i32.wrap_i64 (local.get $q)) (i32.trunc_sat_f64_s (local.get $u)))))))))"""

    def bare(self) -> str:
        """A function without parameters and results, which is left by branches to its own label, and calls itself."""
        parts = []
        for _ in range(self.pick(1, 2, 4)):
            again = "(if (call $go) (then (return_call $bare)))"
            leave = self.pick(
                "(br 1)", "(br_if 1 (call $bit))", "(br_table 1 0 1 (call $bit))", "return", again
            )
            inside = f"{self.small()} {leave} {self.small()}"
            match self.below(7):
                case 0:
                    parts.append(f"(br_if 0 {self.pick('(call $bit)', '(call $next)')})")
                case 1:
                    parts.append(f"(loop (call $tick) {inside} (br_if 0 (call $bit)))")
                case 2:
                    parts.append(f"(if (call $bit) (then {inside}) (else {self.small()}))")
                case 3:
                    parts.append(f"(if (call $bit) (then {self.small()}) (else {inside}))")
                case 4:
                    parts.append(again)
                case 5:
                    parts.append(f"(block {inside})")
                case _:
                    parts.append(
                        f"(block (block (br_table 0 1 2 (i32.and (call $next) (i32.const 3)))) {inside})"
                    )
            parts.append(self.small())
        end = self.pick(
            "", "", "(br 0)", "return", "(br_table 0 (call $bit))", "(return_call $bare)"
        )
        if end == "(return_call $bare)":
            end = "(call $tick) (return_call $bare)"
        return f"(func $bare {' '.join(parts)} {end})"

    def small(self) -> str:
        return f"(call $mark (i32.const {self.below(100)}))" if self.chance(0.7) else ""


ENTRY: Final = """
 (func (export "f") (param i32 i64) (result i32)
  (global.set $script (i64.or (i64.mul (local.get 1) (i64.const 0x9E3779B97F4A7C15)) (i64.const 1)))
  (global.set $fuel (i32.const {fuel}))
  (i32.xor (call $f (local.get 0) (local.get 1)) (global.get $h)))
"""


def generate(random: Random) -> Program:
    """A program of one function, called with several scripts."""
    writer = Blocks(random)
    function = writer.function()
    calls = [
        Call("f", (i32(random.randrange(8)), i64(random.choice((0, 1, 5, random.getrandbits(60))))))
        for _ in range(8)
    ]
    bare = '(func (export "bare") (call $bare))'
    text = f"(module {HEADER} {function} {writer.bare()} {bare} {ENTRY.format(fuel=random.choice((10, 40, 100)))})"
    calls += [Call("bare")] * 3
    return Program(text, tuple(calls), features=frozenset({"gc", "tail-call"}))
