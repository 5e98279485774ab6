"""Random programs that throw and catch: all modes of translation agree, with Wasmtime for what it can run.

More of them: ``FUZZ_PROGRAMS=2000 FUZZ_START=10000 pytest tests/compiler/test_exceptions_fuzz.py``.
"""

from __future__ import annotations

import os
import random
from typing import Any, Final

import pytest
import wasmtime

from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.engine import compile_module, instantiate, invoke
from pyjsapi.compiler.options import Options
from pyjsapi.runtime import ExnInst, FuncInst
from pyjsapi.syntax.errors import Trap
from pyjsapi.text import wat2wasm

PROGRAMS: Final = int(os.environ.get("FUZZ_PROGRAMS", "40"))
START: Final = int(os.environ.get("FUZZ_START", "0"))
PER_TEST: Final = 10
STATEMENTS: Final = 60
DEEPEST: Final = 5
ARGUMENTS: Final = ((0, 0), (1, 3), (5, 9), (3, 255), (1000, 2))
MODES: Final = (
    Options(),
    Options(max_loops=0),
    Options(max_loops=2),
    Options(state_machine=True),
    Options(facts=False, views=False, patterns=False, reuse=False, induction=False, ranges=False),
    Options(assertions=True),
)

HEADER: Final = """
  (memory 1) (memory 1) (tag $t0 (param i32)) (tag $t1 (param i32)) (tag $v)
  (global $fuel (mut i32) (i32.const 400))
  (func $f (param i32) (result i32)
    (global.set $fuel (i32.sub (global.get $fuel) (i32.const 1)))
    (if (i32.eqz (global.get $fuel)) (then unreachable))
    (if (i32.eq (i32.and (local.get 0) (i32.const 7)) (i32.const 3)) (then (throw $t0 (local.get 0))))
    (if (i32.eq (i32.and (local.get 0) (i32.const 7)) (i32.const 5)) (then (throw $v)))
    (if (i32.eq (i32.and (local.get 0) (i32.const 15)) (i32.const 9)) (then (throw $t1 (i32.const 4))))
    (i32.add (local.get 0) (i32.const 1)))
  (func (export "sum") (result i32) (local i32 i32)
    (loop
      (local.set 1 (i32.add (i32.mul (local.get 1) (i32.const 31))
        (i32.add (i32.load8_u 0 (local.get 0)) (i32.mul (i32.const 7) (i32.load8_u 1 (local.get 0))))))
      (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 1024))))
    (local.get 1))
"""

Labels = list[tuple[str, bool]]
"""Names of the labels in scope, and whether they take an i32."""


