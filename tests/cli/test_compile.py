"""``pyjsapi compile``: Python modules with a module inside, and wheels of them."""

from __future__ import annotations

import base64
import hashlib
import os
import runpy
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import WebAssembly
from pyjsapi.cli.main import main

ROOT = Path(__file__).parents[2]
TEXT = """(module
  (func (export "add") (param $a i32) (param $class i64) (result f64) (f64.const 3.5))
  (func (export "a-b") (result i32) (i32.const 4))
  (func (export "exports") (result i32 i64) (i32.const 1) (i64.const 2))
  (func (export "_decode"))
  (memory (export "memory") 1)
  (table (export "table") 1 funcref)
  (tag (export "tag"))
  (global (export "if") i32 (i32.const 5)))"""
IMPORTING = """(module (import "m" "one" (func $one (result i32)))
  (import "m" "back\\\\slash" (global i32))
  (func (export "f") (result i32) (call $one)))"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.wat").write_text(TEXT)
    (tmp_path / "needy.wat").write_text(IMPORTING)
    return tmp_path


def made(*arguments: str) -> dict[str, Any]:
    """The names of the Python module that comes of a command."""
    assert main(["compile", *arguments, "-o", "out.py"]) == 0
    return runpy.run_path("out.py")


def importing(place: Path, *more: Path) -> subprocess.CompletedProcess[str]:
    """What another process makes of the module that is there."""
    command = [sys.executable, "-S", "-c", "import mine; print(mine.add(1, 2))"]
    search = os.pathsep.join(map(str, [place, *more]))
    return subprocess.run(command, env={"PYTHONPATH": search}, capture_output=True, text=True)


@pytest.fixture(params=[[], ["--thin"]], ids=["alone", "thin"])
def kind(request: pytest.FixtureRequest) -> list[str]:
    """Options for modules that need nothing, or pyjsapi."""
    found = request.param
    assert isinstance(found, list)
    return found


def test_exports_can_be_called(folder: Path, kind: list[str]) -> None:
    found = made("mine.wat", *kind)
    assert found["add"](1, 2) == 3.5
    assert found["exports"]["a-b"]() == 4
    assert (found["exports_"](), found["if_"].value) == ([1, 2], 5)
    assert isinstance(found["memory"], found["WebAssembly"].Memory)
    assert isinstance(found["module"], found["WebAssembly"].Module)
    assert (found["WebAssembly"] is WebAssembly) is bool(kind)
    another = found["instantiate"]()
    assert another.memory is not found["memory"]
    assert "add: func ([i32 i64] -> [f64])" in found["__doc__"]
    assert {"add", "exports", "if_", "instantiate"} <= set(found["__all__"])


def test_a_module_with_imports_is_instantiated_with_them(folder: Path, kind: list[str]) -> None:
    found = made("needy.wat", *kind)
    exports = found["instantiate"]({"m": {"one": lambda: 6, "back\\slash": 1}})
    assert exports.f() == 6
    assert "m one: func ([] -> [i32])\nm back\\slash: (global i32)" in found["__doc__"]
    with pytest.raises(AttributeError, match=r"has imports; .* needs: m one: func"):
        found["__getattr__"]("f")
    with pytest.raises(AttributeError, match="has no attribute 'g'"):
        found["__getattr__"]("g")


def test_it_runs_by_itself_in_another_process(folder: Path) -> None:
    assert main(["compile", "mine.wat"]) == 0
    done = importing(folder)
    assert (done.stdout, done.stderr) == ("3.5\n", "")


def test_a_thin_one_runs_where_pyjsapi_is(folder: Path) -> None:
    assert main(["compile", "mine.wat", "--thin"]) == 0
    assert len((folder / "mine.py").read_bytes()) < 1500
    assert "No module named 'pyjsapi'" in importing(folder).stderr
    done = importing(folder, ROOT)
    assert (done.stdout, done.stderr) == ("3.5\n", "")


def test_type_checkers_know_a_wheel(folder: Path) -> None:
    assert main(["compile", "mine.wat", "--wheel"]) == 0
    with zipfile.ZipFile("mine-0.1.0-py3-none-any.whl") as archive:
        archive.extractall("site")
    (folder / "user.py").write_text("import mine\nreveal_type(mine.add(1, 2))\nmine.add('x', 1)\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "user.py"],
        env={"MYPYPATH": "site", "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert 'Revealed type is "float"' in done.stdout or "builtins.float" in done.stdout
    assert 'Argument 1 to "add" has incompatible type "str"; expected "int"' in done.stdout
    assert "Found 1 error" in done.stdout, done.stdout + done.stderr


def test_a_wheel_is_one_and_always_the_same(
    folder: Path, kind: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "dist").mkdir()
    command = ["compile", "mine.wat", "--wheel", "--name", "other", "--version", "1.2rc1", *kind]
    assert main([*command, "-o", "dist"]) == 0
    path = folder / "dist" / "other-1.2rc1-py3-none-any.whl"
    assert capsys.readouterr().out == "dist/other-1.2rc1-py3-none-any.whl\n"
    before = path.read_bytes()
    assert main([*command, "-o", "dist"]) == 0
    assert path.read_bytes() == before
    with zipfile.ZipFile(path) as archive:
        info = "other-1.2rc1.dist-info"
        needs_it = "\nRequires-Dist: pyjsapi>=" in archive.read(f"{info}/METADATA").decode()
        assert needs_it is bool(kind)
        rows = [row.rsplit(",", 2) for row in archive.read(f"{info}/RECORD").decode().splitlines()]
        assert {row[0] for row in rows} == set(archive.namelist())
        for name, digest, size in rows[:-1]:
            data = archive.read(name)
            hashed = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
            assert (digest, int(size)) == (f"sha256={hashed}", len(data))


def test_a_wheel_can_be_imported_as_it_is(folder: Path) -> None:
    assert main(["compile", "mine.wat", "--wheel"]) == 0
    done = importing(folder / "mine-0.1.0-py3-none-any.whl")
    assert (done.stdout, done.stderr) == ("3.5\n", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "my-module.py"], "'my-module' cannot be imported: give it a name like 'my_module' with -o"),
        (["-o", "zlib.py"], "'zlib' is a module of Python's own: give it a name like 'zlib_wasm' with -o"),
        (["--wheel", "--name", "json"], "'json' is a module of Python's own"),
        (["--name", "other"], "--name is for wheels: say --wheel too"),
        (["--version", "1.0"], "--version is for wheels"),
        (["-o", "-", "--stub"], "--stub writes a file beside that of -o"),
        (["--wheel", "--name", "class"], "'class' cannot be imported: give it a name like 'class_' with"),
        (["-o", "2fast.py"], "'2fast' cannot be imported: give it a name like '_2fast' with -o"),
        (["--wheel", "--name", "ä"], "both are ASCII"),
        (["--wheel", "--version", "one"], "a version is like 1.0 or 1.0rc1"),
    ],
)  # fmt: skip
def test_names_that_cannot_be_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    before = sorted(folder.iterdir())
    assert main(["compile", "mine.wat", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert sorted(folder.iterdir()) == before
