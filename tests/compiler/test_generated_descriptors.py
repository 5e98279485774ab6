"""Generated programs with descriptors: every mode of translation gives what a model in Python does."""

from __future__ import annotations

import base64
import json
import random
import subprocess

import pytest

from fuzz.engines.javascript import NODE
from pyjsapi import wat2wasm
from pyjsapi.compiler.cache import CodeCache
from pyjsapi.embedding.settings import Settings
from pyjsapi.engines.python import compile_module, instantiate, invoke
from pyjsapi.runtime import FuncInst
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.features import Features
from tests.compiler.conftest import MODES

DEPTH = 3
"""Types below each other, each with a descriptor: a type $t<i>, its descriptors' $d<i>."""
DESCRIPTORS = 6
TYPES = "".join(
    f"""(rec
  (type $t{i} (sub {f"$t{i - 1}" if i else ""} (descriptor $d{i}) (struct (field i32) {"(field i64)" * i})))
  (type $d{i} (sub {f"$d{i - 1}" if i else ""} (describes $t{i}) (struct (field i32)))))"""
    for i in range(DEPTH)
)


class Program:
    """A function that makes structures and casts them, and what it gives: numbers, and at the end perhaps a trap."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.level = [self.random.randrange(DEPTH) for _ in range(DESCRIPTORS)]
        self.sum = 0
        self.trap = ""
        self.lines: list[str] = []
        for _ in range(12):
            self._step()
            if self.trap:
                break

    def _add(self, code: str, value: int) -> None:
        self.sum = (self.sum * 3 + value) & 0xFFFFFFFF
        self.lines.append(
            f"(local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 3)) {code}))"
        )

    def _step(self) -> None:
        choose = self.random
        made, asked = choose.randrange(DESCRIPTORS), choose.randrange(DESCRIPTORS)
        value = choose.randrange(1000)
        level = self.level[made]
        rest = f"(i64.const {value})" * level
        null = choose.random() < 0.1
        new = f"(struct.new_desc $t{level} (i32.const {value}) {rest} (global.get $g{made}))"
        self.lines.append(f"(local.set $x {'(ref.null none)' if null else new})")
        target = choose.randrange(self.level[asked] + 1)
        nullable = choose.random() < 0.5
        exact = choose.random() < 0.3 and target == self.level[asked]
        heap = f"(exact $t{target})" if exact else f"$t{target}"
        type_ = f"(ref {'null ' if nullable else ''}{heap})"
        operands = f"(local.get $x) (global.get $g{asked})"
        hit = nullable if null else made == asked
        kind = choose.randrange(5)
        if kind == 0:
            code = f"""(block $l (result i32) (block $m (result anyref)
              (br_on_cast_desc_eq $m anyref {type_} {operands}) (drop) (br $l (i32.const 7))) (drop) (i32.const 9))"""
            self._add(code, 9 if hit else 7)
        elif kind == 1:
            code = f"""(block $l (result i32) (block $m (result anyref)
              (br_on_cast_desc_eq_fail $m anyref {type_} {operands})
              (drop) (br $l (i32.const 4))) (drop) (i32.const 5))"""
            self._add(code, 4 if hit else 5)
        elif kind == 2 and (hit or choose.random() < 0.2):
            self._add(f"(ref.is_null (ref.cast_desc_eq {type_} {operands}))", int(null))
            self.trap = "" if hit else "descriptor cast failure"
        elif kind == 3 and not null:
            seen = choose.randrange(level + 1)
            cast = f"(ref.cast (ref $t{seen}) (local.get $x))"
            self._add(f"(struct.get $d{seen} 0 (ref.get_desc $t{seen} {cast}))", made)
        else:
            seen = choose.randrange(DEPTH)
            is_exact = not null and level == seen
            self._add(f"(ref.test (ref (exact $t{seen})) (local.get $x))", int(is_exact))

    @property
    def text(self) -> str:
        globals_ = "".join(
            f"(global $g{i} (ref (exact $d{level})) (struct.new $d{level} (i32.const {i})))"
            for i, level in enumerate(self.level)
        )
        body = "\n".join(self.lines)
        return f"""(module {TYPES} {globals_}
          (func (export "go") (result i32) (local $sum i32) (local $x anyref)
            {body}
            (local.get $sum)))"""


@pytest.mark.parametrize("mode", MODES)
def test_programs_give_what_the_model_does(mode: str) -> None:
    settings = Settings(Features(custom_descriptors=True))
    trapped = 0
    for seed in range(60):
        program = Program(seed)
        compiled = compile_module(
            wat2wasm(program.text), settings, options=MODES[mode], cache=CodeCache()
        )
        go = instantiate(compiled, ()).exports["go"]
        assert isinstance(go, FuncInst)
        if program.trap:
            trapped += 1
            with pytest.raises(Trap, match=program.trap):
                invoke(go, ())
        else:
            assert list(invoke(go, ())) == [program.sum], seed
    assert 0 < trapped < 60


IN_NODE = """
const programs = JSON.parse(require("fs").readFileSync(0, "utf8"));
const answers = programs.map((text) => {
  const module = new WebAssembly.Module(Buffer.from(text, "base64"));
  try {
    return new WebAssembly.Instance(module).exports.go() >>> 0;
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    return null;
  }
});
console.log(JSON.stringify(answers));
"""


@pytest.mark.skipif(not NODE.exists(), reason="fuzz/node_modules has no newer Node")
def test_v8_gives_the_same() -> None:
    programs = [Program(seed) for seed in range(100, 300)]
    given = [base64.b64encode(wat2wasm(each.text)).decode() for each in programs]
    command = [str(NODE), "--experimental-wasm-custom-descriptors", "-e", IN_NODE]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [None if each.trap else each.sum for each in programs]
