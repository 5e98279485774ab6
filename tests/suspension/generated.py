"""Generated modules that create, resume, suspend, bind, switch and drop continuations in every order."""

from __future__ import annotations

import random

_HEAD = """(module
 (type $f (func (param i32) (result i32))) (type $k (cont $f))
 (type $g (func (result i32))) (type $kg (cont $g))
 (type $s (func (param i32 (ref null $k)) (result i32))) (type $ks (cont $s))
 (tag $ask (param i32) (result i32)) (tag $get (result i32)) (tag $pass) (tag $swap (result i32))
 (tag $e (export "e") (param i32))
 (global $hash (export "hash") (mut i32) (i32.const 7)) (global $fuel (mut i32) (i32.const 150))
 (global $kept (mut (ref null $k)) (ref.null $k)) (global $rest (mut (ref null $kg)) (ref.null $kg))
 (func $mix (param i32)
  (global.set $hash (i32.xor (i32.mul (global.get $hash) (i32.const 16777619)) (local.get 0))))
 (func $spent (result i32)
  (if (i32.eqz (global.get $fuel)) (then (return (i32.const 1))))
  (global.set $fuel (i32.sub (global.get $fuel) (i32.const 1))) (i32.const 0))
 (func $kept (result (ref null $k)) (local $k (ref null $k))
  (local.set $k (global.get $kept)) (global.set $kept (ref.null $k)) (local.get $k))
 (func $rest (result (ref null $kg)) (local $k (ref null $kg))
  (local.set $k (global.get $rest)) (global.set $rest (ref.null $kg)) (local.get $k))"""
_LOCALS = "(local $y i32) (local $how i32) (local $k (ref null $k)) (local $kg (ref null $kg))"
_TAGS = ("ask", "get", "pass")


