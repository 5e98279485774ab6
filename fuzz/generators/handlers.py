"""Exceptions of both forms in nested control flow: aims at handlers, their regions in state machines, and ``legacy``.

Handlers catch by tag, all, and with references; they are left by every branch, throw again, and delegate. What is
thrown comes from the code itself, from calls, from the host, or not at all: traps are never caught.
"""

from __future__ import annotations

from random import Random
from typing import Final

from fuzz.generators.blocks import ENTRY, HEADER, Blocks, Label
from fuzz.program import Call, Import, Program, i32, i64

TAGS: Final[dict[str, tuple[str, ...]]] = {"$t0": ("i32",), "$t1": ("i32", "i64"), "$v": ()}

_TAGS: Final = """
 (tag $t0 (export "t0") (param i32)) (tag $t1 (export "t1") (param i32 i64)) (tag $v (export "v"))
 (func $may (param i32)
  (if (i32.eq (i32.and (local.get 0) (i32.const 7)) (i32.const 1)) (then (throw $t0 (local.get 0))))
  (if (i32.eq (i32.and (local.get 0) (i32.const 7)) (i32.const 3))
   (then (throw $t1 (local.get 0) (i64.const 5))))
  (if (i32.eq (i32.and (local.get 0) (i32.const 7)) (i32.const 5)) (then (throw $v))))
 (func $risky (param i32) (result i32) (call $may (local.get 0)) (i32.mul (local.get 0) (i32.const 3)))
"""


