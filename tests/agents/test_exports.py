"""What ``import pyjsapi`` gives, and what it does not load before somebody asks."""

from __future__ import annotations

import subprocess
import sys

import pyjsapi

LAZY = ("Agent", "Atomics", "MessageChannel", "MessagePort", "Worker", "structuredClone")


def test_the_names_are_there() -> None:
    for name in LAZY:
        assert name in pyjsapi.__all__
        assert getattr(pyjsapi, name) is getattr(pyjsapi, name)
    assert pyjsapi.DataCloneError("x").name == "DataCloneError"


def test_programs_without_threads_do_not_load_what_threads_need() -> None:
    program = (
        "import sys; from pyjsapi import WebAssembly, Uint8Array;"
        "Uint8Array(WebAssembly.Memory(initial=1).buffer)[0] = 1;"
        "heavy = {'threading', 'asyncio', 'ctypes', 'concurrent.futures', 'multiprocessing'} & set(sys.modules);"
        "heavy |= {name for name in sys.modules if name.startswith('pyjsapi.agents')};"
        "print(sorted(heavy))"
    )
    result = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True)
    assert (result.stdout.strip(), result.stderr) == ("[]", "")
