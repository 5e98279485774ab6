"""Stubs of compiled modules: what they say, and that type checkers agree with it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.standalone.stubs import stub

ALL = """(module
  (func (export "add") (param $a i32) (param $class i64) (result f64) (f64.const 3.5))
  (func (export "a-b") (result i32) (i32.const 4))
  (func (export "exports") (result i32 i64) (i32.const 1) (i64.const 2))
  (func (export "takes") (param $self externref))
  (memory (export "memory") 1) (table (export "table") 1 funcref) (tag (export "tag"))
  (global (export "if") i32 (i32.const 5)))"""
SHADOWING = """(module (func (export "int") (param i32) (result f32) (f32.const 0))
  (func (export "list") (result i32 i32) (i32.const 0) (i32.const 0))
  (func (export "Any") (param externref) (result i64) (i64.const 0)))"""
PROGRAM = """(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
  (memory (export "memory") 1) (func (export "_start")))"""


def stub_of(text: str) -> str:
    return stub(WebAssembly.Module(wat2wasm(text)))


def checked(tmp_path: Path, text: str, user: str) -> str:
    """What mypy says of a program that uses a module of the name ``mine``."""
    (tmp_path / "mine.pyi").write_text(stub_of(text))
    (tmp_path / "user.py").write_text(user)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "user.py", "mine.pyi"],
        cwd=tmp_path,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_the_types_of_exports() -> None:
    text = stub_of(ALL)
    _, _, module = text.partition("\nWebAssembly: Any\n")
    assert module == (
        "module: Any\n"
        "pyjsapi: Any\n"
        "def instantiate(imports: Any = None) -> _pyjsapi_Exports: ...\n"
        "exports: _pyjsapi_Exports\n"
        "def add(a: int, a1: int, /) -> float: ...\n"
        "def exports_() -> list[Any]: ...\n"
        "def takes(self_: Any, /) -> None: ...\n"
        "memory: _pyjsapi_Memory\n"
        "table: _pyjsapi_Table\n"
        "tag: Any\n"
        "if_: _pyjsapi_Global[int]\n"
    )
    assert "    def exports(self) -> list[Any]: ...\n" in text
    assert "    def takes(self, self_: Any, /) -> None: ...\n" in text


@pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes")
def test_type_checkers_know_them(tmp_path: Path) -> None:
    told = checked(
        tmp_path,
        ALL,
        "import mine\nx: float = mine.add(1, 2)\ny: int = mine.if_.value\nmine.add('x', 1)\n"
        "z: list[object] = mine.instantiate().exports()\nmine.memory.grow(1)\nmine.missing()\n",
    )
    assert "user.py:4: error" in told and "user.py:7: error" in told
    assert "Found 2 errors" in told, told


@pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes")
def test_exports_that_are_called_as_types_are(tmp_path: Path) -> None:
    user = "import mine\nx: float = mine.int(1)\ny: list[object] = mine.list()\nz: int = mine.Any(None)\n"
    assert "Success" in checked(tmp_path, SHADOWING, user)


def test_a_program_can_be_run() -> None:
    names = {node.name for node in ast.parse(stub_of(PROGRAM)).body if isinstance(node, ast.FunctionDef)}  # fmt: skip
    assert names == {"instantiate", "run", "main"}