class Program:
    """The text of one program; `legacy` ones use both forms of exception handling."""

    def __init__(self, seed: int, *, legacy: bool) -> None:
        self.random = random.Random(seed)
        self.legacy = legacy
        self.count = 0
        body = self.statements([("$f", True)], 0, (), self.random.randrange(2, 5))
        hashed = "(local.get 0)"
        for local in range(1, 8):
            hashed = f"(i32.xor (i32.mul {hashed} (i32.const 31)) (local.get {local}))"
        self.text = f"""(module {HEADER} (func (export "f") (param i32 i32) (result i32)
          (local {"i32 " * 14}) (local $exn exnref)
          (local.set 0 (block $f (result i32) {body} (local.get 0)))
          {hashed}))"""

    def value(self, depth: int = 0) -> str:
        choose = self.random
        match choose.randrange(9 if depth < 3 else 3):
            case 0:
                return f"(i32.const {choose.choice([0, 1, 2, 3, 7, 255, 65535, -1])})"
            case 1 | 2:
                return f"(local.get {choose.randrange(4)})"
            case 3:
                return f"(i32.add {self.value(depth + 1)} {self.value(depth + 1)})"
            case 4:
                return f"(i32.sub {self.value(depth + 1)} {self.value(depth + 1)})"
            case 5:
                address = f"(i32.and {self.value(depth + 1)} (i32.const 1023))"
                return f"(i32.load8_u {choose.randrange(2)} {address})"
            case 6:
                operation = "div_u" if choose.random() < 0.3 else "lt_u"
                return f"(i32.{operation} {self.value(depth + 1)} {self.value(depth + 1)})"
            case 7:
                return f"(call $f {self.value(depth + 1)})"
        return f"(local.tee {choose.randrange(3)} {self.value(depth + 1)})"

    def statements(
        self, labels: Labels, depth: int, catches: tuple[str, ...], count: int | None = None
    ) -> str:
        count = count or self.random.randrange(1, 4)
        return " ".join(self.statement(labels, depth, catches) for _ in range(count))

    def statement(self, labels: Labels, depth: int, catches: tuple[str, ...]) -> str:
        choose = self.random
        self.count += 1
        name = f"$l{self.count}"
        simple = depth > DEEPEST or self.count > STATEMENTS
        target = choose.randrange(4)
        inner = depth + 1
        match choose.randrange(5 if simple else 16):
            case 0:
                return f"(local.set {target} {self.value()})"
            case 1:
                address = f"(i32.and {self.value()} (i32.const 1023))"
                return f"(i32.store8 {choose.randrange(2)} {address} {self.value()})"
            case 2:
                return f"(drop (call $f {self.value()}))"
            case 3:
                empty = [label for label, takes in labels if not takes]
                return f"(br_if {choose.choice(empty)} {self.value()})" if empty else "nop"
            case 4:
                tag = choose.choice([f"$t0 {self.value()}", f"$t1 {self.value()}", "$v"])
                return f"(if {self.value()} (then (throw {tag})))"
            case 5:
                label, takes = choose.choice(labels)
                return f"(if {self.value()} (then (br {label} {self.value() if takes else ''})))"
            case 6:
                return f"(block {name} {self.statements([*labels, (name, False)], inner, catches)})"
            case 7:
                body = self.statements([*labels, (name, True)], inner, catches)
                return f"(local.set {target} (block {name} (result i32) {body} {self.value()}))"
            case 8:
                body = self.statements(labels, inner, catches)
                counter = f"(local.tee {4 + depth} (i32.add (local.get {4 + depth}) (i32.const 1)))"
                again = f"(br_if {name} (i32.lt_u {counter} (i32.const {choose.randrange(1, 5)})))"
                return f"(local.set {4 + depth} (i32.const 0)) (loop {name} {body} {again})"
            case 9:
                body = self.statements(labels, inner, catches)
                counter = f"(local.tee {4 + depth} (i32.sub (local.get {4 + depth}) (i32.const 1)))"
                step = "(local.set 3 (i32.add (local.get 3) (i32.const 1)))"
                start = f"(local.set {4 + depth} (i32.const {choose.randrange(1, 5)}))"
                return f"{start} (loop {name} {body} {step} (br_if {name} {counter}))"
            case 10:
                arms = [self.statements([*labels, (name, False)], inner, catches) for _ in "ab"]
                return f"(if {name} {self.value()} (then {arms[0]}) (else {arms[1]}))"
            case 11 | 12 | 13:
                return self.try_table(name, labels, depth, catches)
        if self.legacy:
            return self.old_try(name, labels, depth, catches)
        return self.try_table(name, labels, depth, catches)

    def try_table(self, name: str, labels: Labels, depth: int, catches: tuple[str, ...]) -> str:
        choose = self.random
        value, plain, reference = f"{name}a", f"{name}b", f"{name}c"
        clauses = [
            choose.choice(
                [
                    f"(catch $t{choose.randrange(2)} {value})",
                    f"(catch $v {plain})",
                    f"(catch_all {plain})",
                    f"(catch_all_ref {reference})",
                    f"(catch_ref $v {reference})",
                ]
            )
            for _ in range(choose.randrange(1, 4))
        ]
        outer = [label for label, takes in labels if not takes]
        if outer and choose.random() < 0.3:
            clauses.append(f"(catch_all {choose.choice(outer)})")
        head = f"(try_table {name}"
        tail = " ".join(clauses)
        if choose.random() < 0.5:
            inside = [*labels, (name, False), (plain, False), (value, True)]
            body = f"{head} {tail} {self.statements(inside, depth + 1, catches)})"
        else:
            inside = [*labels, (name, True), (plain, False)]
            body = self.statements(inside, depth + 1, catches)
            body = f"{head} (result i32) {tail} {body} {self.value()})"
            body = f"(local.set {choose.randrange(4)} {body})"
        after = self.statements(labels, depth + 2, catches, 1) if choose.random() < 0.5 else ""
        again = "(throw_ref)" if choose.random() < 0.3 else "(local.set $exn)"
        out = f"{name}o"
        return f"""(block {out} (block {reference} (result exnref)
          (block {value} (result i32)
            (block {plain} {body} {after} (br {out}))
            (i32.const {choose.randrange(9)}))
          (local.set {choose.randrange(4)}) (br {out})) {again})"""

    def old_try(self, name: str, labels: Labels, depth: int, catches: tuple[str, ...]) -> str:
        choose = self.random
        result = choose.random() < 0.4
        inside = [*labels, (name, result)]

        def end() -> str:
            return self.value() if result else ""

        text = f"(try {name} {'(result i32)' if result else ''}"
        text += f" (do {self.statements(inside, depth + 1, catches)} {end()})"
        if choose.random() < 0.3:
            text += f" (delegate {choose.choice(labels)[0]})"
        else:
            inner = (*catches, name)
            clauses = [
                f"catch {choose.choice(['$t0', '$t1', '$v'])}" for _ in range(choose.randrange(3))
            ]
            clauses += ["catch_all"] if choose.random() < 0.5 else []
            for clause in clauses:
                payload = f"(local.set {choose.randrange(4)})" if "$t" in clause else ""
                body = self.statements(inside, depth + 1, inner, 1)
                if choose.random() < 0.4:
                    body += f" (if {self.value()} (then (rethrow {choose.choice(inner)})))"
                text += f" ({clause} {payload} {body} {end()})"
        text += ")"
        return f"(local.set {choose.randrange(4)} {text})" if result else text


