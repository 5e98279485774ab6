"""Compiled code that bears the lines of a text: breakpoints of `pdb`, tracebacks, and the same results as before."""

from __future__ import annotations

import json
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest

from fuzz.engines.base import ROOT
from fuzz.engines.harness import Run
from fuzz.engines.ours_child import Modules
from fuzz.generators import make
from pyjsapi import WebAssembly, wasm2wat, wat2wasm
from pyjsapi.debugging import DebugError, show_lines
from tests.debugging.conftest import FACTORIAL

SCRIPT = """\
import sys
from pathlib import Path
from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.debugging import show_lines
path = Path(sys.argv[1])
instance = WebAssembly.Instance(WebAssembly.Module(wat2wasm(path.read_text())))
show_lines(instance, path)
print(instance.exports.fact(3))
"""


def test_pdb_stops_at_lines_of_the_text(tmp_path: Path) -> None:
    text, script = tmp_path / "fact.wat", tmp_path / "script.py"
    text.write_text(FACTORIAL)
    script.write_text(SCRIPT)
    commands = (
        f"break {text}:6\ncontinue\np l0\nlist\ncontinue\np l0\nwhere\nclear 1\ncontinue\nq\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pdb", str(script), str(text)],
        input=commands,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT)},
        check=False,
    )
    said = done.stdout
    assert f"Breakpoint 1 at {text}:6" in said, said
    assert f"> {text}(6)f0()" in said, said
    assert "-> (i32.store (i32.const 16) (local.get $n))" in said
    assert "(Pdb) 3\n" in said
    assert "(Pdb) 2\n" in said
    assert said.count(f"{text}(9)f0()") >= 1
    assert "6\n" in said


@pytest.mark.parametrize("limits", [None, {"fuel": 10**9}])
def test_tracebacks_of_the_host_show_lines(tmp_path: Path, limits: Any) -> None:
    text = """(module (import "h" "h" (func $h))
  (func $inner
    (nop)
    (call $h))
  (func (export "f")
    (call $inner)))"""
    path = tmp_path / "m.wat"
    path.write_text(text)
    module = WebAssembly.Module(wat2wasm(text), limits=limits)
    instance = WebAssembly.Instance(module, {"h": {"h": lambda: [][0]}})
    show_lines(instance, path)
    with pytest.raises(IndexError) as caught:
        instance.exports.f()
    passed = [
        (Path(entry.filename).name, entry.lineno, entry.name)
        for entry in traceback.extract_tb(caught.value.__traceback__)
        if entry.filename == str(path)
    ]
    assert passed == [("m.wat", 6, "f2"), ("m.wat", 4, "f1")]
    assert [frame.line for frame in caught.value.wasm_frames] == [4, 6]  # type: ignore[attr-defined]


def test_a_file_that_is_not_there_is_written(tmp_path: Path) -> None:
    data = wat2wasm(
        '(module (func (export "f") (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0))))'
    )
    instance = WebAssembly.Instance(WebAssembly.Module(data))
    show_lines(instance, tmp_path / "m.wat")
    assert (tmp_path / "m.wat").read_text() == wasm2wat(data)
    assert instance.exports.f(1) == 1
    code = instance.exports.f.__closure__[0].cell_contents.__code__
    lines = (tmp_path / "m.wat").read_text().splitlines()
    assert code.co_filename == str(tmp_path / "m.wat")
    assert any("div_u" in lines[line - 1] for _, _, line in code.co_lines() if line)
    with pytest.raises(WebAssembly.RuntimeError, match="divide by zero") as caught:
        instance.exports.f(0)
    frame = caught.value.wasm_frames[0]
    assert (frame.index, frame.offset) == (0, _offset(data))


def _offset(data: bytes) -> int:
    offsets = WebAssembly.Module(data)._compiled.module.funcs[0].code.offsets()  # type: ignore[attr-defined]
    found: int = offsets[2]
    return found


def test_another_text_is_refused(tmp_path: Path) -> None:
    instance = WebAssembly.Instance(WebAssembly.Module(wat2wasm(FACTORIAL)))
    path = tmp_path / "other.wat"
    for text in ("(module)", "(", FACTORIAL.replace("16", "20")):
        path.write_text(text)
        with pytest.raises(DebugError, match="not the text that the module was made from"):
            show_lines(instance, path)
    assert instance.exports.fact(3) == 6
    with pytest.raises(DebugError, match="Python engine"):
        show_lines(object(), path)


class Lined(Run):
    """A program whose code bears lines."""

    folder = Path()

    def _instantiate(self, module: Any, imports: Any) -> Any:
        instance = super()._instantiate(module, imports)
        if any(func.owner is not None for func in instance._instance.funcs):
            show_lines(instance, self.folder / "m.wat")
        return instance


@pytest.mark.parametrize(
    "name", ["atomics", "blocks", "corners", "deep", "gc", "handlers", "tables", "tails", "vectors"]
)
def test_generated_programs_do_the_same(name: str, tmp_path: Path) -> None:
    for seed in range(3):
        made = make(name, seed).program
        if not made.ends:
            continue
        Lined.folder = tmp_path / str(seed)
        Lined.folder.mkdir()
        modules, program = Modules(), made.json()
        seen = [
            json.loads(json.dumps(run(program, _module_of(modules, mode)).observe()))
            for run, mode in ((Run, "default"), (Lined, "default"), (Lined, "states"))
        ]
        assert seen[0] == seen[1] == seen[2], (name, seed)
        (Lined.folder / "m.wat").unlink(missing_ok=True)


def _module_of(modules: Modules, mode: str) -> Any:
    return lambda data: modules.module(data, mode)
