"""Modules by Binaryen's fuzzer, whose code is that of optimisers: deep expressions, odd constants, many branches."""

from __future__ import annotations

from random import Random

from fuzz import tools
from fuzz.binaries import Unsupported, WasmError, described
from fuzz.program import Program
from fuzz.writer import Writer

TRIES = 3


def generate(random: Random) -> Program:
    """A module by Binaryen with calls of its exports."""
    writer = Writer(random)
    for _ in range(TRIES):
        features = [
            "--enable-reference-types",
            "--enable-multivalue",
            "--enable-bulk-memory",
            "--enable-sign-ext",
        ]
        features += ["--enable-nontrapping-float-to-int", "--enable-mutable-globals"]
        needed = set()
        for flag, name in (
            ("simd", ""), ("tail-call", "tail-call"), ("gc", "gc"), ("exception-handling", "exceptions"),
        ):  # fmt: skip
            if writer.chance(0.5):
                features.append(f"--enable-{flag}")
                needed.add(name)
        data = tools.binaryen(
            random.randbytes(writer.pick(300, 1000, 3000)), [*features, "--denan"]
        )
        if data is None:
            continue
        try:
            calls, imports = described(data, writer)
        except Unsupported:
            continue
        except WasmError:
            return Program(data, features=frozenset(needed - {""}))
        return Program(data, calls, imports, frozenset(needed - {""}), ends=False)
    return Program("(module)")