def run(data: bytes, options: Options) -> list[tuple[Any, ...]]:
    """What every call does: how it ends, and the bytes in memory after it."""
    compiled = compile_module(data, options=options, cache=CodeCache())
    outcomes: list[tuple[Any, ...]] = []
    for arguments in ARGUMENTS:
        instance = instantiate(compiled, [])
        f, sum_ = instance.exports["f"], instance.exports["sum"]
        assert isinstance(f, FuncInst)
        assert isinstance(sum_, FuncInst)
        try:
            outcome: tuple[Any, ...] = ("returns", *invoke(f, arguments))
        except Trap as trap:
            outcome = ("traps", trap.message)
        except ExnInst as exn:
            outcome = ("throws", instance.tags.index(exn.tag), exn.payload)
        outcomes.append((*outcome, *invoke(sum_, ())))
    return outcomes


@pytest.fixture(scope="module")
def engine() -> wasmtime.Engine:
    config = wasmtime.Config()
    config.wasm_exceptions = True
    config.wasm_function_references = True
    config.wasm_gc = True
    config.wasm_multi_memory = True
    return wasmtime.Engine(config)


def run_wasmtime(engine: wasmtime.Engine, data: bytes) -> list[tuple[Any, ...]]:
    """The same by Wasmtime, which tells an uncaught exception from a trap by nothing that Python can see."""
    module = wasmtime.Module(engine, data)
    outcomes: list[tuple[Any, ...]] = []
    for arguments in ARGUMENTS:
        store = wasmtime.Store(engine)
        exports: Any = wasmtime.Instance(store, module, []).exports(store)
        try:
            outcome: tuple[Any, ...] = ("returns", exports["f"](store, *arguments) & 0xFFFFFFFF)
        except (wasmtime.Trap, wasmtime.WasmtimeError):
            outcome = ("fails",)
        outcomes.append((*outcome, exports["sum"](store) & 0xFFFFFFFF))
    return outcomes


@pytest.mark.parametrize("start", range(START, START + PROGRAMS, PER_TEST))
def test_random_programs_do_what_they_do_in_wasmtime(engine: wasmtime.Engine, start: int) -> None:
    for seed in range(start, start + PER_TEST):
        data = wat2wasm(Program(seed, legacy=False).text)
        outcomes = run(data, MODES[0])
        seen = [o if o[0] == "returns" else ("fails", o[-1]) for o in outcomes]
        assert seen == run_wasmtime(engine, data), f"program {seed}"
        for options in MODES[1:]:
            assert run(data, options) == outcomes, f"program {seed}, {options}"


@pytest.mark.parametrize("start", range(START, START + PROGRAMS, PER_TEST))
def test_random_programs_of_both_forms_do_the_same_in_every_mode(start: int) -> None:
    for seed in range(start, start + PER_TEST):
        data = wat2wasm(Program(seed, legacy=True).text)
        outcomes = [run(data, options) for options in MODES]
        assert all(outcome == outcomes[0] for outcome in outcomes), f"program {seed}"
