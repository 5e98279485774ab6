"""Modules by Binaryen's fuzzer, whose code is that of optimisers: deep expressions, odd constants, many branches."""

from __future__ import annotations

from random import Random
from typing import Final

from fuzz import tools
from fuzz.binaries import Unsupported, WasmError, described
from fuzz.program import Program
from fuzz.writer import Writer

TRIES: Final = 12
_ALWAYS: Final = (
    "--enable-reference-types", "--enable-multivalue", "--enable-bulk-memory", "--enable-sign-ext",
    "--enable-nontrapping-float-to-int", "--enable-mutable-globals", "--denan",
)  # fmt: skip
_FEATURES: Final = {
    "simd": "simd",
    "tail-call": "tail-call",
    "gc": "gc",
    "exceptions": "exception-handling",
}
"""Ours and Binaryen's names of features."""


def generate(random: Random) -> Program:
    """A module by Binaryen with calls of its exports."""
    writer = Writer(random)
    for _ in range(TRIES):
        chosen = [name for name in _FEATURES if writer.chance(0.5)]
        flags = [*_ALWAYS, *(f"--enable-{_FEATURES[name]}" for name in chosen)]
        features = frozenset(chosen)
        if "exceptions" in features:
            flags.append("--emit-exnref")
        data = tools.binaryen(random.randbytes(writer.pick(300, 1000, 3000)), flags)
        if data is None:
            continue
        try:
            needs = described(data, writer)
        except Unsupported:
            continue
        except WasmError:
            return Program(data, features=features)
        return Program(data, needs.calls, needs.imports, features | needs.features)
    return Program("(module)")
