"""Start one real module in this process: `python -m benchmarks.start ID PART`.

PART is `instance`, from the bytes to an instance; `whole`, the same with every function translated ahead;
or `answer`, from the bytes through all the calls of the module's entry to their last answer. Prints the
seconds of CPU time.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any


def run_steps(case: dict[str, Any]) -> None:
    """Run a comparison case on pyjsapi. Raises `RuntimeError` when one of its steps fails."""
    from web.driver import run_case

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

    module = WebAssembly.Module(data)
    if whole:
        module._compiled.compile_all()
    imports: dict[str, dict[str, Any]] = {}
    for each in WebAssembly.Module.imports(module):
        imports.setdefault(each["module"], {})[each["name"]] = _zero
    return WebAssembly.Instance(module, imports)


def main(name: str, part: str) -> None:
    import web.driver  # noqa: F401  pyjsapi is imported before the clock starts
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
