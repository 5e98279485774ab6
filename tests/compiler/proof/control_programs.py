"""Random programs that are nothing but control: what they do is to call the host.

``$ev`` is told where control is, ``$c`` answers what a condition or an operand is. Instructions are nested, so that
ends coincide; labels carry up to two operands; handlers catch two tags. On request some branches are on references,
which stay where they are on the one way or on both.
"""

from __future__ import annotations

from random import Random

HEAD = """(module
 (type $other (func (param i32 i32) (result {results})))
 (import "e" "ev" (func $ev (param i32)))
 (import "e" "c" (func $c (param i32) (result i32)))
 (tag $t) (tag $u (param i32))
 (elem declare func $g)
 (func $f (export "f") (param $x i32) (result {results}) (local $a i32) (local $i i32) (local $j i32)
"""
REFERENCE = "(local $r (ref null any)) "
TAIL = """
 (func $g (type $other) {values}))
"""


class Writer:
    """Writes the body of one function, of statements that leave nothing on the stack."""

    def __init__(self, seed: int, *, legacy: bool = False, references: bool = False) -> None:
        self.random = Random(seed)
        self.budget = self.random.choice((8, 20, 40, 60))
        self.deepest = self.random.choice((3, 5, 8, 12))
        self.operands = self.random.choice((0.0, 0.2, 0.5))
        """How often labels have operands."""
        self.handlers = 0.25 if legacy else self.random.choice((0.0, 0.0, 0.15))
        self.legacy = legacy
        self.references = references
        """Whether there are branches on references."""
        self.tail_calls = self.random.random() < 0.2
        """Whether it tail-calls another function."""
        self.results = self.random.choice((1, 1, 1, 0, 2))
        self.events = 0
        self.labels: list[tuple[str, int]] = [("$top", 0)]
        """Names of labels, with how many operands a branch carries."""
        self.catches: list[str] = []
        """Labels of the ``try`` instructions in whose catches the code is."""
        self.tries: list[str] = []

    def text(self) -> str:
        """A module with the function ``f`` of index 2."""
        body = self.statements(0)
        head = HEAD.format(results=" i32" * self.results) + REFERENCE * self.references
        tail = TAIL.format(values="(local.get 0)" * self.results)
        end = self.values(self.results)
        return f"{head} (block $top {body}) (call $ev (i32.const 0)) {end}) {tail}"

    def ask(self) -> str:
        """A condition."""
        self.events += 1
        if self.random.random() < 0.2:
            return self.random.choice(("(local.get $a)", "(i32.eqz (local.get $x))"))
        asked = f"(call $c (i32.const {self.events}))"
        return f"(i32.eqz {asked})" if self.random.random() < 0.3 else asked

    def value(self) -> str:
        """An operand."""
        self.events += 1
        return self.random.choice(
            ("(local.get $a)", f"(i32.const {self.events})", f"(call $c (i32.const {self.events}))")
        )

    def values(self, count: int) -> str:
        return " ".join(self.value() for _ in range(count))

    def statements(self, depth: int) -> str:
        made = []
        for _ in range(self.random.randint(1, 4)):
            if self.budget <= 0:
                break
            self.budget -= 1
            statement, ends = self.statement(depth)
            made.append(statement)
            if ends:
                break
        return "\n".join(made)

    def statement(self, depth: int) -> tuple[str, bool]:
        """A statement, and whether control never goes on behind it."""
        random = self.random
        chance = random.random()
        if chance < 0.18 or depth >= self.deepest:
            self.events += 1
            return f"(call $ev (i32.const {self.events}))", False
        if chance < 0.24:
            return f"(local.set $a {self.value()})", False
        if chance < 0.36:
            label, count = self.label()
            drops = "(drop)" * count
            return f"(br_if {label} {self.values(count)} {self.ask()}) {drops}", False
        if chance < 0.41:
            label, count = self.label()
            return f"(br {label} {self.values(count)})", True
        if chance < 0.47:
            # Left in the middle: the rest of the list may be written where it is not.
            label, count = self.label()
            self.events += 1
            leaving = f"(call $ev (i32.const {self.events})) (br {label} {self.values(count)})"
            arms = random.choice((f"(then {leaving})", f"(then) (else {leaving})"))
            return f"(if {self.ask()} {arms})", False
        if chance < 0.52:
            return self.table(), True
        if self.catches and random.random() < 0.15:
            return f"(rethrow {random.choice(self.catches)})", True
        if chance < 0.56:
            return self.leave()
        if chance < 0.56 + self.handlers:
            return self.old_try(depth) if self.legacy else self.new_try(depth), False
        return self.nested(depth), False

    def label(self) -> tuple[str, int]:
        """A label, rather a near one."""
        near = self.random.random() < 0.5
        return self.random.choice(self.labels[-2:] if near else self.labels)

    def table(self) -> str:
        _, count = self.label()
        same = [label for label, other in self.labels if other == count]
        chosen = " ".join(self.random.choice(same) for _ in range(self.random.randint(1, 5)))
        return f"(br_table {chosen} {self.values(count)} {self.ask()})"

    def leave(self) -> tuple[str, bool]:
        """A return, a throw, a tail call."""
        random = self.random
        chance = random.random()
        if self.tail_calls and chance < 0.5:
            called = random.choice(("return_call $g", "return_call_ref $other"))
            callee = "(ref.func $g)" if "ref" in called else ""
            return f"({called} {self.values(2)} {callee})", True
        if chance < 0.4:
            return f"(return {self.values(self.results)})", True
        if chance < 0.6:
            return f"(if {self.ask()} (then (throw $t)))", False
        if chance < 0.8:
            return f"(if {self.ask()} (then (throw $u {self.value()})))", False
        if chance < 0.95:
            return f"(if {self.ask()} (then (return_call $f {self.value()})))", False
        return f"(if {self.ask()} (then unreachable))", False

    def name(self) -> str:
        self.events += 1
        return f"$l{self.events}"

    def inside(self, label: str, count: int, depth: int) -> str:
        """Statements with one more label."""
        self.labels.append((label, count))
        made = self.statements(depth + 1)
        self.labels.pop()
        return made

    def nested(self, depth: int) -> str:
        if self.references and self.random.random() < 0.4:
            return self.on_reference(depth)
        random, label = self.random, self.name()
        count = random.choice((1, 1, 2)) if random.random() < self.operands else 0
        results = f"(result{' i32' * count})" if count else ""
        after = "(local.set $a)" * count
        kind = random.choice(
            ("block", "block", "loop", "loop", "if", "if", "count", "switch", "alone")
        )
        if kind == "switch":
            return self.switch(depth)
        if kind == "alone":
            condition = self.ask()
            body = f"(local.set $a) {self.inside(label, 1, depth)} {self.value()}"
            types = "(param i32) (result i32)"
            return f"{self.value()} (if {label} {types} {condition} (then {body})) (local.set $a)"
        if kind == "count":
            step, counter = random.choice(("-1", "1")), random.choice(("$i", "$j"))
            body = self.inside(label, 0, depth)
            bound = "(i32.const 3)" if step == "1" else "(i32.const 0)"
            start = "0" if step == "1" else "3"
            return (
                f"(local.set {counter} (i32.const {start})) (loop {label} {body} (br_if {label} (i32.ne "
                f"(local.tee {counter} (i32.add (local.get {counter}) (i32.const {step}))) {bound})))"
            )
        if kind == "if":
            condition = self.ask()
            then = f"{self.inside(label, count, depth)} {self.values(count)}"
            if not count and random.random() < 0.5:
                empty = "(then) (else" if random.random() < 0.3 else "(then"
                return f"(if {label} {condition} {empty} {then}))"
            other = f"{self.inside(label, count, depth)} {self.values(count)}"
            return f"(if {label} {results} {condition} (then {then}) (else {other})) {after}"
        if kind == "loop" and count:
            parameters = f"(param{' i32' * count})"
            body = f"{after} {self.inside(label, count, depth)}"
            return f"{self.values(count)} (loop {label} {parameters} {body})"
        if kind == "loop":
            count, results, after = 0, "", ""
        body = f"{self.inside(label, count, depth)} {self.values(count)}"
        return f"({kind} {label} {results} {body}) {after}"

    def switch(self, depth: int) -> str:
        """Blocks around a table, each followed by a case."""
        names = [self.name() for _ in range(self.random.randint(3, 5))]
        around = [*self.labels, *((name, 0) for name in reversed(names))]
        targets = [self.random.choice(names) for _ in range(self.random.randint(2, 7))]
        if self.random.random() < 0.3:
            plain = [label for label, count in self.labels if count == 0]
            targets[self.random.randrange(len(targets))] = self.random.choice(plain)
        made = f"(br_table {' '.join(targets)} {self.ask()})"
        outside = self.labels
        for k, name in enumerate(names):
            # Case k may go to the blocks around it.
            self.labels = around[: len(outside) + len(names) - 1 - k]
            case = self.statements(depth + 1)
            if k < len(names) - 1 and self.random.random() < 0.6:
                case += f"(br {names[-1]})"
            made = f"(block {name} {made})" + (case if k < len(names) - 1 else "")
        self.labels = outside
        return made

    # References

    def reference(self) -> str:
        """A reference: a local's, one that has to be evaluated, or one that is where ways meet."""
        self.events += 1
        made = f"(ref.i31 {self.value()})"
        arms = f"(then {made}) (else (local.get $r))"
        leaves = f"(then unreachable) (else {made})"
        return self.random.choice(
            (
                "(local.get $r)",
                f"(select (result (ref null any)) {made} (local.get $r) {self.ask()})",
                f"(if (result (ref null any)) {self.ask()} {arms})",
                f"(if (result (ref null any)) {self.ask()} {leaves})",
            )
        )

    def on_reference(self, depth: int) -> str:
        """A block that a reference leaves, or goes on in, or does the one after the other."""
        random, out = self.random, self.name()
        count = random.choice((0, 0, 1))
        carried, drops = self.values(count), "(drop)" * count
        types = "i32 " * count
        reference, inside = self.reference(), self.statements(depth + 1)
        made = f"{self.values(count)} (ref.i31 {self.value()})"
        kind = random.choice(("null", "kept", "non_null", "cast", "cast_fail"))
        if kind in ("null", "kept"):
            null = self.name()
            kept = f"(br_on_null {null} {carried} {reference})"
            on = f"(br {out} {kept})" if kind == "kept" else f"{kept} (local.set $r) {drops}"
            results = f"(result {types})" if count else ""
            body = f"(block {null} {results} {inside} {on} {self.values(0 if kind == 'kept' else count)})"
            made = f"{body} {drops} {made}"
        elif kind == "non_null":
            made = f"{inside} (br_on_non_null {out} {carried} {reference}) {drops} {made}"
        else:
            branch = f"(br_on_{kind} {out} (ref null any) (ref i31) {carried} {reference})"
            leaves = random.random() < 0.5
            made = (
                f"{inside} (br {out} {branch})"
                if leaves
                else f"{inside} {branch} (drop) {drops} {made}"
            )
        return f"(block {out} (result {types} (ref null any)) {made}) (local.set $r) {drops}"

    # Exceptions

    def new_try(self, depth: int) -> str:
        """A try_table whose clauses go to labels with the operands that they give."""
        plain = [label for label, count in self.labels if count == 0]
        one = [label for label, count in self.labels if count == 1]
        clauses = [f"(catch $t {self.random.choice(plain)})"]
        if one:
            clauses.append(f"(catch $u {self.random.choice(one)})")
        if self.random.random() < 0.5:
            clauses.append(f"(catch_all {self.random.choice(plain)})")
        self.random.shuffle(clauses)
        label = self.name()
        return f"(try_table {label} {' '.join(clauses)} {self.inside(label, 0, depth)})"

    def old_try(self, depth: int) -> str:
        label = self.name()
        self.tries.append(label)
        body = self.inside(label, 0, depth)
        self.tries.pop()
        if self.random.random() < 0.3:
            target = self.random.choice([*self.tries, self.labels[-1][0]])
            return f"(try {label} (do {body}) (delegate {target}))"
        self.catches.append(label)
        parts = []
        if self.random.random() < 0.7:
            parts.append(f"(catch $t {self.inside(label, 0, depth)})")
        if self.random.random() < 0.5:
            parts.append(f"(catch $u (local.set $a) {self.inside(label, 0, depth)})")
        if self.random.random() < 0.5 or not parts:
            parts.append(f"(catch_all {self.inside(label, 0, depth)})")
        self.catches.pop()
        return f"(try {label} (do {body}) {' '.join(parts)})"


def program(seed: int, *, legacy: bool = False, references: bool = False) -> str:
    """The text of a module; its function ``f`` has index 2."""
    return Writer(seed, legacy=legacy, references=references).text()
