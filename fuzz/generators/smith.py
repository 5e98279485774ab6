"""Modules by ``wasm-tools smith``: everything that is valid, as no one who knows the translator would write it."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from fuzz import tools
from fuzz.binaries import Unsupported, WasmError, described
from fuzz.program import Program
from fuzz.writer import Writer

TRIES = 8


ALWAYS: Final[dict[str, Any]] = {
    "reference-types-enabled": True,
    "bulk-memory-enabled": True,
    "multi-value-enabled": True,
    "saturating-float-to-int-enabled": True,
    "sign-extension-ops-enabled": True,
    "extended-const-enabled": True,
    "relaxed-simd-enabled": False,
    "custom-page-sizes-enabled": False,
    "wide-arithmetic-enabled": False,
    "shared-everything-threads-enabled": False,
    "custom-descriptors-enabled": False,
    "compact-imports-enabled": False,
    "canonicalize-nans": True,
    "export-everything": True,
    "min-funcs": 1,
    "max-globals": 6,
    "max-tags": 3,
    "min-memories": 1,
    "max-table-elements": 50,
    "max-memory32-bytes": 4 << 16,
    "max-memory64-bytes": 4 << 16,
    "table-max-size-required": True,
    "memory-max-size-required": True,
}
"""What is the same in all configurations."""


def configuration(writer: Writer) -> tuple[dict[str, Any], frozenset[str]]:
    """A configuration of smith, and the features that its modules may need."""
    pick = writer.pick
    simd, gc, exceptions = pick(True, False), pick(True, False), pick(True, False)
    wide, threads, tails = writer.chance(0.2), writer.chance(0.15), pick(True, False)
    several = writer.chance(0.3)
    found = ALWAYS | {
        "simd-enabled": simd,
        "gc-enabled": gc,
        "exceptions-enabled": exceptions,
        "memory64-enabled": wide,
        "threads-enabled": threads,
        "tail-call-enabled": tails,
        "generate-custom-sections": writer.chance(0.1),
        "allow-start-export": writer.chance(0.3),
        "disallow-traps": pick(True, False),
        "max-funcs": pick(2, 4, 8),
        "max-instructions": pick(30, 100, 300),
        "max-imports": pick(0, 0, 3),
        "max-types": pick(3, 8),
        "max-memories": pick(2, 3) if several else 1,
        "max-tables": pick(1, 2, 3),
    }
    features = {
        "gc": gc,
        "exceptions": exceptions,
        "memory64": wide,
        "threads": threads,
        "tail-call": tails,
        "multi-memory": several,
    }
    return found, frozenset(name for name, needed in features.items() if needed)


def generate(random: Random) -> Program:
    """A module by smith with calls of its exports. One that pyjsapi refuses has no calls, and will be told."""
    writer = Writer(random)
    for _ in range(TRIES):
        config, features = configuration(writer)
        data = tools.smith(random.randbytes(writer.pick(200, 1000, 4000)), config, fuel=100)
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
