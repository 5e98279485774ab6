"""The ecosystem's own tools: what they make of the package is what the scripts make without them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import environments
import pyodide_tools
import pytest
import setup
from common import Failure
from environments import PYODIDE_TOOLS, Environment, find_python

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "node_modules" / "pyodide" / "pyodide-lock.json"

READ_RECIPE = """
import json, sys
from pathlib import Path
from pyodide_build.recipe.loader import load_recipes
from pyodide_build.recipe.spec import MetaConfig
recipe = MetaConfig.from_yaml(Path(sys.argv[1], "pyjsapi", "meta.yaml"))
assert load_recipes(Path(sys.argv[1]), ["pyjsapi"]) == {"pyjsapi": recipe}
print(json.dumps({
    "name": recipe.package.name,
    "version": recipe.package.version,
    "summary": recipe.about.summary,
    "license": recipe.about.license,
    "imports": recipe.test.imports,
    "top_level": recipe.package.top_level,
    "source": str(recipe.source.path.resolve()),
    "run": recipe.requirements.run,
}))
"""


@pytest.fixture(scope="module")
def wheel() -> Path:
    """The wheel that `make build` made."""
    (found,) = (ROOT / "build" / "wheel").glob("pyjsapi-*.whl")
    return found


@pytest.fixture
def tools() -> None:
    """The tools are there; a test is left out where they cannot be had."""
    if not PYODIDE_TOOLS.exists:
        if find_python(PYODIDE_TOOLS.minimum) is not None:
            pytest.fail("run scripts/setup.py pyodide-tools")
        pytest.skip("no Python 3.12 for pyodide-build")


@pytest.mark.usefixtures("tools")
def test_the_lock_file_is_the_same_with_and_without_the_tools(wheel: Path) -> None:
    by_tools = pyodide_tools.add_wheel(LOCK, wheel, tools=True)
    assert by_tools == pyodide_tools.add_wheel(LOCK, wheel, tools=False)
    assert by_tools["packages"]["pyjsapi"]["file_name"] == wheel.name
    before = json.loads(LOCK.read_text(encoding="utf-8"))
    assert {**before["packages"], "pyjsapi": by_tools["packages"]["pyjsapi"]} == by_tools[
        "packages"
    ]


def content(wheel: Path) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(wheel) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


@pytest.mark.long
@pytest.mark.usefixtures("tools")
def test_the_compiled_wheel_is_the_same_with_and_without_the_tools(
    wheel: Path, tmp_path: Path
) -> None:
    by_tools = pyodide_tools.compile_by_tools(wheel, tmp_path)
    ours = tmp_path / "ours"
    ours.mkdir()
    script = ROOT / "scripts" / "compile_wheel.py"
    subprocess.run([PYODIDE_TOOLS.command("python"), script, wheel, ours], check=True)
    assert [path.name for path in ours.iterdir()] == [by_tools.name]
    assert content(ours / by_tools.name) == content(by_tools)


@pytest.mark.long
@pytest.mark.usefixtures("tools")
def test_the_lock_file_of_a_compiled_wheel_is_the_same_too(wheel: Path, tmp_path: Path) -> None:
    lock = pyodide_tools.add_wheel(LOCK, wheel, tools=False)
    (tmp_path / wheel.name).write_bytes(wheel.read_bytes())
    (tmp_path / LOCK.name).write_text(json.dumps(lock), encoding="utf-8")
    pyodide = PYODIDE_TOOLS.command("pyodide")
    subprocess.run([pyodide, "py-compile", "--silent", tmp_path], capture_output=True, check=True)
    (compiled,) = tmp_path.glob("*.whl")
    pyodide_tools.replace_wheel(lock, compiled)
    assert json.loads((tmp_path / LOCK.name).read_text(encoding="utf-8")) == lock


@pytest.mark.usefixtures("tools")
def test_the_recipe_is_one_for_pyodide_build() -> None:
    python = PYODIDE_TOOLS.command("python")
    done = subprocess.run(
        [python, "-c", READ_RECIPE, ROOT / "recipes"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    with (ROOT / "pyproject.toml").open("rb") as handle:
        project = tomllib.load(handle)["project"]
    recipe = json.loads(done.stdout)
    assert recipe == {
        "name": project["name"],
        "version": project["version"],
        "summary": project["description"],
        "license": project["license"],
        "imports": ["pyjsapi"],
        "top_level": ["pyjsapi"],
        "source": str(ROOT / "build" / "source"),
        "run": project["dependencies"],
    }


def test_the_recipe_builds_from_what_is_in_the_wheel(wheel: Path) -> None:
    source = ROOT / "build" / "source"
    assert (source / "pyproject.toml").is_file()
    for name, data in content(wheel):
        if name.startswith("pyjsapi/"):
            assert (source / name).read_bytes() == data


@pytest.mark.long
def test_the_wheel_can_be_added_to_any_distribution(wheel: Path, tmp_path: Path) -> None:
    made = wheel.stat()
    for path in LOCK.parent.iterdir():
        if path.is_file() and path != LOCK:
            (tmp_path / path.name).symlink_to(path)
    lock = json.loads(LOCK.read_text(encoding="utf-8"))
    (tmp_path / LOCK.name).write_text(json.dumps(lock), encoding="utf-8")
    script = ROOT / "scripts" / "build_pyodide.py"
    subprocess.run([sys.executable, script, "--into", tmp_path], check=True)
    built = (ROOT / "build" / "pyodide" / LOCK.name).read_text(encoding="utf-8")
    assert (tmp_path / LOCK.name).read_text(encoding="utf-8") == built
    name = json.loads(built)["packages"]["pyjsapi"]["file_name"]
    assert content(tmp_path / name) == content(ROOT / "build" / "pyodide" / name)
    assert (wheel.stat().st_ino, wheel.stat().st_mtime_ns) == (made.st_ino, made.st_mtime_ns)


def test_a_lock_file_of_another_format_is_refused(wheel: Path, tmp_path: Path) -> None:
    lock = tmp_path / LOCK.name
    lock.write_text(json.dumps({"packages": {"micropip": {"name": "micropip", "new": 1}}}))
    with pytest.raises(Failure, match="changed its format"):
        pyodide_tools.add_wheel(lock, wheel, tools=False)


def test_the_newest_python_is_found_wherever_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def install(folder: Path, name: str, answer: str) -> Path:
        folder.mkdir(parents=True)
        python = folder / name
        python.write_text(f"#!/bin/sh\n{answer}\n")
        python.chmod(0o755)
        return python

    monkeypatch.setattr(sys, "version_info", (3, 11, 0))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert find_python((3, 12)) is None
    assert find_python((3, 11)) == Path(sys.executable)
    of_pyenv = install(tmp_path / "pyenv" / "versions" / "3.12.4" / "bin", "python", "echo 3.12")
    assert find_python((3, 12)) == of_pyenv
    install(tmp_path / "bin", "python3.14", "exit 1")
    assert find_python((3, 12)) == of_pyenv
    on_path = install(tmp_path / "bin2", "python3.13", "echo 3.13")
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "bin"), str(tmp_path / "bin2")]))
    assert find_python((3, 12)) == on_path


def test_without_a_python_nothing_is_set_up_and_one_line_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    packages: list[str] = ["pyodide-build"]
    environment = Environment("of-a-test", (3, 12))
    monkeypatch.setattr(Environment, "_packages", lambda self: packages)
    monkeypatch.setattr(environments, "find_python", lambda minimum: None)
    commands: list[Any] = []
    monkeypatch.setattr(environments, "run", commands.append)
    assert not environment.exists
    setup.set_up_environment(environment)
    assert commands == []
    assert capsys.readouterr().out == "pyjsapi: no Python 3.12 or newer: of-a-test is left out\n"
