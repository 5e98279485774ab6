"""JupyterLite from PyPI, built as README says, in its console: Python is in a worker that the host has started."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PROGRAM = (HERE / "inside" / "program.py").read_text(encoding="utf-8")

pytestmark = [pytest.mark.long, pytest.mark.pyodide, pytest.mark.xdist_group("JupyterLite")]


@pytest.fixture
def site(
    tmp_path: Path, bare_pyodide: Path, commands: Path, snippet: Callable[[str, str], str]
) -> Path:
    """What README's command builds, with what else would come from a network: Pyodide, and the kernel's packages."""
    (tmp_path / "static").mkdir()
    bare_pyodide.rename(tmp_path / "static" / "pyodide")
    install, build = snippet("JupyterLite", "sh").splitlines()
    assert install == "pip install jupyterlite-core jupyterlite-pyodide-kernel"
    wheels = (commands.parent / "wheels").glob("*.whl")
    build += "".join(f" --piplite-wheels {wheel}" for wheel in wheels)
    done = subprocess.run(
        ["bash", "-ec", f"{build} --apps repl"],
        cwd=tmp_path,
        env={**os.environ, "PYJSAPI": str(ROOT), "PATH": f"{commands}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return tmp_path / "lite"


@pytest.fixture
def answer(site: Path, text_of: Callable[..., str]) -> Callable[..., str]:
    """What the console shows after some code ends with a number of answers."""

    def run(*sources: str, isolated: bool) -> str:
        path = "repl/index.html?kernel=python" + "".join(
            f"&code={quote(source)}" for source in sources
        )
        condition = (
            f"document.querySelectorAll('.jp-OutputArea-output').length >= {len(sources)}"
            " || document.querySelector('[data-mime-type$=stderr], [data-mime-type$=error]')"
        )
        return text_of(site, condition, path, isolated=isolated)

    return run


def test_the_notebook_of_readme(
    answer: Callable[..., str], snippet: Callable[[str, str], str]
) -> None:
    """And README's first example, which has no event loop of its own."""
    source = snippet("JupyterLite", "python")
    text = answer(source, snippet("In Python", "python"), isolated=False)
    assert "\n42\n" in text
    assert "\nb'quick'" in text


def test_everything_works_in_the_worker_of_a_kernel(answer: Callable[..., str]) -> None:
    source = f"""
import json, piplite
await piplite.install("pyjsapi")
open("program.py", "w").write({PROGRAM!r})
import program
found = await program.run()
found["waits"] = program.waits()
found["worker"] = await program.worker(program.work)
json.dumps(found)
"""
    found = re.search(r"^'(.*)'$", answer(source, isolated=True), re.MULTILINE)
    assert found is not None
    assert json.loads(found[1]) == {
        "python": "3.14",
        "mailbox": ["quick", [5], 0, 131072],
        "errors": ["fail: KeyError", "trap: RuntimeError", "deep: RangeError"],
        "shared": [7, 0, 1, 16384],
        "may block": True,
        "waits": ["not-equal", "timed-out"],
        "worker": [[0, True], 5],
    }
