"""Compiled modules where there is no pyjsapi: in a file, in a wheel, in a zip; they do what pyjsapi itself does."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.cli.main import main
from tests.standalone import driver
from tests.standalone.modules import MODULES

pytestmark = pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes")
CASES = {name: calls for name, (_, calls) in MODULES.items()}
ADD = '(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))'
MAKES_CODE = """(module (memory (export "memory") 1)
  (func (export "f") (param i32) (result i32) (i32.load (local.get 0))) {})"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "alone").mkdir()
    return tmp_path


def compiled(name: str, text: str, *options: str) -> None:
    """A module of a text is compiled into the folder ``alone``."""
    compiled_bytes(name, wat2wasm(text), *options)


def compiled_bytes(name: str, data: bytes, *options: str) -> None:
    """A module is compiled into the folder ``alone``."""
    Path(f"{name}.wasm").write_bytes(data)
    target = "alone" if "--wheel" in options else f"alone/{name}.py"
    assert main(["compile", f"{name}.wasm", "-o", target, *options]) == 0


def alone(
    *arguments: str | Path, given: str = "", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """What a Python does that has nothing but its own library; it must not find pyjsapi."""
    return subprocess.run(
        [sys.executable, "-I", "-S", *map(str, arguments)],
        input=given,
        env={"PATH": "", "PYJSAPI_CACHE": "0", **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )


def output(code: str, *arguments: str | Path, given: str = "") -> str:
    """What some code prints there, with ``alone`` to be imported from, or what arguments name."""
    places = [str(each) for each in arguments] or [str(Path("alone").resolve())]
    done = alone("-c", f"import sys; sys.path[:0] = {places!r}\n{code}", given=given)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def test_pyjsapi_is_not_there(folder: Path) -> None:
    assert "No module named 'pyjsapi'" in alone("-c", "import pyjsapi").stderr


def test_modules_of_all_kinds_do_what_pyjsapi_does(folder: Path) -> None:
    for name, (text, _) in MODULES.items():
        compiled(name, text)
    done = alone(driver.__file__, folder / "alone", given=json.dumps(CASES))
    assert done.stderr == ""

    def exports_of(name: str) -> Any:
        return WebAssembly.Instance(WebAssembly.Module(wat2wasm(MODULES[name][0]))).exports

    wanted = json.dumps(driver.all_results(CASES, exports_of))
    # pyjsapi saw the texts, and tells their lines too.
    assert json.loads(done.stdout) == json.loads(re.sub(r", line \d+:\d+", "", wanted))


@pytest.mark.parametrize("limit", [["--fuel", "1000"], ["--timeout", "0.01"]])
def test_limits_are_kept(limit: list[str], folder: Path) -> None:
    compiled("endless", '(module (func (export "f") (loop (br 0))))', *limit)
    code = "import endless\ntry: endless.f()\nexcept endless.WebAssembly.RuntimeError as e: print(type(e).__name__)"
    assert output(code) == ("OutOfFuel\n" if limit[0] == "--fuel" else "DeadlineExceeded\n")


def test_a_memory_has_its_limit(folder: Path) -> None:
    compiled(
        "m",
        '(module (memory 1) (func (export "grow") (result i32) (memory.grow (i32.const 2))))',
        "--max-memory", "128K",
    )  # fmt: skip
    assert output("import m; print(m.grow())") == "-1\n"


def test_the_end_of_the_stack_is_an_error(folder: Path) -> None:
    compiled("calls", MODULES["calls"][0])
    code = "import calls\ntry: calls.endless()\nexcept RecursionError as e: print(e)"
    assert output(code) == "Maximum call stack size exceeded\n"


def test_modules_of_one_version_use_one_copy(folder: Path) -> None:
    compiled("one", ADD)
    compiled("two", MODULES["memories"][0])
    compiled("three", ADD, "--wheel")
    wheel = folder / "alone" / "three-0.1.0-py3-none-any.whl"
    code = """import one, three, two
print(len({each.WebAssembly for each in (one, two, three)}), one.add(1, 2), three.add(3, 4), two.grow(0))
print(len({name.split(".")[0] for name in sys.modules if name.startswith("_pyjsapi")}))"""
    assert output(code, folder / "alone", wheel) == "1 3 7 1\n1\n"
    assert output(code.replace("import one, three", "import three, one"), folder / "alone", wheel)


def test_a_copy_takes_from_another_what_it_has_not(folder: Path) -> None:
    compiled("plain", ADD)
    text = '(module (import "wasi_snapshot_preview1" "sched_yield" (func)) (memory (export "memory") 1))'
    text = text.replace("(func)", "(func (result i32))")
    compiled("program", text)
    compiled("packed", text, "--wheel")
    wheel = folder / "alone" / "packed-0.1.0-py3-none-any.whl"
    for first, second in (("plain", "program"), ("plain", "packed"), ("packed", "plain")):
        code = f"import {first}, {second}; print({first}.WebAssembly is {second}.WebAssembly)"
        assert output(code, folder / "alone", wheel) == "True\n"


def test_copies_of_other_versions_and_pyjsapi_itself_are_not_met(folder: Path) -> None:
    compiled("mine", ADD)
    compiled("other", ADD)
    other = folder / "alone" / "other.py"
    name = next(word for word in other.read_text().split("'") if word.startswith("_pyjsapi_"))
    other.write_text(other.read_text().replace(name, "_pyjsapi_0123456789abcdef"))
    code = """import mine, other
print(mine.add(1, 2), other.add(3, 4), mine.WebAssembly is other.WebAssembly)"""
    assert output(code) == "3 7 False\n"
    (folder / "alone" / "pyjsapi").mkdir()
    (folder / "alone" / "pyjsapi" / "__init__.py").write_text(
        "raise SystemExit('pyjsapi was imported')"
    )
    assert output(code) == "3 7 False\n"


def test_beside_pyjsapi_itself(folder: Path) -> None:
    compiled("mine", ADD)
    root = Path(__file__).parents[2]
    code = """import pyjsapi, mine
print(mine.add(1, 2), mine.WebAssembly is pyjsapi.WebAssembly)"""
    assert output(code, folder / "alone", root) == "3 False\n"


def test_a_zip_is_enough(folder: Path) -> None:
    compiled("mine", ADD)
    with zipfile.ZipFile("all.zip", "w") as archive:
        archive.write("alone/mine.py", "mine.py")
    assert output("import mine; print(mine.add(1, 2))", folder / "all.zip") == "3\n"


def test_a_wheel_is_installed_by_unpacking_it(folder: Path) -> None:
    compiled("mine", MODULES["exceptions"][0], "--wheel")
    with zipfile.ZipFile("alone/mine-0.1.0-py3-none-any.whl") as archive:
        assert archive.testzip() is None
        assert not [name for name in archive.namelist() if "/wasi/" in name]
        assert "Requires-Dist" not in archive.read("mine-0.1.0.dist-info/METADATA").decode()
        archive.extractall("site")
    assert output("import mine; print(mine.catches(5), mine.__doc__)", folder / "site").startswith(
        "5 mine: a WebAssembly module of "
    )


def test_a_folder_that_cannot_be_written_is_no_matter(folder: Path) -> None:
    compiled("mine", ADD)
    (folder / "alone" / "__pycache__").write_bytes(b"")  # so that it cannot be made
    assert output("import mine; print(mine.add(1, 2))") == "3\n"
    assert sorted(os.listdir("alone")) == ["__pycache__", "mine.py"]


def test_bytecode_is_kept_as_that_of_other_sources(folder: Path) -> None:
    compiled("mine", ADD)
    code = "import mine; print(mine.add(1, 2))"
    assert output(code) == "3\n"
    kept = list(folder.glob("alone/__pycache__/_pyjsapi_*/**/*.pyc"))
    assert len(kept) > 50
    for path in kept:  # They are used: what is damaged is not looked at, but read.
        path.write_bytes(path.read_bytes()[:16])
    done = alone("-c", f"import sys; sys.path[:0] = ['alone']\n{code}")
    assert "EOFError" in done.stderr
    for path in kept:  # One of other sources is replaced.
        path.write_bytes(path.read_bytes()[:8] + b"\0\0\0\0\0\0\0\0")
    assert output(code) == "3\n"


def test_translated_code_is_kept_by_the_name_of_the_copy(folder: Path) -> None:
    compiled("mine", MAKES_CODE.format('(data (i32.const 0) "' + "x" * 5000 + '")'))
    cache = folder / "cache"
    code = "import sys; sys.path[:0] = ['alone']; import mine; mine.f(0)"
    for _ in range(2):
        assert alone("-c", code, environment={"PYJSAPI_CACHE": str(cache)}).stderr == ""
        assert len(os.listdir(cache)) == 1


def test_names_are_no_text_of_a_program(folder: Path) -> None:
    compiled("names", MODULES["names"][0])
    text = (folder / "alone" / "names.py").read_text()
    assert '"os"' not in text and "'a\"b" not in text and "class_" not in text
    code = """import names
print(names.class_(), names.os(), names._pyjsapi_in_file_(), names.__name__, names.exports["a\\"b\\n\\\\"]())"""
    assert output(code) == "1 4 5 names 2\n"


def test_help_shows_types_and_no_underscored_names(folder: Path) -> None:
    compiled(
        "mine",
        '(module (func (export "add") (param $left i32) (param f64) (result i64) (i64.const 1)))',
    )
    found = output("import mine, pydoc; print(pydoc.plain(pydoc.render_doc(mine)))")
    assert "add = 0(left: i32, a1: f64, /) -> i64" in found
    assert "instantiate(imports" in found and "_pyjsapi_in_file" not in found


def test_imports_are_given(folder: Path) -> None:
    compiled(
        "needy",
        '(module (import "m" "g" (global (mut i32))) (func (export "f") (result i32) (global.get 0)))',
    )
    code = """import needy
g = needy.WebAssembly.Global({"value": "i32", "mutable": True}, 5)
print(needy.instantiate({"m": {"g": g}}).f())
try: needy.f
except AttributeError as error: print(error)"""
    assert output(code) == (
        "5\nneedy.f: the module has imports; take it from instantiate(imports), which needs: "
        "m g: (global (mut i32))\n"
    )


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_other_versions_of_python(version: str, folder: Path) -> None:
    python = shutil.which(f"python{version}")
    if python is None or subprocess.run([python, "-V"], capture_output=True).returncode:
        pytest.skip(f"there is no Python {version}")
    compiled("garbage", MODULES["garbage"][0])
    code = "import sys; sys.path[:0] = ['alone']; import garbage; print(garbage.point(5))"
    done = subprocess.run([python, "-I", "-S", "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("5\n", "")
