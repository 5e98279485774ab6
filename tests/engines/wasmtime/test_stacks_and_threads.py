"""Stacks that end, threads, forks and the interpreter's end (EN-18, EN-24 … EN-26, EN-29 … EN-31)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi import RangeError, WebAssembly, wat2wasm

RECURSIVE = wat2wasm("""(module (import "m" "f" (func $f (param i32) (result i32)))
  (func $endless (export "endless") (param i32) (result i32)
    (i32.add (i32.const 1) (call $endless (local.get 0))))
  (func (export "through") (param i32) (result i32) (i32.add (i32.const 1) (call $f (local.get 0))))
  (func $down (export "down") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
      (else (call $f (i32.const 0))))))""")


def _exports(f: Callable[[int], int]) -> Any:
    return WebAssembly.Instance(WebAssembly.Module(RECURSIVE), {"m": {"f": f}}).exports


def _in_a_thread(work: Callable[[], None]) -> None:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def _deep_json(_: int) -> int:
    return len(json.dumps(json.loads("[" * 50 + "]" * 50)))


def _ends(work: Callable[[], None]) -> None:
    with pytest.raises(RangeError, match="Maximum call stack size exceeded"):
        work()


@pytest.mark.parametrize("thread", [False, True])
def test_en_24_recursion_ends_and_all_goes_on(thread: bool) -> None:
    def work() -> None:
        exports = _exports(_deep_json)
        for _ in range(2):
            _ends(lambda: exports.endless(0))
            assert exports.down(1000) == 1000 + _deep_json(0)
        recursive: Any = None

        def again(depth: int) -> int:
            return recursive.through(depth + 1)  # type: ignore[no-any-return]

        recursive = _exports(again)
        for _ in range(2):
            _ends(lambda: recursive.through(0))
        assert exports.down(10) == 10 + _deep_json(0)

    _in_a_thread(work) if thread else work()


def test_en_24_python_at_the_end_of_the_stack() -> None:
    def sort(_: int) -> int:
        pattern = re.compile("(a|b)*c")
        return len(sorted(map(str, range(500)))) + (pattern.match("abab" * 50 + "c") is not None)

    exports = _exports(sort)
    low, high = 0, 1 << 20
    while high - low > 64:  # the deepest call from which the host is reached
        depth = (low + high) // 2
        try:
            assert exports.down(depth) == depth + 501
            low = depth
        except RangeError:
            high = depth
    assert low > 1000
    assert exports.down(low) == low + 501


def test_en_25_a_thread_with_a_small_stack_is_refused() -> None:
    program = """
import threading
from pyjsapi import WebAssembly, wat2wasm
module = WebAssembly.Module(wat2wasm('(module (func (export "f") (result i32) (i32.const 7)))'), engine="wasmtime")
def run():
    try:
        print(WebAssembly.Instance(module).exports.f())
    except WebAssembly.RuntimeError as error:
        print(str(error).partition(":")[0])
for size in (256 << 10, 2 << 20):
    threading.stack_size(size)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
"""
    small, large = _run(program).splitlines()
    assert small == "the thread has a stack of 256 KiB, WebAssembly on Wasmtime needs 1536"
    assert large == "7"


def _run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.strip()


def test_en_26_a_callback_that_there_is_no_room_for_is_no_success() -> None:
    program = """
import sys
from pyjsapi import RangeError, WebAssembly, wat2wasm
text = '''(module (import "m" "f" (func $f (param i32) (result i32)))
  (func (export "g") (param i32) (result i32) (call $f (local.get 0))))'''
module = WebAssembly.Module(wat2wasm(text), engine="wasmtime")
raw = []
exports = WebAssembly.Instance(module, {"m": {"f": lambda n: raw[0](n + 1)}}).exports
raw.append(exports.g._pyjsapi_funcinst.call)  # what raises no limit of Python's
for limit in range(100, 150):
    sys.setrecursionlimit(limit)
    try:
        print("success", raw[0](0))
    except Exception:
        pass
sys.setrecursionlimit(1000)
try:
    exports.g(0)
except (RangeError, RecursionError):
    print("ended")
