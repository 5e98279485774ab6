"""Data and element segments, applied, dropped and used while operands are computed: aims at instantiation and order.

Segments are active, passive and declared; active ones may not fit, and what was written before stays. Start functions
run, trap, and use what is not there yet.
"""

from __future__ import annotations

from random import Random
from typing import Final

from fuzz.program import Call, Program, i32
from fuzz.writer import Writer

_PAGE: Final = 65536


class Segments(Writer):
    """Writes a module of segments and functions that use them."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self.wide = self.chance(0.25)
        self.data: list[int] = []
        """Lengths of the data segments."""
        self.elements: list[int] = []
        self.lines: list[str] = []
        self.module()

    @property
    def at(self) -> str:
        """The address type of the memory."""
        return "i64" if self.wide else "i32"

    def module(self) -> None:
        """Make the segments."""
        for _ in range(self.pick(1, 2, 3, 4)):
            length = self.pick(0, 1, 4, 9)
            content = "".join(f"\\{self.random.getrandbits(8):02x}" for _ in range(length))
            k = len(self.data)
            place = ""
            if self.chance(0.4):
                start = (
                    self.pick(0, 2, 8, 16, _PAGE - length)
                    if self.chance(0.93)
                    else self.pick(_PAGE, _PAGE - 1, -1)
                )
                place = f"(offset ({self.at}.const {start}))"
                if self.chance(0.3) and 0 <= start < _PAGE and not self.wide:
                    place = f"(offset (i32.add (global.get $base) (i32.const {start})))"
            self.lines.append(f'(data $d{k} {place} "{content}")')
            self.data.append(length)
        for _ in range(self.pick(1, 2, 3)):
            count = self.pick(0, 1, 2, 3)
            functions = " ".join(self.pick("$a", "$b", "$c") for _ in range(count))
            k = len(self.elements)
            form = self.random.random()
            if form < 0.35:
                start = self.pick(0, 1, 2) if self.chance(0.9) else self.pick(4, -1, 3)
                self.lines.append(f"(elem $e{k} (offset (i32.const {start})) func {functions})")
            elif form < 0.45:
                self.lines.append(f"(elem $e{k} declare func {functions})")
            elif form < 0.6:
                items = " ".join(
                    self.pick("(ref.func $a)", "(ref.null func)", "(ref.func $c)")
                    for _ in range(count)
                )
                self.lines.append(f"(elem $e{k} funcref {items})")
            else:
                self.lines.append(f"(elem $e{k} func {functions})")
            self.elements.append(count)

    # Operands

    def operand(self, highest: int, depth: int = 1) -> str:
        """A small i32; some drop or change a segment on the way."""
        form = self.random.random()
        if form < 0.55 or depth <= 0:
            return f"(i32.const {self.below(highest + 1)})"
        if form < 0.75:
            return f"(i32.and (local.get $x) (i32.const {self.pick(1, 3)}))"
        if form < 0.95:
            return f"(call {self.pick('$drop', '$write', '$set', '$grow')} (i32.const {self.below(highest + 1)}))"
        return f"(i32.const {self.pick(-1, 5, 100)})"

    def address(self) -> str:
        text = (
            self.operand(12)
            if self.chance(0.9)
            else f"(i32.const {self.pick(_PAGE - 2, _PAGE, -1)})"
        )
        return f"(i64.extend_i32_u {text})" if self.wide else text

    def statement(self) -> str:
        d, e = self.below(len(self.data)), self.below(len(self.elements))
        form = self.random.random()
        if form < 0.3:
            return f"(memory.init $d{d} {self.address()} {self.operand(self.data[d])} {self.operand(self.data[d])})"
        if form < 0.5:
            few = self.elements[e]
            return (
                f"(table.init $t $e{e} {self.operand(3)} {self.operand(few)} {self.operand(few)})"
            )
        if form < 0.58:
            return f"(data.drop $d{d})"
        if form < 0.66:
            return f"(elem.drop $e{e})"
        if form < 0.74:
            array = f"(array.new_data $bytes $d{d} {self.operand(2)} {self.operand(self.data[d])})"
            return f"(call $mark (array.len {array}))"
        if form < 0.8:
            array = (
                f"(array.new_elem $funcs $e{e} {self.operand(1)} {self.operand(self.elements[e])})"
            )
            return f"(call $mark (array.len {array}))"
        if form < 0.84:
            array = "(array.new_default $bytes (i32.const 6))"
            return f"(array.init_data $bytes $d{d} {array} {self.operand(2)} {self.operand(2)} {self.operand(3)})"
        if form < 0.88:
            array = "(array.new_default $funcs (i32.const 4))"
            return f"(array.init_elem $funcs $e{e} {array} {self.operand(1)} {self.operand(1)} {self.operand(2)})"
        if form < 0.95:
            return f"(call $mark (i32.load8_u {self.address()}))"
        return f"(call $mark (ref.is_null (table.get $t {self.operand(3)})))"

    def text(self) -> str:
        d, e = self.below(len(self.data)), self.below(len(self.elements))
        zero = f"({self.at}.const 3)"
        functions = " ".join(
            f'(func (export "f{k}") (param $x i32) '
            f"{' '.join(self.statement() for _ in range(self.pick(1, 2, 3)))})"
            for k in range(3)
        )
        start = ""
        if self.chance(0.25):
            start = (
                f"(func $start (local $x i32) {self.statement()} {self.statement()}) (start $start)"
            )
        memory = "i64 1" if self.wide else "1"
        return f"""(module (type $bytes (array (mut i8))) (type $funcs (array (mut funcref)))
 (memory (export "m") {memory} 3) (table $t (export "t") 4 funcref)
 (global $base i32 (i32.const 0)) (global $h (export "h") (mut i32) (i32.const 1))
 (func $mark (param i32)
  (global.set $h (i32.add (i32.mul (global.get $h) (i32.const 31)) (local.get 0))))
 (func $a) (func $b (call $mark (i32.const 1))) (func $c (param i32))
 (func $drop (param i32) (result i32) (data.drop $d{d}) (elem.drop $e{e}) (local.get 0))
 (func $write (param i32) (result i32) (i32.store8 {zero} (i32.const 99)) (local.get 0))
 (func $set (param i32) (result i32) (table.set $t (i32.const 1) (ref.func $c)) (local.get 0))
 (func $grow (param i32) (result i32) (drop (memory.grow ({self.at}.const 1)))
  (drop (table.grow $t (ref.func $a) (i32.const 1))) (local.get 0))
 (elem declare func $a $c)
 {" ".join(self.lines)} {functions} {start})"""


def generate(random: Random) -> Program:
    """A program of segments, whose functions are called in turn."""
    writer = Segments(random)
    calls = tuple(Call(f"f{random.randrange(3)}", (i32(random.randrange(5)),)) for _ in range(6))
    features = {"gc"} | ({"memory64"} if writer.wide else set())
    return Program(writer.text(), calls, features=frozenset(features))
