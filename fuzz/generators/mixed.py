"""Programs of everything at once, as programs are: numbers, memories of three kinds, calls, loops, switches.

NaNs are made canonical before their bits can be seen, loops run on fuel.
"""

from __future__ import annotations

from random import Random
from typing import Any, Final

from fuzz.program import Call, Program
from fuzz.writer import Writer

LOCALS: Final = {
    "i32": ["$a", "$b", "$i", "$j", "$p"],
    "i64": ["$x", "$y", "$z", "$q"],
    "f64": ["$u", "$v"],
    "f32": ["$s", "$t"],
}
MEMORIES: Final = ("i32", "i32", "i64")
"""Address types of the memories: one plain, one that may become big, one with 64-bit addresses."""

HEADER: Final = """
  (memory (export "m0") 2 4) (memory (export "m1") 1 65536) (memory (export "m2") i64 1 3)
  (global $fuel (mut i32) (i32.const 200))
  (global $gi32 (export "gi32") (mut i32) (i32.const 5))
  (global $gi64 (export "gi64") (mut i64) (i64.const 9))
  (type $ii (func (param i32) (result i32)))
  (table 4 funcref) (elem (i32.const 0) $bump $spin)
  (func $c64 (param f64) (result f64)
    (select (local.get 0) (f64.const nan) (f64.eq (local.get 0) (local.get 0))))
  (func $c32 (param f32) (result f32)
    (select (local.get 0) (f32.const nan) (f32.eq (local.get 0) (local.get 0))))
  (func $bump (type $ii)
    (global.set $gi32 (i32.add (i32.mul (global.get $gi32) (i32.const 3)) (local.get 0)))
    (i32.store 1 (i32.const 8) (global.get $gi32)) (global.get $gi32))
  (func $spin (type $ii)
    (if (i32.gt_u (local.get 0) (i32.const 9))
      (then (return_call $spin (i32.shr_u (local.get 0) (i32.const 2)))))
    (return_call $bump (local.get 0)))
  (func $two (param i32 i64) (result i64 i32)
    (i64.store 2 (i64.const 16) (local.get 1))
    (i64.xor (local.get 1) (i64.load (i32.and (local.get 0) (i32.const 0xFF8))))
    (i32.load8_s 2 (i64.and (local.get 1) (i64.const 31))))
  (func $h (param i32 i64) (result i64)
    (i32.store offset=1000 (i32.and (local.get 0) (i32.const 0xFFC)) (i32.wrap_i64 (local.get 1)))
    (i64.add (i64.load (i32.and (local.get 0) (i32.const 0xFF8)))
             (i64.rotl (local.get 1) (i64.extend_i32_u (local.get 0)))))"""


