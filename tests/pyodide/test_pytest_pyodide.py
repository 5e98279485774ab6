"""pytest-pyodide works with the distribution: what is in `ecosystem` runs in an environment of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from environments import PYTEST_PYODIDE

HERE = Path(__file__).resolve().parent
DISTRIBUTION = HERE.parents[1] / "build" / "pyodide"
SETTINGS = "[pytest]\nasyncio_default_fixture_loop_scope = function\n"


@pytest.fixture
def distribution(tmp_path: Path) -> Path:
    """The distribution with no package but pyjsapi: of others pytest-pyodide loads what the lock file names."""
    folder = tmp_path / "pyodide"
    folder.mkdir()
    for path in DISTRIBUTION.iterdir():
        (folder / path.name).symlink_to(path)
    lock = folder / "pyodide-lock.json"
    content = json.loads(lock.read_text(encoding="utf-8"))
    content["packages"] = {"pyjsapi": content["packages"]["pyjsapi"]}
    lock.unlink()
    lock.write_text(json.dumps(content), encoding="utf-8")
    return folder


@pytest.mark.long
@pytest.mark.pyodide
def test_run_in_pyodide_works(distribution: Path, tmp_path: Path) -> None:
    if not PYTEST_PYODIDE.exists:
        pytest.fail("run scripts/setup.py pytest-pyodide")
    settings = tmp_path / "pytest.ini"
    settings.write_text(SETTINGS, encoding="utf-8")
    done = subprocess.run(
        [
            PYTEST_PYODIDE.command("python"), "-m", "pytest", HERE / "ecosystem" / "in_pyodide.py",
            "-c", settings, "--rootdir", tmp_path, "-p", "no:cacheprovider", "-q", "-rA",
            "--runtime", "node", "--dist-dir", distribution,
        ],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=tmp_path,
        # As where the package is installed: what is raised inside is raised here.
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert re.search(r"^5 passed", done.stdout, re.MULTILINE), done.stdout
