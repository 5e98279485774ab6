"""What interrupts native code as a callback begins is not lost: Python looks before the callback's first line."""

from __future__ import annotations

import dis
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.engines.wasmtime.guarding import guarded

SIGNALS = """
import os, signal, sys, threading
from pyjsapi import WebAssembly, wat2wasm

module = WebAssembly.Module(wat2wasm('''(module (import "m" "f" (func $f (param i32) (result i32)))
  (func (export "run") (param $n i32) (local $i i32)
    (loop $again
      (local.set $i (i32.const 300000))
      (loop $l (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
      (br_if $again (i32.eq (call $f (local.get $n)) (i32.add (local.get $n) (i32.const 1)))))))'''), engine="wasmtime")
called = threading.Event()

def f(n):
    called.set()
    return n + 1

run = WebAssembly.Instance(module, {"m": {"f": f}}).exports.run
signal.signal(signal.SIGINT, signal.default_int_handler)
found = []

def interrupt():
    called.wait()
    os.kill(os.getpid(), signal.SIGINT)

for k in range(12):
    called.clear()
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        run(k)
        found.append("a call was not made")
    except KeyboardInterrupt:
        pass
    thread.join()
print(found)
"""


def answer(fails: bool) -> str:
    try:
        if fails:
            raise KeyError
        return "done"
    except BaseException as error:
        return type(error).__name__


def begins_late(fails: bool) -> str:
    if fails:
        return ""
    return "done"


def first_instructions(function: Callable[..., Any]) -> tuple[int, int]:
    """Where the function begins to run, and how far its first handler is in force from there."""
    entries = dis.Bytecode(function).exception_entries  # type: ignore[attr-defined]
    begins = next(each.offset for each in dis.get_instructions(function) if each.opname == "RESUME")
    return begins, next((each.target for each in entries if each.start <= begins < each.end), -1)


def test_the_first_handler_is_in_force_from_the_first_instruction_on() -> None:
    _, before = first_instructions(answer)
    _, after = first_instructions(guarded(answer))
    assert before == -1
    assert after > 0
    assert guarded(answer)(False) == "done"
    assert guarded(answer)(True) == "KeyError"
    assert guarded(guarded(answer))(True) == "KeyError"


def test_what_cannot_be_guarded_is_refused() -> None:
    with pytest.raises(TypeError, match="only functions of Python"):
        guarded(len)
    with pytest.raises(ValueError, match="begins_late does not begin with a try statement"):
        guarded(begins_late)


def test_ctrl_c_comes_through_host_functions_whenever_it_comes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SIGNALS],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
