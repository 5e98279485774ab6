"""Fixtures for hostile input: builders of binaries, and processes with little memory."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

_HERE = Path(__file__).parent
_MEGABYTES = 256
_PRELUDE = """
import resource
from build import *
from pyjsapi import RangeError, Uint8Array, WebAssembly

def refused(data, imports=None):
    '''The name of the error class that a module is refused with when it is compiled or instantiated.'''
    try:
        module = WebAssembly.Module(data)
    except (WebAssembly.CompileError, RangeError) as error:
        return error.name
    try:
        WebAssembly.Instance(module, imports)
    except (WebAssembly.LinkError, WebAssembly.RuntimeError, RangeError) as error:
        return 'instance: ' + error.name
    return 'accepted'

def call(data, *arguments):
    return WebAssembly.Instance(WebAssembly.Module(data)).exports.f(*arguments)

def resident():
    '''Megabytes of memory that the process has used at most.'''
    # Not ru_maxrss: a process starts with what its parent had used when it called exec.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) >> 10 for line in status if line.startswith("VmHWM"))
"""


@pytest.fixture(scope="session")
def build() -> Any:
    """The functions of ``build.py``."""
    return SimpleNamespace(**runpy.run_path(str(_HERE / "build.py")))


@pytest.fixture
def run() -> Callable[..., None]:
    """``run(code)`` runs assertions in a process of their own that may use 256 megabytes of addresses."""

    def start(code: str, *, megabytes: int | None = _MEGABYTES) -> None:
        limit = ""
        if megabytes is not None:
            limit = f"resource.setrlimit(resource.RLIMIT_AS, ({megabytes << 20},) * 2)\n"
        path = [str(_HERE), *(p for p in sys.path if p)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path), "PYJSAPI_CACHE": "0"}
        result = subprocess.run(
            [sys.executable, "-c", _PRELUDE + limit + textwrap.dedent(code)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr[-2000:]

    return start
