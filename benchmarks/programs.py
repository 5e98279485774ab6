"""What programs of WASI and restored interpreters cost: `python -m benchmarks.programs`.

A "hello, world" that Zig's C compiler makes, by the command of the built wheel with its bytecode, whole processes
beside `import pyjsapi`; a megabyte that a guest writes to an `io.BytesIO`, beside writing it; and the first line that a
restored MicroPython runs, beside a new one on pwasm.
"""

from __future__ import annotations

import compileall
import importlib.util
import io
import os
import resource
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.costs import MIB, Cost
from benchmarks.program import print_costs
from benchmarks.snapshots import KIND, PWASM, RESTORED, in_this_process, warm
from benchmarks.start import WHEELS
from benchmarks.timing import interleaved

HELLO: Final = b'#include <stdio.h>\nint main(void) { puts("Hello, world"); return 0; }\n'
STACK: Final = 1 << 16
"""Bytes of the program's stack, as wasi-sdk gives it; Zig alone would give 16 MiB, which take time to make."""
MOST_HELLO: Final = 1.3
MOST_WRITE: Final = 1.5
MOST_FIRST_LINE: Final = 5.0
WRITER: Final = f"""(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 18)
  (func (export "_initialize")
    (i32.store (i32.const 0) (i32.const 65536)) (i32.store (i32.const 4) (i32.const {MIB})))
  (func (export "write") (result i32)
    (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))"""


def compiled_hello(folder: Path) -> Path:
    """The program. Raises `ImportError` where Zig is not installed."""
    if importlib.util.find_spec("ziglang") is None:
        raise ImportError("ziglang is not installed")
    source, target = folder / "hello.c", folder / "hello.wasm"
    source.write_bytes(HELLO)
    subprocess.run(
        [
            sys.executable, "-m", "ziglang", "cc", "-target", "wasm32-wasi", "-Os", "-s",
            f"-Wl,-z,stack-size={STACK}", "-o", target, source,
        ],
        check=True,
    )  # fmt: skip
    return target


def hello_costs(rounds: int) -> list[Cost]:
    """The command that runs the program ÷ the import, one after the other in each round."""
    wheel = next(WHEELS.glob("*.whl"), None)
    if wheel is None:
        print(f"the command is left out: {WHEELS} is not built (`make build`)", file=sys.stderr)
        return []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            program = compiled_hello(folder)
        except ImportError as error:
            print(f"the command is left out: {error}", file=sys.stderr)
            return []
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        compileall.compile_dir(folder, quiet=1)
        command = "import sys; from pyjsapi.cli import main; sys.exit(main())"  # as installed
        run = [sys.executable, "-c", command, "run", str(program)]
        load = [sys.executable, "-c", "import pyjsapi"]
        _seconds(run, folder)
        pairs = [(_seconds(run, folder), _seconds(load, folder)) for _ in range(2 * rounds)]
    ours, theirs = (min(column) * 1000 for column in zip(*pairs, strict=True))
    ratio = median(one / other for one, other in pairs)
    note = f"{ours:.0f} ms, {theirs:.0f} ms"
    title = "pyjsapi run hello.wasm ÷ import pyjsapi, whole processes"
    return [Cost(title, ratio, "x", MOST_HELLO, note=note)]


def _seconds(command: Sequence[str], folder: Path) -> float:
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYJSAPI_CACHE": str(folder / "codes")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def write_costs(rounds: int) -> list[Cost]:
    """``fd_write`` of a megabyte to an `io.BytesIO` ÷ writing a view of as much."""
    from pyjsapi import WebAssembly, wat2wasm
    from pyjsapi.wasi import WASI

    out = io.BytesIO()
    wasi = WASI(version="preview1", stdout=out)
    instance = WebAssembly.Instance(WebAssembly.Module(wat2wasm(WRITER)), wasi.getImportObject())
    wasi.initialize(instance)
    write = instance.exports.write
    other = io.BytesIO()
    view = memoryview(bytearray(MIB))

    def by_program() -> None:
        out.seek(0)
        if write():
            raise OSError("fd_write failed")

    def by_hand() -> None:
        other.seek(0)
        other.write(view)

    by_program()
    by_hand()
    if len(out.getvalue()) != MIB:
        raise OSError("fd_write wrote something else")
    timings = interleaved({"program": by_program, "hand": by_hand}, 20 * rounds)
    ratio = timings.ratio("program", "hand")
    note = f"{timings.seconds('program') * 1e6:.0f} µs"
    title = "fd_write of 1 MiB to io.BytesIO ÷ write(memoryview)"
    return [Cost(title, ratio, "x", MOST_WRITE, note=note)]


def first_line_costs(rounds: int) -> list[Cost]:
    """A restored MicroPython until its first line has run, in a process that did so before; likewise new on pwasm."""
    from pyjsapi import WebAssembly

    if importlib.util.find_spec("pwasm") is None:
        print("the first line is left out: pwasm is not installed", file=sys.stderr)
        return []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warm.snap"
        warm(WebAssembly.Module(KIND.wasm())).save(path)
        seconds = in_this_process(path, 5 * rounds)
    ours, theirs = seconds[RESTORED] * 1000, seconds[PWASM] * 1000
    note = f"pwasm, which starts anew: {theirs:.1f} ms"
    return [
        Cost("first line of a restored MicroPython", ours, "ms", MOST_FIRST_LINE, note=note),
        Cost("the same, pwasm ÷ pyjsapi", theirs / ours, "x"),
    ]


def measure(rounds: int) -> list[Cost]:
    """All of it."""
    return [*hello_costs(rounds), *write_costs(rounds), *first_line_costs(rounds)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    return print_costs("benchmarks.programs", __doc__, measure, arguments)


if __name__ == "__main__":
    sys.exit(main())
