"""Web Workers of a package that was unpacked from a wheel: run inside Pyodide by `test_web_workers.py`."""

from __future__ import annotations

import compileall
import shutil
import sys
from pathlib import Path

import pyjsapi
from pyjsapi import RangeError, WebAssembly, Worker, wat2wasm
from tests.bridge.inside.helpers import raises

DIVIDES = wat2wasm("""(module
  (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "endless") (result i32) (i32.add (i32.const 1) (call 1))))""")


def case_it_is_that_of_the_wheel() -> None:
    assert not pyjsapi.__file__.startswith("/src/"), pyjsapi.__file__


def case_traps_are_traps() -> None:
    exports = WebAssembly.Instance(WebAssembly.Module(DIVIDES)).exports
    assert exports.divide(-7, 2) == -3
    assert "divide by zero" in raises(WebAssembly.RuntimeError, exports.divide, 1, 0)
    assert "stack" in raises(RangeError, exports.endless)
    raises(WebAssembly.CompileError, WebAssembly.Module, b"\0asm")


async def case_a_worker_runs_a_program() -> None:
    path = Path("/wheel_program.py")
    path.write_text(
        "import pyjsapi\n"
        "from pyjsapi import WebAssembly\n"
        "exports = WebAssembly.Instance(WebAssembly.Module(await self.receive_async())).exports\n"
        "postMessage([exports.divide(9, 3), pyjsapi.__file__])\n"
    )
    worker = Worker(str(path), kind="web")
    worker.postMessage(DIVIDES)
    quotient, file = await worker.receive_async()
    assert quotient == 3
    assert Path(file).suffix == Path(pyjsapi.__file__).suffix


async def case_a_program_may_be_compiled_too() -> None:
    package = Path("/programs/compiled_program")
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "names.py").write_text("OWN = 'names'\n")
    (package / "work.py").write_text(
        "from .names import OWN\ndef main(scope):\n    scope.postMessage(OWN)\n"
    )
    compileall.compile_dir(package, quiet=2, legacy=True)
    for source in package.glob("*.py"):
        source.unlink()
    shutil.rmtree(package / "__pycache__", ignore_errors=True)
    sys.path.insert(0, "/programs")
    worker = Worker("compiled_program.work:main", kind="web")
    assert await worker.receive_async() == "names"
