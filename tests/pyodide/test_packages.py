"""Published packages that import ``wasmtime`` do the same in Pyodide, where that cannot be, as with it outside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from real.packages.packages import DRIVERS, folder, play

if TYPE_CHECKING:
    from tests.pyodide.conftest import Pyodide

pytestmark = [pytest.mark.pyodide, pytest.mark.xdist_group("pyodide")]
NAMES = ("opa_wasmtime", "pin_derive", "vt100wasm")
SNIPPET = """
import contextlib
import io
import os
import runpy
import sys
import tempfile

from pyjsapi import compat


def run(packages, driver):
    out, before, here = io.StringIO(), set(sys.modules), os.getcwd()
    sys.path.insert(0, packages)
    os.chdir(tempfile.mkdtemp())
    try:
        with compat.install(), contextlib.redirect_stdout(out):
            runpy.run_path(driver, run_name="__main__")
    finally:
        os.chdir(here)
        sys.path.remove(packages)
        for name in set(sys.modules) - before:
            if not name.startswith("pyjsapi"):
                del sys.modules[name]
    return out.getvalue()
"""


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", NAMES)
def test_a_package_does_what_it_does_with_wasmtime(
    name: str, pyodide: Pyodide, tmp_path: Path
) -> None:
    theirs = play(name, "wasmtime", tmp_path)
    driver = f"/project/real/packages/{DRIVERS.name}/{name}.py"
    ours = pyodide.call(SNIPPET, "run", "snippet.py", f"/packages/{folder().name}", driver)
    assert ours == theirs.stdout.decode() != ""
