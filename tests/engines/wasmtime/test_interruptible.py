"""Native code that can be ended: programs of their own, as a process decides once how its code is made."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pyjsapi import WebAssembly, engines, wat2wasm
from pyjsapi.engines import interruptible

BEGIN = """
import math, os, signal, sys, threading
from pyjsapi import WebAssembly, Worker, engines, wat2wasm

TEXT = '''(module (import "m" "began" (func $began))
  (memory (export "memory") 1) (global $n (export "n") (mut i64) (i64.const 0))
  (func (export "endless") (call $began) (loop (global.set $n (i64.add (global.get $n) (i64.const 1))) (br 0)))
  (func $deep (export "recursive") (call $deep) (call $deep))
  (func (export "caught") (call $began) (block (try_table (catch_all 0) (loop (br 0)))))
  (func (export "seven") (result i32) (i32.const 7)))'''
began = threading.Event()

def instance(**limits):
    module = WebAssembly.Module(wat2wasm(TEXT), limits=limits or None, engine="wasmtime")
    return WebAssembly.Instance(module, {"m": {"began": began.set}})

def when_it_has_begun(act):
    def work():
        began.wait()
        act()
    began.clear()
    thread = threading.Thread(target=work)
    thread.start()
    return thread

def interrupt():
    os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
"""


def run(program: str, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, interruptible.VARIABLE: "1", **variables},
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.strip()


def test_en_27_ctrl_c_ends_loops_which_no_code_catches() -> None:
    program = """
exports = instance().exports
for name in ("endless", "caught") * 3:
    thread = when_it_has_begun(interrupt)
    try:
        exports[name]()
    except KeyboardInterrupt:
        print(name, exports.seven())
    thread.join()
"""
    assert run(program).split("\n") == ["endless 7", "caught 7"] * 3


LOOPS = """
from pyjsapi import WebAssembly, wat2wasm

TEXT = '''(module (import "m" "began" (func $began)) (func (export "f") (call $began) (loop (br 0))))'''

module = WebAssembly.Module(wat2wasm(TEXT), engine="wasmtime")
began = lambda: self.postMessage("began")
WebAssembly.Instance(module, {"m": {"began": began}}).exports.f()
"""


def test_en_27_a_worker_is_terminated(tmp_path: Path) -> None:
    script = tmp_path / "loops.py"
    script.write_text(LOOPS)
    program = f"""
worker = Worker({str(script)!r}, name="loops")
print(worker.receive())
(thread,) = [each for each in threading.enumerate() if each.name == "loops"]
worker.terminate()
thread.join()
print("ended")
"""
    assert run(program).split() == ["began", "ended"]


def test_a_deadline_ends_a_call_and_the_instance_goes_on() -> None:
    program = """
made = instance(deadline=0.05)
for name in ("endless", "caught"):
    try:
        made.exports[name]()
    except WebAssembly.RuntimeError as error:
        print(type(error).__name__, error, made.exports.seven())
other = instance(deadline=math.inf)
thread = when_it_has_begun(lambda: print(other.interrupt()))
try:
    other.exports.endless()
except WebAssembly.RuntimeError as error:
    thread.join()
    print(type(error).__name__, other.exports.seven(), other.interrupt())
"""
    assert run(program).split("\n") == [
        "DeadlineExceeded deadline exceeded 7",
        "DeadlineExceeded deadline exceeded 7",
        "True",
        "Interrupted 7 False",
    ]


def test_one_deadline_is_no_other_instances() -> None:
    program = """
slow, quick = instance(deadline=math.inf), instance(deadline=0.05)
def work():
    try:
        slow.exports.endless()
    except WebAssembly.RuntimeError as error:
        print("slow", type(error).__name__)
try:
    quick.exports.endless()
except WebAssembly.RuntimeError as error:
    print("quick", type(error).__name__)
thread = when_it_has_begun(slow.interrupt)
work()
thread.join()
print(quick.exports.seven(), slow.exports.seven())
"""
    assert run(program).split("\n") == ["quick DeadlineExceeded", "slow Interrupted", "7 7"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_can_be_interrupted_too() -> None:
    program = """
import warnings
warnings.simplefilter("ignore")
exports = instance().exports
assert exports.seven() == 7
child = os.fork()
if child == 0:
    made = instance(deadline=0.05)
    try:
        made.exports.endless()
    except WebAssembly.RuntimeError as error:
        os._exit(made.exports.seven())
    os._exit(1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert run(program) == "7"


def test_it_is_asked_for_by_a_function_too_before_the_engine_is_made() -> None:
    program = """
engines.make_interruptible()
made = instance(deadline=0.05)
engines.make_interruptible()
try:
    made.exports.endless()
except WebAssembly.RuntimeError as error:
    print(type(error).__name__)
"""
    assert run(program, **{interruptible.VARIABLE: ""}) == "DeadlineExceeded"


def test_elsewhere_a_deadline_is_refused_and_it_is_too_late_to_ask() -> None:
    with pytest.raises(WebAssembly.CompileError, match=r"engines\.make_interruptible\(\)"):
        WebAssembly.Module(wat2wasm("(module)"), engine="wasmtime", limits={"deadline": 1})
    with pytest.raises(RuntimeError, match="has been made in this process already"):
        engines.make_interruptible()
