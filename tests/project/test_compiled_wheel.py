"""The package as bytecode alone: how a wheel is compiled, and that what is compiled does the same."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "pyjsapi"

PROGRAM = """
import json

import pyjsapi
from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.agents import interruption
from pyjsapi.compiler.cache import engine_version
from pyjsapi.runtime import depth

MODULE = wat2wasm('''(module (memory 1) (table 1 funcref)
  (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "remainder") (param i64 i64) (result i64) (i64.rem_s (local.get 0) (local.get 1)))
  (func (export "load") (param i32) (result f32) (f32.load (local.get 0)))
  (func (export "call") (param i32) (call_indirect (local.get 0)))
  (func $endless (export "endless") (result i32) (i32.add (i32.const 1) (call $endless))))''')
CALLS = [("divide", 7, 2), ("divide", 7, 0), ("remainder", 7, 0), ("load", 0), ("load", -1), ("call", 0), ("endless",)]

def tried(name, *arguments):
    try:
        return getattr(exports, name)(*arguments)
    except Exception as error:
        return [type(error).__name__, str(error)]

exports = WebAssembly.Instance(WebAssembly.Module(MODULE)).exports
print(json.dumps({
    "suffix": pyjsapi.__file__.rpartition(".")[2],
    "calls": [tried(*call) for call in CALLS],
    "engine": len(engine_version() or ""),
    "kept from exceptions": depth.deepen.__code__.co_filename.startswith(interruption._BOOKKEEPING),
}))
"""


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """scripts/compile_wheel.py."""
    spec = importlib.util.spec_from_file_location(
        "compile_wheel", ROOT / "scripts" / "compile_wheel.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package in a wheel, without the metadata that no test here looks at."""
    path = tmp_path_factory.mktemp("plain") / "pyjsapi-0-py3-none-any.whl"
    files = [path for path in sorted(PACKAGE.rglob("*")) if path.is_file()]
    with zipfile.ZipFile(path, "w") as archive:
        for file in files:
            if file.parent.name != "__pycache__":
                archive.write(file, file.relative_to(ROOT).as_posix())
    return path


@pytest.fixture(scope="module")
def compiled(wheel: Path, script: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same wheel, compiled for this Python."""
    path = script.compile_wheel(wheel, tmp_path_factory.mktemp("compiled"))
    assert isinstance(path, Path)
    return path


def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_every_module_is_bytecode_and_everything_else_as_it_was(
    wheel: Path, compiled: Path
) -> None:
    wanted = [f"{name}c" if name.endswith(".py") else name for name in names(wheel)]
    assert names(compiled) == wanted
    assert "pyjsapi/__init__.pyc" in wanted and "pyjsapi/py.typed" in wanted


def test_the_name_says_for_which_python_it_is(compiled: Path, script: ModuleType) -> None:
    major, minor = sys.version_info[:2]
    assert compiled.name == f"pyjsapi-0-cp{major}{minor}-none-any.whl"
    name = script.compiled_name("a_b-1.2-cp311-abi3-linux_x86_64.whl", (3, 14))
    assert name == "a_b-1.2-cp314-abi3-linux_x86_64.whl"
    with pytest.raises(ValueError, match="without a build tag"):
        script.compiled_name("a-1-2-py3-none-any.whl", (3, 14))


def test_the_same_wheel_compiled_again_is_the_same_file(
    wheel: Path, compiled: Path, script: ModuleType, tmp_path: Path
) -> None:
    assert script.compile_wheel(wheel, tmp_path).read_bytes() == compiled.read_bytes()


def run(folder: Path) -> dict[str, Any]:
    """What the program finds with the package in a folder or a zip file."""
    environment = {"PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1", "PYJSAPI_CACHE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_what_is_compiled_does_what_the_sources_do(compiled: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(compiled) as archive:
        archive.extractall(tmp_path)
    found, wanted = run(tmp_path), run(ROOT)
    assert (found.pop("suffix"), wanted.pop("suffix")) == ("pyc", "py")
    assert found == wanted
    assert found["calls"] == [
        3,
        ["RuntimeError", "integer divide by zero"],
        ["RuntimeError", "integer divide by zero"],
        0.0,
        ["RuntimeError", "out of bounds memory access"],
        ["RuntimeError", "uninitialized element 0"],
        ["CallStackError", "Maximum call stack size exceeded"],
    ]
    assert found["engine"] == 64
    assert found["kept from exceptions"] is True
