"""Start one real module in this process: `python -m benchmarks.start ID PART`.

PART is `instance`, from the bytes to an instance; `whole`, the same with every function translated ahead;
or `answer`, from the bytes through all the calls of the module's entry to their last answer. Prints the
seconds of CPU time.

What importing the package costs is measured here too: whole processes, of the built wheel with its bytecode.
"""

from __future__ import annotations

import asyncio
import compileall
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.costs import Cost

WHEELS: Final = Path(__file__).resolve().parent.parent / "build" / "wheel"
STANDARD: Final = "import json, dataclasses, asyncio"
"""What the import is compared with."""
MOST: Final = 1.5


def process_seconds(program: str, path: str) -> float:
    """The CPU time of a process of its own that runs ``program`` with ``path`` to import from."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": path}, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def import_costs(rounds: int, progress: Callable[[str], None] = lambda line: None) -> list[Cost]:
    """Processes that import the package ÷ processes that import `STANDARD`, one after the other in each round."""
    wheel = next(WHEELS.glob("*.whl"), None)
    if wheel is None:
        progress(f"the import is left out: {WHEELS} is not built (`make build`)")
        return []
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        compileall.compile_dir(folder, quiet=1)
        pairs = [
            (process_seconds("import pyjsapi", folder), process_seconds(STANDARD, folder))
            for _ in range(2 * rounds)
        ]
    ours, theirs = (min(column) * 1000 for column in zip(*pairs, strict=True))
    ratio = median(one / other for one, other in pairs)
    note = f"{ours:.0f} ms, {theirs:.0f} ms"
    return [Cost(f"import pyjsapi ÷ {STANDARD}, whole processes", ratio, "x", MOST, note=note)]


def run_steps(case: dict[str, Any]) -> None:
    """Run a comparison case on pyjsapi. Raises `RuntimeError` when one of its steps fails."""
    from pyjsapi.comparison.driver import run_case

    transcript = asyncio.run(run_case(case))
    for step, entry in zip(case["steps"], transcript, strict=True):
        if "error" in entry:
            raise RuntimeError(f"{step} failed: {entry['error']}: {entry['message']}")
        if "expect" in step and entry["value"] != step["expect"]:
            raise RuntimeError(f"{step} gave {entry['value']!r}")


def _zero(*arguments: Any) -> int:
    return 0


def instantiate(data: bytes, *, whole: bool) -> Any:
    """An instance of a module that imports functions only, which all return 0."""
    from pyjsapi import WebAssembly
    from pyjsapi.engines.python import CompiledModule

    module = WebAssembly.Module(data)
    if whole:
        compiled = module._compiled
        if not isinstance(compiled, CompiledModule):
            raise TypeError("only the Python engine translates functions")
        compiled.compile_all()
    imports: dict[str, dict[str, Any]] = {}
    for each in WebAssembly.Module.imports(module):
        imports.setdefault(each["module"], {})[each["name"]] = _zero
    return WebAssembly.Instance(module, imports)


def main(name: str, part: str) -> None:
    # What is imported before the clock starts.
    import pyjsapi.comparison.driver  # noqa: F401
    from benchmarks.modules import case_of, entries, wasm_of

    entry = entries()[name]
    data, case = wasm_of(entry), case_of(entry)
    start = time.process_time()
    if part == "answer":
        run_steps(case)
    else:
        instantiate(data, whole=part == "whole")
    print(time.process_time() - start)


if __name__ == "__main__":
    main(*sys.argv[1:])