class Handlers(Blocks):
    """Adds throwing and catching to what `Blocks` writes."""

    def __init__(self, random: Random, *, old: bool, new: bool, host: bool) -> None:
        super().__init__(random)
        self.variables["exnref"] = ("$exn",)
        self.old, self.new, self.host = old, new, host
        self.catches: list[str] = []
        """Labels of the tries whose handlers are around."""
        self.tries: set[str] = set()
        self.far_delegate = False
        """Whether a delegate's target is no try, which JavaScriptCore refuses."""
        self.density = self.pick(0.2, 0.4)

    def statement(self, depth: int) -> tuple[str, bool]:
        if depth >= self.deepest or not self.chance(self.density):
            return super().statement(depth)
        self.budget -= 1
        form = self.random.random()
        if form < 0.25:
            return self.raising(), False
        if form < 0.35:
            return f"(if {self.condition()} (then {self.throw()}))", False
        if form < 0.4:
            return self.throw(), True
        if self.old and (not self.new or self.chance(0.5)):
            return self.try_(depth), False
        return self.try_table(depth), False

    def raising(self) -> str:
        """A call that may throw."""
        operand = self.value("i32")
        if self.host and self.chance(0.3):
            return f"(drop (call $host {operand}))"
        if self.chance(0.5):
            return f"(call $may {operand})"
        x = self.pick("$x", "$y", "$z")
        return f"(local.set {x} (i32.add (local.get {x}) (call $risky {operand})))"

    def throw(self) -> str:
        if self.catches and self.chance(0.4):
            return f"(rethrow {self.one(self.catches)})"
        if self.new and self.chance(0.15):
            return "(throw_ref (local.get $exn))"
        tag = self.one(list(TAGS))
        return f"(throw {tag} {self.operands(TAGS[tag])})"

    def clauses(self, labels: list[Label]) -> str:
        """Clauses that go to labels that take what they give."""
        found = []
        for _ in range(self.pick(1, 1, 2, 3, 4)):
            label = self.one(labels[-6:])
            types = label.types
            fitting = [f"(catch {tag} {label.name})" for tag, own in TAGS.items() if own == types]
            fitting += [
                f"(catch_ref {tag} {label.name})"
                for tag, own in TAGS.items()
                if (*own, "exnref") == types
            ]
            if types == ():
                fitting.append(f"(catch_all {label.name})")
            if types == ("exnref",):
                fitting.append(f"(catch_all_ref {label.name})")
            if fitting:
                found.append(self.one(fitting))
        return " ".join(found)

    def try_table(self, depth: int) -> str:
        """A try_table in blocks that its clauses go to, and others that are around."""
        results = self.types()
        own = Label(self.name(), results)
        kinds = self.random.sample(
            [("i32",), ("i32", "i64"), ("exnref",), (), ("i32", "exnref")], self.pick(0, 1, 2, 3)
        )
        around = [Label(self.name("h"), kind) for kind in kinds]
        # Clauses are outside of the try_table's own label.
        clauses = self.clauses([*self.labels, *around])
        inside = f"{self.body(depth + 1, *around, own)} {self.operands(results)}"
        text = f"(try_table {own.name}{self.signature((), results)} {clauses} {inside})"
        text += f" {self.taken(results)}"
        if self.chance(0.3):
            self.labels.extend(around)
            text += " " + self.statements(depth + 2, 1)
            del self.labels[len(self.labels) - len(around) :]
        for k in reversed(range(len(around))):
            text = self._landing(around[k], text, depth, around[:k])
        return text

    def _landing(self, label: Label, inside: str, depth: int, outer: list[Label]) -> str:
        """A block that handlers branch to with values, and what is done with them."""
        head = f"(block {label.name}{self.signature((), label.types)} {inside}"
        if not label.types:
            return f"{head}) {self.body(depth + 1, *outer, most=1)}"
        over = self.name("o")
        taken = ""
        for type_ in reversed(label.types):
            if type_ == "exnref":
                taken += " (throw_ref)" if self.chance(0.2) else " (local.set $exn)"
                if taken.endswith("(throw_ref)"):
                    break
            else:
                taken += " " + self.taken((type_,))
        after = self.body(depth + 1, *outer, Label(over, ()), most=1)
        return f"(block {over} {head} (br {over})) {taken} {after})"

    def try_(self, depth: int) -> str:
        """The first form: try with catches, or with a delegate."""
        results = self.types()
        own = Label(self.name(), results)
        self.tries.add(own.name)
        body = f"{self.body(depth, own)} {self.operands(results)}"
        head = f"(try {own.name}{self.signature((), results)} (do {body})"
        if self.chance(0.3):
            target = self.one(self.labels).name
            if target not in self.tries or target in self.catches:
                self.far_delegate = True
            return f"{head} (delegate {target})) {self.taken(results)}"
        if self.chance(0.1):
            return f"{head}) {self.taken(results)}"
        tags = self.random.sample(list(TAGS), self.pick(0, 1, 1, 2, 3))
        text = head
        self.catches.append(own.name)
        for tag in tags:
            text += f" (catch {tag} {self.taken(TAGS[tag])} {self._caught(depth, own)})"
        if not tags or self.chance(0.4):
            text += f" (catch_all {self._caught(depth, own)})"
        self.catches.pop()
        return f"{text}) {self.taken(results)}"

    def _caught(self, depth: int, own: Label) -> str:
        return f"{self.body(depth + 1, own, most=2)} {self.operands(own.types)}"

    def function(self) -> str:
        text = super().function()
        return text.replace(
            "(local $y i32)", "(local $exn exnref) (local $y i32)" if self.new else "(local $y i32)"
        )


def generate(random: Random) -> Program:
    """A program of one function, called with several scripts."""
    old, new = random.choice(((False, True), (False, True), (True, False), (True, True)))
    host = random.random() < 0.2
    writer = Handlers(random, old=old, new=new, host=host)
    function = writer.function()
    imports: tuple[Import, ...] = ()
    features = {"exceptions", "gc", "tail-call"}
    if old:
        features |= {"legacy-exceptions"} if not new else {"legacy-exceptions", "both-exceptions"}
    if writer.far_delegate:
        features.add("far-delegate")
    head = ""
    if host:
        features.add("host-throws")
        effects = (
            (("throw", "t0", i32(3)),),
            (("throw", "v"),),
            (),
            (("throw", "t1", i32(1), i64(2)),),
        )
        head = '(import "env" "host" (func $host (param i32) (result i32)))'
        type_ = {"parameters": ["i32"], "results": ["i32"]}
        imports = (Import("env", "host", "function", type_, effects),)
    calls = [Call("f", (i32(random.randrange(8)), i64(random.getrandbits(60)))) for _ in range(8)]
    entry = ENTRY.format(fuel=random.choice((10, 40)))
    return Program(
        f"(module {head} {HEADER} {_TAGS} {function} {entry})",
        tuple(calls),
        imports,
        frozenset(features),
    )