class Program:
    """One module, the same for the same seed; ``switches`` says whether it has ``switch``."""

    def __init__(self, seed: int, *, switches: bool = True) -> None:
        self._random = random.Random(seed)
        self._switches = switches
        self._labels = 0
        self._functions = [f"$f{i}" for i in range(self._random.randrange(2, 5))]
        self._peers = ["$s0", "$s1"]

    def text(self) -> str:
        """The module: ``run`` is to be called, ``hash`` tells what has happened."""
        spent = "(if (call $spent) (then (return (i32.const 5))))"
        parts = [_HEAD]
        for name in self._functions:
            body = f"{spent} {self._statements(0)} {self._statements(0)}"
            parts.append(
                f"(func {name} (type $f) (param $x i32) (result i32) {_LOCALS} {body} "
                "(i32.add (local.get $x) (local.get $y)))"
            )
        for name in self._peers:
            use = self._random.choice(
                [
                    "(global.set $kept (local.get $z))",
                    "(local.set $y (resume $k (i32.const 3) (local.get $z)))",
                    "(drop (local.get $z))",
                ]
            )
            parts.append(
                f"(func {name} (type $s) (param $x i32) (param $z (ref null $k)) (result i32) {_LOCALS} "
                f"{spent} {use} {self._statements(1)} (local.get $y))"
            )
        parts.append(f"(elem declare func {' '.join(self._functions + self._peers)})")
        parts.append(
            f'(func (export "run") (param $x i32) (result i32) {_LOCALS} '
            f"{self._resume(all_of_them=True)} {self._resume(all_of_them=True)} (local.get $y)))"
        )
        return "\n".join(parts)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _label(self) -> str:
        self._labels += 1
        return f"$l{self._labels}"

    def _value(self) -> str:
        return self._random.choice(
            [f"(i32.const {self._random.randrange(100)})", "(local.get $x)", "(local.get $y)"]
        )

    def _continuation(self) -> str:
        if self._chance(0.85):
            return f"(cont.new $k (ref.func {self._random.choice(self._functions)}))"
        return "(call $kept)" if self._chance(0.9) else "(ref.null $k)"

    def _peer(self) -> str:
        return f"(cont.new $ks (ref.func {self._random.choice(self._peers)}))"

    def _first(self, clauses: str) -> str:
        value, made = self._value(), self._continuation()
        return self._random.choices(
            [
                f"(resume $k {clauses} {value} {made})",
                f"(resume $kg {clauses} (cont.bind $k $kg {value} {made}))",
                f"(resume_throw $k $e {clauses} {value} {made})",
                f"(resume $kg {clauses} (call $rest))",
                f"(resume $ks {clauses} {value} {made} {self._peer()})",
            ],
            [6, 2, 1, 1, 1],
        )[0]

    def _after(self, again: str, done: str) -> str:
        """What is done with the continuation in $k."""
        value = self._value()
        return self._random.choices(
            [
                f"(local.set $how (i32.const 1)) (br {again})",
                f"(global.set $kept (local.get $k)) (br {done})",
                f"(local.set $how (i32.const 3)) (br {again})",
                f"(global.set $rest (cont.bind $k $kg {value} (local.get $k))) (br {done})",
                f"(local.set $k (ref.null $k)) (br {done})",
                f"(call $mix (resume $k {value} (local.get $k))) (br {done})",
            ],
            [9, 3, 2, 2, 2, 2],
        )[0]

    def _resume(self, *, all_of_them: bool = False) -> str:
        again, done = self._label(), self._label()
        labels = {tag: self._label() for tag in _TAGS}
        handled = [tag for tag in _TAGS if all_of_them or self._chance(0.6)]
        clauses = " ".join(f"(on ${tag} {labels[tag]})" for tag in handled)
        if self._switches and (all_of_them or self._chance(0.5)):
            clauses += " (on $swap switch)"
        rest = self._random.choice(
            [
                f"(local.set $how (i32.const 2)) (br {again})",
                f"(global.set $rest (local.get $kg)) (br {done})",
                f"(call $mix (resume_throw $kg $e {self._value()} (local.get $kg))) (br {done})",
            ]
        )
        return f"""(local.set $how (i32.const 0))
         (block {done} (loop {again}
          (if (call $spent) (then (br {done})))
          (block {labels["pass"]} (result (ref $kg))
           (block {labels["get"]} (result (ref $k))
            (block {labels["ask"]} (result i32 (ref $k))
             (if (i32.eqz (local.get $how)) (then (local.set $y {self._first(clauses)})))
             (if (i32.eq (local.get $how) (i32.const 1))
              (then (local.set $y (resume $k {clauses} {self._value()} (local.get $k)))))
             (if (i32.eq (local.get $how) (i32.const 2))
              (then (local.set $y (resume $kg {clauses} (local.get $kg)))))
             (if (i32.eq (local.get $how) (i32.const 3))
              (then (local.set $y (resume_throw $k $e {clauses} {self._value()} (local.get $k)))))
             (call $mix (local.get $y)) (br {done}))
            (local.set $k) (call $mix) {self._after(again, done)} (unreachable))
           (local.set $k) (call $mix (i32.const 11)) {self._after(again, done)} (unreachable))
          (local.set $kg) (call $mix (i32.const 12)) {rest}))"""

    def _statements(self, depth: int) -> str:
        return " ".join(self._statement(depth) for _ in range(self._random.randrange(1, 4)))

    def _statement(self, depth: int) -> str:
        value = self._value()
        choices = {
            f"(call $mix {value})": 4,
            f"(local.set $y (suspend $ask {value}))": 6,
            "(local.set $x (suspend $get))": 3,
            "(suspend $pass)": 3,
            f"(local.set $y (call {self._random.choice(self._functions)} {value}))": 2,
            f"(if (i32.and {value} (i32.const 1)) (then (throw $e {value})))": 2,
            f"(if (call $spent) (then (return {value})))": 1,
        }
        if self._switches:
            switch = f"(local.set $y (switch $ks $swap {value} {self._peer()}))"
            choices[f"(if (i32.and {value} (i32.const 2)) (then {switch}))"] = 3
        if depth < 2:
            caught, out = self._label(), self._label()
            choices[
                f"(block {out} (block {caught} (result i32) (try_table (catch $e {caught}) "
                f"{self._statements(depth + 1)}) (br {out})) (call $mix))"
            ] = 4
            choices[self._resume()] = 5
        return self._random.choices(list(choices), list(choices.values()))[0]
