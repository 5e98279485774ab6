"""Programs of the other generators, changed by ``wasm-tools mutate``: what nobody wrote, near what was aimed."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Final

import wasmtime

from fuzz import tools
from fuzz.program import Program

BASES: Final = (
    "aliasing", "blocks", "blocks", "counters", "counters", "handlers", "numerics", "segments", "tables", "tails",
)  # fmt: skip
"""Generators whose programs are changed; those in which no bits of NaNs can come to light."""


def generate(random: Random) -> Program:
    """A program changed a few times."""
    from fuzz.generators import generator

    program = generator(random.choice(BASES))(random)
    try:
        data = program.binary
    except wasmtime.WasmtimeError:
        return program
    for _ in range(random.choice((1, 1, 2, 4))):
        data = tools.mutated(data, random.getrandbits(32)) or data
    return replace(program, source=data, ends=False, lowered=False)