"""
    assert _run(program) == "ended"


def test_en_18_a_trap_in_a_host_function_is_not_caught_outside() -> None:
    text = """(module (import "m" "f" (func $f))
      (func (export "trap") (unreachable))
      (func (export "catch") (result i32)
        (block $h (try_table (catch_all $h) (call $f)) (return (i32.const 0))) (i32.const 1)))"""
    module = WebAssembly.Module(wat2wasm(text))
    inner = WebAssembly.Instance(module, {"m": {"f": lambda: None}}).exports
    outer = WebAssembly.Instance(module, {"m": {"f": lambda: inner.trap()}}).exports
    assert inner["catch"]() == 0
    with pytest.raises(WebAssembly.RuntimeError, match="unreachable"):
        outer["catch"]()

    def interrupt() -> None:
        raise KeyboardInterrupt

    outer = WebAssembly.Instance(module, {"m": {"f": interrupt}}).exports
    with pytest.raises(KeyboardInterrupt):
        outer["catch"]()


def test_en_29_calls_of_two_threads_into_one_store_are_serial() -> None:
    text = """(module (global $g (export "g") (mut i64) (i64.const 0))
      (func (export "add") (param i32)
        (loop $l (global.set $g (i64.add (global.get $g) (i64.const 1)))
          (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"""
    exports = WebAssembly.Instance(WebAssembly.Module(wat2wasm(text))).exports
    threads = [
        threading.Thread(target=lambda: [exports.add(1000) for _ in range(200)]) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert exports.g.value == 600_000


def test_en_29_objects_of_another_thread_are_refused() -> None:
    text = wat2wasm('(module (memory (export "m") 1) (table (export "t") 1 funcref))')
    exports = WebAssembly.Instance(WebAssembly.Module(text)).exports

    def work() -> None:
        for name, type_ in (("m", "memory 1"), ("t", "table 1 funcref")):
            user = wat2wasm(f'(module (import "e" "{name}" ({type_})))')
            module = WebAssembly.Module(user, engine="wasmtime")
            with pytest.raises(WebAssembly.LinkError, match="belongs to another thread"):
                WebAssembly.Instance(module, {"e": dict(exports)})

    _in_a_thread(work)


def test_en_29_what_dies_in_another_thread() -> None:
    text = """(module (type $s (struct)) (func (export "new") (result anyref) (struct.new $s)))"""
    exports = WebAssembly.Instance(WebAssembly.Module(wat2wasm(text))).exports
    objects = [exports.new() for _ in range(100)]
    _in_a_thread(objects.clear)
    assert exports.new() is not exports.new()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_en_30_a_forked_process_compiles_and_runs() -> None:
    program = """
import os
from pyjsapi import WebAssembly, engines, wat2wasm
engines.use("wasmtime")
def run(n, imports=None):
    text = f'(module (func (export "f") (result i32) (i32.const {n})))'
    return WebAssembly.Instance(WebAssembly.Module(wat2wasm(text)), imports).exports
before = run(1)
if os.fork() == 0:
    os._exit(0 if (before.f(), run(2).f(), run(1).f()) == (1, 2, 1) else 1)
print(os.waitstatus_to_exitcode(os.wait()[1]), run(3).f())
"""
    assert _run(program) == "0 3"


@pytest.mark.parametrize("order", ["instance", "module", "memory", "nothing"])
def test_en_31_the_interpreter_ends_without_a_word(order: str) -> None:
    program = f"""
import atexit, threading
from pyjsapi import WebAssembly, engines, wat2wasm
engines.use("wasmtime")
module = WebAssembly.Module(wat2wasm('''(module (import "m" "f" (func $f)) (memory (export "memory") 1)
  (table (export "t") 2 externref) (type $s (struct)) (func (export "new") (result anyref) (struct.new $s))
  (func (export "g") (call $f)))'''))
class Last:
    def __del__(self):
        instance_of[0].g()
instance = WebAssembly.Instance(module, {{"m": {{"f": lambda: None}}}})
instance_of = [instance.exports]
memory = instance.exports.memory
last, thing = Last(), instance.exports.new()
instance.exports.t.set(0, Last())
instance.exports.t.set(1, instance)
atexit.register(instance.exports.g)
view = memory.buffer
nothing = None
del {order}
"""
    assert _run(program) == ""
