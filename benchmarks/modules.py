"""What published modules cost: decoding and validating, compiling, translating, the first and second start.

The modules and what is called in them come from `build/real/manifest.json` (`make build`). What cannot be
paired in rounds is measured several times, and the least time is taken.
"""

from __future__ import annotations

import asyncio
import base64
import importlib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.costs import Cost
from benchmarks.timing import interleaved, sample

ROOT = Path(__file__).resolve().parent.parent
REAL = ROOT / "build" / "real"
SMALL = "mappings"
LARGE = "sqlite"

Progress = Callable[[str], None]


def entries() -> dict[str, dict[str, Any]]:
    """The measured modules by id: `title`, `file`, and `modules` and `steps` as in a comparison case."""
    manifest = json.loads((REAL / "manifest.json").read_text(encoding="utf-8"))
    return {entry["id"]: entry for entry in manifest["bench"]}


def wasm_of(entry: dict[str, Any]) -> bytes:
    """The binary of an entry."""
    path: str = entry["file"]
    return (REAL / path).read_bytes()


def case_of(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry as a comparison case that `pyjsapi.comparison.driver` can run."""
    modules = {
        name: base64.b64encode((REAL / module["file"]).read_bytes()).decode("ascii")
        for name, module in entry["modules"].items()
    }
    return {**entry, "modules": modules}


def decoding_costs(rounds: int) -> list[Cost]:
    """How fast a large module is decoded and validated, beside how fast pywasm decodes it."""
    from pyjsapi.binary.decoder import decode_module
    from pyjsapi.syntax.features import Features
    from pyjsapi.validation.limits import Limits
    from pyjsapi.validation.module import validate_module

    data = wasm_of(entries()[LARGE])

    def decode_and_validate() -> None:
        validate_module(decode_module(data), Features(), Limits())

    calls: dict[str, Callable[[], Any]] = {"pyjsapi": decode_and_validate}
    try:
        pywasm = importlib.import_module("pywasm.core")
    except ImportError:
        pass
    else:
        calls["pywasm"] = lambda: pywasm.ModuleDesc.from_reader(io.BytesIO(data))
    timings = interleaved(calls, min(rounds, 3))
    speed = len(data) / timings.seconds("pyjsapi") / 1e6
    costs = [Cost(f"decode and validate {LARGE} ({len(data) / 1000:.0f} KB)", speed, "MB/s")]
    if "pywasm" in calls:
        ratio = timings.ratio("pywasm", "pyjsapi")
        costs.append(Cost("pywasm's decoding alone ÷ that", ratio, "x"))
    return costs


def compile_costs(rounds: int) -> list[Cost]:
    """`WebAssembly.compile` of a module of about 50 KB, the code cache off."""
    from pyjsapi import WebAssembly

    data = wasm_of(entries()[SMALL])

    async def compile_it() -> None:
        await WebAssembly.compile(data)

    with environment({"PYJSAPI_CACHE": "0"}):
        timings = interleaved({"compile": lambda: asyncio.run(compile_it())}, rounds)
    name = f"WebAssembly.compile of {SMALL} ({len(data) / 1000:.0f} KB)"
    return [Cost(name, timings.seconds("compile"), "s", 1.0)]


def translation_costs(rounds: int) -> list[Cost]:
    """The translation of the functions that a module's first run calls, per KB of their code."""
    from pyjsapi.compiler.cache import CodeCache
    from pyjsapi.engines.python import compile_module

    costs = []
    for entry in entries().values():
        functions = executed_functions(entry)
        data = wasm_of(entry)
        seconds = []
        for _ in range(min(rounds, 5)):
            compiled = compile_module(data, cache=CodeCache())
            variant = compiled.default_variant
            seconds.append(sample(lambda: [variant.function(i) for i in functions], 1))  # noqa: B023
        first = compiled.imported_funcs
        bodies = [compiled.module.funcs[index - first].code for index in functions]
        kilobytes = sum(body.end - body.start for body in bodies) / 1000  # type: ignore[attr-defined]
        costs.append(
            Cost(
                f"translation in {entry['id']}, per KB of executed code",
                min(seconds) * 1000 / kilobytes,
                "ms",
                4.0,
                note=f"{len(functions)} of {len(compiled.module.funcs)} functions, {kilobytes:.0f} KB",
            )
        )
    return costs


def executed_functions(entry: dict[str, Any]) -> list[int]:
    """The indices of the functions that the entry's steps call, themselves or through others."""
    from benchmarks.start import run_steps
    from pyjsapi.compiler.variants import Variant

    called: set[int] = set()
    original = Variant.function

    def noted(self: Variant, index: int) -> Any:
        called.add(index)
        return original(self, index)

    with tempfile.TemporaryDirectory() as folder, environment(cache_settings(Path(folder))):
        Variant.function = noted  # type: ignore[method-assign]
        try:
            run_steps(case_of(entry))
        finally:
            Variant.function = original  # type: ignore[method-assign]
    return sorted(called)


def start_costs(rounds: int, progress: Progress) -> list[Cost]:
    """A large module in two processes one after the other, the code cache empty before the first."""
    entry = entries()[LARGE]
    costs = []
    for part, text in (
        ("whole", "every function translated"),
        ("answer", "a session with a database"),
        ("instance", "nothing called"),
    ):
        first, second = [], []
        for _ in range(min(rounds, 3)):
            with tempfile.TemporaryDirectory() as folder:
                first.append(start_process(entry["id"], part, Path(folder)))
                second += [start_process(entry["id"], part, Path(folder)) for _ in range(2)]
        cold, warm = min(first), min(second)
        costs.append(
            Cost(
                f"start of {LARGE}, {text}: first ÷ second process",
                cold / warm,
                "x",
                50 if part == "whole" else None,
                at_least=True,
                note=f"{cold * 1000:.0f} ms, then {warm * 1000:.1f} ms",
            )
        )
        progress(f"{text}: {costs[-1].note}")
    return costs


def start_process(name: str, part: str, cache: Path) -> float:
    """Start a module in a process of its own; the seconds it took (see `benchmarks.start`)."""
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.start", name, part],
        cwd=ROOT,
        env={**os.environ, **cache_settings(cache)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return float(answer.stdout)


def cache_settings(folder: Path) -> dict[str, str]:
    """The environment variables that put the code cache into `folder`."""
    return {"PYJSAPI_CACHE": str(folder)}


class environment:
    """Environment variables that are set within a block."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    def __enter__(self) -> None:
        self._before = {name: os.environ.get(name) for name in self._values}
        os.environ.update(self._values)

    def __exit__(self, *error: object) -> None:
        for name, value in self._before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def module_costs(rounds: int, progress: Progress) -> list[Cost]:
    """Every measurement of this file; none, with a word why, when the modules are not built."""
    if not (REAL / "manifest.json").is_file():
        progress(f"the real modules are left out: {REAL} is not built (`make build`)")
        return []
    return [
        *decoding_costs(rounds),
        *compile_costs(rounds),
        *translation_costs(rounds),
        *start_costs(rounds, progress),
    ]
