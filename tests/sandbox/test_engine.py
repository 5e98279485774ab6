"""Code that nobody trusts runs on the Python engine, whichever is chosen for other modules."""

from __future__ import annotations

from pyjsapi import WebAssembly, engines, wat2wasm
from pyjsapi.sandbox import Sandbox
from tests.engines.second_engine import SecondEngine

PROGRAM = wat2wasm("""(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const 7))))""")


def test_a_program_in_a_box_is_run_by_the_python_engine() -> None:
    second = SecondEngine()
    with engines.using(second):
        assert WebAssembly.Module(PROGRAM).engine == "second"
        assert Sandbox.program(PROGRAM).run().exit_code == 7
    assert second.asked == {"compile": 1}


def test_an_interpreter_in_a_box_is_run_by_the_python_engine() -> None:
    second = SecondEngine()
    with engines.using(second), Sandbox.python(fuel=10**9) as box:
        assert box.run("print(6 * 7)").stdout == "42\n"
    assert second.asked == {}
