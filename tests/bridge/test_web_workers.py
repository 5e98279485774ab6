"""Shared memories of JavaScript and Web Workers, inside Pyodide under Node, where workers are threads.

Everything is in the files of ``inside``, each of which runs once, or once with each kind of link.
"""

from __future__ import annotations

import ast
import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
INSIDE = HERE / "inside"


def cases(file: str) -> list[str]:
    """The names of a file's cases."""
    tree = ast.parse((INSIDE / file).read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    names = [node.name for node in tree.body if isinstance(node, functions)]
    return [name for name in names if name.startswith("case_")]


@cache
def run(file: str, *options: str) -> dict[str, Any]:
    """Run a file inside Pyodide: what its cases found, the link's class, and what was printed."""
    command = ["node", str(HERE / "run_inside.mjs"), str(INSIDE / file), *options]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    printed, _, last = done.stdout.strip().rpartition("\n")
    return {**json.loads(last), "printed": printed}


def compiled_wheel() -> str:
    """The path of the wheel in the distribution, whose modules are bytecode."""
    (wheel,) = (ROOT / "build" / "pyodide").glob("pyjsapi-*-cp3*.whl")
    return str(wheel)


def check(found: dict[str, Any], case: str) -> None:
    if found["results"][case] is not None:
        pytest.fail(f"inside Pyodide:\n{found['results'][case]}", pytrace=False)


@pytest.mark.pyodide
@pytest.mark.xdist_group("memories of JavaScript")
@pytest.mark.parametrize("link", ["native", "proxy"])
@pytest.mark.parametrize("case", cases("javascript_memories.py"))
def test_memories_of_javascript(link: str, case: str) -> None:
    found = run("javascript_memories.py", link)
    assert found["link"] == f"{link.title()}Link"
    check(found, case)


@pytest.mark.pyodide
@pytest.mark.xdist_group("web workers")
@pytest.mark.parametrize("case", cases("web_workers.py"))
def test_web_workers(case: str) -> None:
    check(run("web_workers.py"), case)


@pytest.mark.long
@pytest.mark.pyodide
@pytest.mark.xdist_group("web workers of a wheel")
@pytest.mark.parametrize("case", cases("wheel_workers.py"))
def test_web_workers_of_a_compiled_wheel(case: str) -> None:
    check(run("wheel_workers.py", compiled_wheel()), case)


@pytest.mark.long
@pytest.mark.pyodide
@pytest.mark.xdist_group("web workers of a wheel")
@pytest.mark.parametrize("case", cases("web_workers.py"))
def test_everything_works_in_a_compiled_wheel(case: str) -> None:
    check(run("web_workers.py", compiled_wheel()), case)


@pytest.mark.pyodide
@pytest.mark.xdist_group("web workers")
def test_a_worker_can_print() -> None:
    assert "a worker can print" in run("web_workers.py")["printed"]


def test_the_text_of_the_javascript_is_one_expression_that_needs_no_file() -> None:
    from pyjsapi.bridge.javascript_gen import SOURCE

    script = f"process.stdout.write(Object.keys({SOURCE}).join())"
    command = ["node", "--input-type=module"]
    done = subprocess.run(command, input=script, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "createLinkNow,runWorker,snapshotOf,startWorker,waitAsync"
