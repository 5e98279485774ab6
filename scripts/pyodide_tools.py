"""What pyodide-build and pyodide-lock do for the distribution, and the same without them.

They need Python 3.12 and are in an environment of their own. Both ways give the same lock file. Bytecode has to be
that of Pyodide's Python: where the tools have another, Pyodide itself compiles.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

from common import ROOT, Failure, run
from environments import PYODIDE_TOOLS

SOURCE_DATE_EPOCH = {"SOURCE_DATE_EPOCH": "1767225600"}
"""The time that everything in a distribution has, so that the same sources give the same files."""


def add_wheel(lock: Path, wheel: Path, *, tools: bool) -> dict[str, Any]:
    """The content of a lock file with a wheel more, by the tools or without."""
    if not tools:
        return _add_wheel(lock, wheel)
    out = wheel.with_name("lock-with-wheel.json")
    command: list[str | Path] = [PYODIDE_TOOLS.command("pyodide"), "lockfile", "add-wheels", wheel]
    command += ["--input", lock, "--output", out, "--base-path", wheel.parent]
    try:
        run(command, quiet=True)
    except subprocess.CalledProcessError as error:
        raise Failure(
            f"`pyodide lockfile add-wheels` failed (exit {error.returncode}); its output is above"
        ) from error
    content: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    out.unlink()
    return content


def _add_wheel(lock: Path, wheel: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(lock.read_text(encoding="utf-8"))
    entry = {
        "depends": [],
        "file_name": wheel.name,
        "imports": ["pyjsapi"],
        "install_dir": "site",
        "name": "pyjsapi",
        "package_type": "package",
        "sha256": _sha256(wheel),
        "tool": {},
        "unvendored_tests": False,
        "version": wheel.name.split("-")[1],
    }
    pattern = content["packages"]["micropip"]
    if pattern.keys() != entry.keys():
        raise Failure(
            f"the lock file of Pyodide changed its format: its entries have the keys "
            f"{sorted(pattern)}, {Path(__file__).name} writes {sorted(entry)}"
        )
    content["packages"]["pyjsapi"] = entry
    return content


def replace_wheel(content: dict[str, Any], wheel: Path) -> None:
    """Let the entry of a lock file name another wheel, as `pyodide py-compile` does."""
    content["packages"]["pyjsapi"] |= {"file_name": wheel.name, "sha256": _sha256(wheel)}


def compile_wheel(wheel: Path, folder: Path, python: str, *, tools: bool) -> Path:
    """Compile a wheel into the folder of a distribution, for its Python, which the lock file gives."""
    if tools and _version_of_tools() == python.split(".")[:2]:
        return compile_by_tools(wheel, folder)
    answer = subprocess.run(
        ["node", ROOT / "scripts" / "compile_wheel.mjs", folder, wheel, folder],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if answer.returncode:
        raise Failure(f"the wheel could not be compiled inside Pyodide: {answer.stderr[-2000:]}")
    return folder / answer.stdout.strip()


def compile_by_tools(wheel: Path, folder: Path) -> Path:
    """Compile a wheel into a folder for the Python that the tools are installed for."""
    before = set(folder.glob("*.whl"))
    copy = folder / wheel.name
    copy.write_bytes(wheel.read_bytes())
    run(
        [PYODIDE_TOOLS.command("pyodide"), "py-compile", "--silent", copy],
        quiet=True,
        env=SOURCE_DATE_EPOCH,
    )
    (made,) = set(folder.glob("*.whl")) - before
    return made


def _version_of_tools() -> list[str]:
    probe = "import sys; print(*sys.version_info[:2])"
    command = [str(PYODIDE_TOOLS.command("python")), "-c", probe]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return answer.stdout.split()


def _sha256(wheel: Path) -> str:
    return hashlib.sha256(wheel.read_bytes()).hexdigest()
