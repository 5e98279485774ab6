"""A child process that runs programs on pyjsapi: a line of JSON in, a line out.

In: ``{"programs": [...], "seconds": 5}``; each program names its ``modes``. Out: ``{"answers": [[observation of each
mode] of each program]}``. A program that computes longer than the seconds (of CPU time) is stopped: it hangs.
"""

from __future__ import annotations

import base64
import gc
import json
import signal
import sys
import traceback
from typing import Any

from fuzz.engines.harness import Run, Stop
from fuzz.engines.modes import MODES
from pyjsapi import WebAssembly
from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.engine import compile_module
from pyjsapi.compiler.module import CompiledModule
from pyjsapi.jsapi.module import module_object
from pyjsapi.syntax.errors import WasmError


def _stop(number: int, frame: object) -> None:
    raise Stop


class Modules:
    """The module of one program in every mode; it is decoded and validated once."""

    def __init__(self) -> None:
        self._first: CompiledModule | None = None

    def module(self, data: bytes, mode: str) -> Any:
        """A `WebAssembly.Module`. Raises `CompileError`."""
        options = MODES[mode]
        if self._first is None:
            try:
                self._first = compile_module(data, options=options, cache=CodeCache())
            except WasmError as error:
                raise WebAssembly.CompileError(str(error)) from error
            return module_object(self._first)
        first = self._first
        again = CompiledModule(
            data, first.module, first.context, first.limits, options, CodeCache()
        )
        return module_object(again)


def observe(program: dict[str, Any], mode: str, modules: Modules, seconds: float) -> dict[str, Any]:
    """What is seen of a program in one mode."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds, 0.5)
    try:
        return Run(program, lambda data: modules.module(data, mode)).observe()
    except Stop:
        return {"end": "hangs", "detail": f"more than {seconds} s of computing"}
    except Exception:
        return {"end": "crashes", "detail": traceback.format_exc()[-2000:]}
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Run the programs of a request."""
    answers = []
    for program in request["programs"]:
        modules = Modules()
        answers.append(
            [observe(program, mode, modules, request["seconds"]) for mode in program["modes"]]
        )
    return {"answers": answers}


def source(binary: str, mode: str) -> str:
    """Python of every function of a module in a mode, for people."""
    compiled = compile_module(base64.b64decode(binary), options=MODES[mode], cache=CodeCache())
    first = compiled.imported_funcs
    return "\n\n".join(compiled.source(first + k) for k in range(len(compiled.module.funcs)))


def main() -> None:
    signal.signal(signal.SIGVTALRM, _stop)
    gc.freeze()
    for line in sys.stdin.buffer:
        text = json.dumps(answer(json.loads(line)))
        sys.stdout.buffer.write(text.encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
