"""The Pyodide distribution as files: what the wheel holds and how the lock file names it."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DISTRIBUTION = ROOT / "build" / "pyodide"


@pytest.fixture
def entry() -> dict[str, object]:
    lock = json.loads((DISTRIBUTION / "pyodide-lock.json").read_text(encoding="utf-8"))
    found = lock["packages"]["pyjsapi"]
    assert isinstance(found, dict)
    return found


def test_the_lock_file_names_the_wheel_by_its_hash(entry: dict[str, object]) -> None:
    wheel = DISTRIBUTION / str(entry["file_name"])
    assert entry["sha256"] == hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert entry["depends"] == []


def plain_wheel() -> Path:
    """The wheel that the distribution's was compiled from."""
    (wheel,) = (ROOT / "build" / "wheel").glob("pyjsapi-*.whl")
    return wheel


def names_in(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_the_wheel_holds_only_the_package() -> None:
    names = names_in(plain_wheel())
    assert "pyjsapi/__init__.py" in names
    assert "pyjsapi/py.typed" in names
    strangers = [n for n in names if not n.startswith("pyjsapi/") and ".dist-info/" not in n]
    assert strangers == []
    assert not any(name.endswith(".pyc") for name in names)


def test_the_distribution_holds_the_same_wheel_compiled(entry: dict[str, object]) -> None:
    wheel = DISTRIBUTION / str(entry["file_name"])
    assert wheel.name == plain_wheel().name.replace("-py3-", "-cp314-")
    wanted = [n + "c" if n.endswith(".py") else n for n in names_in(plain_wheel())]
    assert names_in(wheel) == wanted


def test_the_core_files_are_those_of_npm() -> None:
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    built = json.loads((DISTRIBUTION / "package.json").read_text(encoding="utf-8"))
    assert built["version"] == package["devDependencies"]["pyodide"]
    for name in ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip"):
        source = ROOT / "node_modules" / "pyodide" / name
        assert (DISTRIBUTION / name).stat().st_size == source.stat().st_size
