"""A child process that runs programs on pyjsapi: a line of JSON in, a line out.

In: ``{"programs": [...], "seconds": 5}``; each program names its ``modes``. Out: ``{"answers": [[observation of each
mode] of each program]}``. A program that computes longer than the seconds (of CPU time) is stopped: it hangs.
"""

from __future__ import annotations

import base64
import gc
import json
import resource
import signal
import sys
import traceback
from contextlib import nullcontext
from typing import Any, Final

from fuzz.engines.harness import Run, Stop
from fuzz.engines.modes import MODES, proved_in
from fuzz.engines.pieces import in_pieces
from pyjsapi import WebAssembly
from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.module import CompiledModule
from pyjsapi.compiler.options import Options
from pyjsapi.engines.python import compile_module
from pyjsapi.jsapi.module import module_object
from pyjsapi.syntax.errors import ParseError, WasmError
from pyjsapi.text import wasm2wat, wat2wasm

try:
    from pyjsapi.compiler.proving import prove_compiled
except ImportError:  # An older checkout.
    prove_compiled = None  # type: ignore[assignment]

MOST_MEMORY: Final = 4 << 30
"""Address space of the process: what a program asks for beyond is not there."""


def _stop(number: int, frame: object) -> None:
    raise Stop


def limit(seconds: float) -> None:
    """Stop what computes longer than this from now on; 0 for no limit."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds, 0.5 if seconds else 0)


class Modules:
    """The module of one program in every mode; it is decoded and validated once."""

    def __init__(self) -> None:
        self.first: CompiledModule | None = None

    def compiled(self, data: bytes, options: Options) -> CompiledModule:
        """The module for translation with these options. Raises `WasmError`."""
        first = self.first
        if first is None:
            self.first = compile_module(data, options=options, cache=CodeCache())
            return self.first
        return CompiledModule(first, options, CodeCache())

    def module(self, data: bytes, mode: str) -> Any:
        """A `WebAssembly.Module`. Raises `CompileError`."""
        try:
            return module_object(self.compiled(data, MODES[mode]))
        except WasmError as error:
            raise WebAssembly.CompileError(str(error)) from error


def unproved(modules: Modules, mode: str) -> list[str]:
    """What is not proved of the control flow of the module's functions in a mode."""
    first = modules.first
    if prove_compiled is None or first is None:
        return []
    again = modules.compiled(first.data, MODES[mode]._replace(proof=True))
    return [f"function {index}, {finding}" for index, finding in prove_compiled(again).findings]


def observe(program: dict[str, Any], mode: str, modules: Modules, seconds: float) -> dict[str, Any]:
    """What is seen of a program in one mode."""
    limit(seconds)
    try:
        with in_pieces() if mode == "guarded" else nullcontext():
            seen = Run(program, lambda data: modules.module(data, mode)).observe()
        if mode in proved_in([mode]):
            seen["unproved"] = unproved(modules, mode)
        return seen
    except Stop:
        return {"end": "hangs", "detail": f"more than {seconds} s of computing"}
    except Exception:
        return {"end": "crashes", "detail": traceback.format_exc()[-2000:]}
    finally:
        limit(0)


def read_text(text: str, seconds: float) -> dict[str, Any]:
    """What becomes of a text: its binary form, and whether that comes back from its own text."""
    limit(seconds)
    try:
        binary = wat2wasm(text, names=False)
        found: dict[str, Any] = {"end": "ran", "binary": base64.b64encode(binary).decode("ascii")}
        try:
            compile_module(binary, cache=CodeCache())
        except WasmError as error:
            return {**found, "valid": False, "detail": str(error)}
        again = wat2wasm(wasm2wat(binary), names=False)
        return {**found, "valid": True, "fixed": again == binary}
    except ParseError as error:
        return {"end": "refused", "detail": f"{error.line}:{error.column}: {error.message}"}
    except Stop:
        return {"end": "hangs", "detail": f"more than {seconds} s of computing"}
    except Exception:
        return {"end": "crashes", "detail": traceback.format_exc()[-2000:]}
    finally:
        limit(0)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Run the programs of a request, or read its texts."""
    if "texts" in request:
        return {"answers": [read_text(text, request["seconds"]) for text in request["texts"]]}
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
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    gc.freeze()
    for line in sys.stdin.buffer:
        text = json.dumps(answer(json.loads(line)))
        sys.stdout.buffer.write(text.encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