class Mixed(Writer):
    """Writes one program. Expressions have depth ``d``; labels that may be branched to are in scope."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self.labels: list[str] = []

    def pick(self, *choices: Any) -> Any:
        """One of the choices."""
        return self.random.choice(choices)

    def label(self) -> str:
        return self.name("l")

    def get(self, t: str) -> str:
        return f"(local.get {self.pick(*LOCALS[t])})"

    def address(self, memory: int, d: int) -> str:
        t = MEMORIES[memory]
        pointer = "$p" if t == "i32" else "$q"
        form = self.random.random()
        if form < 0.35:
            return f"({t}.and {self.expression(t, d - 1)} ({t}.const {self.pick(0xFF8, 0xFFC, 0xFFF, 0xFFFF)}))"
        if form < 0.6:
            index = f"({t}.and {self.expression(t, d - 1)} ({t}.const 63))"
            scaled = f"({t}.shl {index} ({t}.const {self.pick(0, 1, 2, 3)}))"
            return f"({t}.add (local.get {pointer}) {scaled})"
        if form < 0.8:
            return f"(local.get {pointer})"
        if form < 0.9:
            return f"({t}.shl {self.expression(t, d - 1)} ({t}.const {self.pick(2, 3)}))"
        if form < 0.97:
            return f"({t}.const {self.random.randrange(70000)})"
        return self.expression(t, d - 1)

    def memarg(self, size: int) -> tuple[int, str]:
        memory = self.pick(0, 0, 1, 2)
        return (
            memory,
            f"{memory} offset={self.pick(0, 0, 0, 4, 8, 16, 3)} align={self.pick(1, size, size)}",
        )

    def load(self, t: str, d: int) -> str:
        width, sign = "", ""
        size = int(t[1:]) // 8
        if t[0] == "i" and self.chance(0.7):
            width = self.pick("8", "16", *(["32"] if t == "i64" else []))
            sign, size = self.pick("_s", "_u"), int(width) // 8
        memory, memarg = self.memarg(size)
        return f"({t}.load{width}{sign} {memarg} {self.address(memory, d)})"

    def store(self) -> str:
        t = self.pick("i32", "i32", "i64", "i64", "f64", "f32")
        width, size = "", int(t[1:]) // 8
        if t[0] == "i" and self.chance(0.5):
            width = self.pick("8", "16", *(["32"] if t == "i64" else []))
            size = int(width) // 8
        memory, memarg = self.memarg(size)
        value = self.expression(t, 2)
        if t[0] == "f":
            value = f"(call $c{t[1:]} {value})"
        return f"({t}.store{width} {memarg} {self.address(memory, 2)} {value})"

    def expression(self, t: str, d: int) -> str:
        if d <= 0:
            return self.const(t) if self.chance(0.4) else self.get(t)
        if self.chance(0.3):
            return self.any_type(t, d)
        return self.integer(t, d) if t[0] == "i" else self.floating(t, d)

    def any_type(self, t: str, d: int) -> str:
        e = self.expression
        match self.random.randrange(7):
            case 0:
                return self.load(t, d)
            case 1:
                return f"(local.tee {self.pick(*LOCALS[t])} {e(t, d - 1)})"
            case 2:
                return f"(select {e(t, d - 1)} {e(t, d - 1)} {e('i32', d - 1)})"
            case 3:
                return (
                    f"(if (result {t}) {e('i32', d - 1)} (then {e(t, d - 1)}) (else {e(t, d - 1)}))"
                )
            case 4:
                label = self.label()
                branch = f"(br_if {label} {e(t, d - 1)} {e('i32', d - 1)})"
                return f"(block {label} (result {t}) (drop {branch}) {e(t, d - 1)})"
            case 5:
                outer, inner = self.label(), self.label()
                table = f"(br_table {outer} {inner} {e(t, d - 1)} {e('i32', d - 1)})"
                inside = f"(block {inner} (result {t}) {table})"
                return f"(block {outer} (result {t}) (drop {inside}) {e(t, d - 1)})"
            case _:
                return self.get(t)

    def integer(self, t: str, d: int) -> str:
        e = self.expression
        form = self.random.random()
        if form < 0.45:
            name = self.pick("add", "add", "add", "sub", "sub", "mul", "and", "and", "or", "xor", "shl",
                             "shr_s", "shr_u", "rotl", "rotr")  # fmt: skip
            return f"({t}.{name} {e(t, d - 1)} {e(t, d - 1)})"
        if form < 0.51:
            right = e(t, d - 1)
            if self.chance(0.7):
                right = f"({t}.or {right} ({t}.const {self.pick(1, 8, 16)}))"
            return f"({t}.{self.pick('div_s', 'div_u', 'rem_s', 'rem_u')} {e(t, d - 1)} {right})"
        if form < 0.59:
            names = ["clz", "ctz", "popcnt", "extend8_s", "extend16_s"]
            return (
                f"({t}.{self.pick(*names, *(['extend32_s'] if t == 'i64' else []))} {e(t, d - 1)})"
            )
        if form < 0.65:
            source = self.pick("f64", "f32")
            trunc = "trunc_sat" if self.chance(0.8) else "trunc"
            return f"({t}.{trunc}_{source}_{self.pick('s', 'u')} {e(source, d - 1)})"
        if form < 0.7:
            return f"(global.get $g{t})"
        return self.narrow(d) if t == "i32" else self.wide(d)

    def narrow(self, d: int) -> str:
        """An i32 that is made from something else."""
        e = self.expression
        match self.random.randrange(9):
            case 0:
                return f"(i32.eqz {e('i32', d - 1)})"
            case 1:
                return f"(i32.wrap_i64 {e('i64', d - 1)})"
            case 2:
                source = self.pick("f64", "f32")
                name = self.pick("eq", "ne", "lt", "gt", "le", "ge")
                return f"({source}.{name} {e(source, d - 1)} {e(source, d - 1)})"
            case 3:
                return f"(call {self.pick('$bump', '$spin')} {e('i32', d - 1)})"
            case 4:
                index = self.pick("(i32.const 0)", "(i32.const 1)", f"(i32.and {e('i32', d - 1)} (i32.const 1))",
                                  e("i32", d - 1))  # fmt: skip
                return f"(call_indirect (type $ii) {e('i32', d - 1)} {index})"
            case 5:
                return f"(memory.size {self.pick(0, 1)})"
            case 6:
                return f"(i32.reinterpret_f32 (call $c32 {e('f32', d - 1)}))"
            case _:
                source = self.pick("i32", "i32", "i64")
                name = self.pick(
                    "eq", "ne", *(f"{c}_{s}" for c in ("lt", "gt", "le", "ge") for s in "su")
                )
                return f"({source}.{name} {e(source, d - 1)} {e(source, d - 1)})"

    def wide(self, d: int) -> str:
        """An i64 that is made from something else."""
        e = self.expression
        match self.random.randrange(4):
            case 0:
                return f"(call $h {e('i32', d - 1)} {e('i64', d - 1)})"
            case 1:
                return f"(i64.reinterpret_f64 (call $c64 {e('f64', d - 1)}))"
            case _:
                return f"(i64.extend_i32_{self.pick('s', 'u')} {e('i32', d - 1)})"

    def floating(self, t: str, d: int) -> str:
        e = self.expression
        match self.random.randrange(6):
            case 0:
                name = self.pick("abs", "neg", "sqrt", "ceil", "floor", "trunc", "nearest")
                return f"({t}.{name} {e(t, d - 1)})"
            case 1:
                source = self.pick("i32", "i64")
                return f"({t}.convert_{source}_{self.pick('s', 'u')} {e(source, d - 1)})"
            case 2:
                other = f"(call $c{t[1:]} {e(t, d - 1)})"
                return f"({t}.copysign (call $c{t[1:]} {e(t, d - 1)}) {other})"
            case 3:
                if t == "f32":
                    return f"(f32.demote_f64 {e('f64', d - 1)})"
                return f"(f64.promote_f32 {e('f32', d - 1)})"
            case _:
                name = self.pick("add", "sub", "mul", "div", "min", "max")
                return f"({t}.{name} {e(t, d - 1)} {e(t, d - 1)})"

    # Statements

    def statements(self, d: int, most: int) -> str:
        return " ".join(self.statement(d) for _ in range(self.random.randrange(1, most)))

    def statement(self, d: int) -> str:
        e = self.expression
        form = self.random.random()
        if form < 0.3 or d <= 0:
            t = self.pick("i32", "i32", "i32", "i64", "i64", "f64", "f32")
            return f"(local.set {self.pick(*LOCALS[t])} {e(t, self.random.randrange(4))})"
        if form < 0.37:
            pointer, t = self.pick(("$p", "i32"), ("$p", "i32"), ("$q", "i64"))
            if self.chance(0.5):
                return f"(local.set {pointer} ({t}.and {e(t, 2)} ({t}.const {self.pick(0xFF8, 0xFFC, 0xFFF)})))"
            step = self.pick(1, 2, 4, 8, 16, -4, -8)
            return f"(local.set {pointer} ({t}.add (local.get {pointer}) ({t}.const {step})))"
        if form < 0.5:
            return self.store()
        if form < 0.58:
            other = f"(else {self.statements(d - 1, 4)})" if self.chance(0.5) else ""
            return f"(if {e('i32', 2)} (then {self.statements(d - 1, 4)}) {other})"
        if form < 0.66:
            label = self.label()
            self.labels.append(label)
            body = self.statements(d - 1, 5)
            self.labels.pop()
            return f"(block {label} {body})"
        if form < 0.76:
            return self.loop(d)
        if form < 0.86 and self.labels:
            branch = f"(br_if {self.pick(*self.labels)} {e('i32', 2)})"
            if self.chance(0.3):
                return f"(if {e('i32', 1)} (then {self.statements(d - 1, 3)} (br {self.pick(*self.labels)})))"
            return branch
        if form < 0.91:
            return self.switch(d)
        return self.effect(d)

    def effect(self, d: int) -> str:
        e = self.expression
        match self.random.randrange(7):
            case 0:
                return f"(drop {e(self.pick('i32', 'i64', 'f64'), 2)})"
            case 1:
                return f"(drop (memory.grow {self.pick(0, 1)} (i32.const {self.pick(0, 1)})))"
            case 2:
                return f"(if (i32.eq {e('i32', 1)} (i32.const 77)) (then (return {e('i64', 1)})))"
            case 3:
                t = self.pick("i32", "i64")
                return f"(global.set $g{t} {e(t, 2)})"
            case 4:
                return f"(call $two {e('i32', 1)} {e('i64', 1)}) (local.set $a) (local.set $y)"
            case 5:
                where = f"(i32.and {e('i32', 1)} (i32.const 0xFFF))"
                return f"(memory.fill 1 {where} {e('i32', 1)} (i32.const {self.pick(0, 9, 70000)}))"
            case _:
                start = f"(i64.and {e('i64', 1)} (i64.const 0xFFF))"
                where = f"(i32.and {e('i32', 1)} (i32.const 0xFFF))"
                return f"(memory.copy 2 0 {start} {where} (i32.const {self.pick(0, 33, 2500)}))"

    def loop(self, d: int) -> str:
        head, out = self.label(), self.label()
        self.labels.append(out)
        body = self.statements(d - 1, 4)
        self.labels.pop()
        i = self.pick("$i", "$j")
        step = f"(local.tee {i} (i32.add (local.get {i}) (i32.const {{}})))"
        bound = self.pick(f"(i32.const {self.random.randrange(1, 30)})", "(local.get $a)")
        match self.random.randrange(5):
            case 0:
                test = f"(i32.ne {step.format(1)} {bound})"
            case 1:
                test = step.format(-1)
            case 2:
                name = self.pick("lt_u", "lt_s", "gt_s", "le_u", "ne")
                test = f"(i32.{name} {step.format(self.pick(1, 1, 2, 4, -1))} {bound})"
            case 3:
                pointer = "(local.set $p (i32.add (local.get $p) (i32.const 4)))"
                body = f"(local.set $x (i64.load32_u (local.get $p))) {pointer}"
                test = step.format(-1)
            case _:
                test = self.expression("i32", 2)
        start = self.pick(0, 1, self.random.randrange(12))
        init = f"(local.set {i} (i32.const {start}))" if self.chance(0.8) else ""
        guard = f"(br_if {out} (i32.eqz (local.get {i})))" if self.chance(0.3) else ""
        fuel = f"""(br_if {out} (i32.eqz (global.get $fuel)))
          (global.set $fuel (i32.sub (global.get $fuel) (i32.const 1)))"""
        burn = fuel if self.chance(0.7) else ""
        return f"(block {out} {init} {guard} (loop {head} {burn} {body} (br_if {head} {test})))"

    def switch(self, d: int) -> str:
        labels = [self.label() for _ in range(self.random.randrange(2, 6))]
        self.labels.extend(labels)
        count = self.random.randrange(1, 7)
        targets = [
            self.pick(*labels) if self.chance(0.4) else labels[k % len(labels)]
            for k in range(count)
        ]
        selector = self.expression("i32", 1)
        if self.chance(0.7):
            selector = f"(i32.and {selector} (i32.const 7))"
        text = f"(br_table {' '.join(targets)} {selector})"
        for label in labels:
            self.labels.remove(label)
            text = f"(block {label} {text}) {self.statements(d - 1, 3)}"
            if label != labels[-1] and self.chance(0.7):
                text += f" (br {labels[-1]})"
        return text

    def module(self) -> str:
        body = self.statements(5, 9)
        return f"""(module {HEADER}
          (func (export "f") (param $a i32) (param $b i32) (param $x i64) (param $u f64) (result i64)
            (local $i i32) (local $j i32) (local $p i32) (local $y i64) (local $z i64) (local $q i64)
            (local $v f64) (local $s f32) (local $t f32)
            {body}
            (i64.store (i32.const 120000) (local.get $x))
            (i64.store (i32.const 120008) (local.get $y))
            (f64.store (i32.const 120016) (call $c64 (f64.add (local.get $u) (local.get $v))))
            (f32.store (i32.const 120024) (call $c32 (f32.add (local.get $s) (local.get $t))))
            (i64.xor
              (i64.add (local.get $x) (i64.extend_i32_u (i32.add (local.get $a) (local.get $b))))
              (i64.extend_i32_s (i32.xor (local.get $i) (i32.add (local.get $j) (local.get $p)))))))"""


def generate(random: Random) -> Program:
    """A program of one function, called with edge values."""
    writer = Mixed(random)
    text = writer.module()
    calls = tuple(
        Call("f", tuple(writer.argument(t) for t in ("i32", "i32", "i64", "f64"))) for _ in range(4)
    )
    return Program(
        text, calls, features=frozenset({"memory64", "multi-memory", "tail-call"}), ends=False
    )
