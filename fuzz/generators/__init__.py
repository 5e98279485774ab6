"""The generators: each module here is one, by having ``generate(random: Random) -> Program``.

The first line of its docstring says what it makes and which decisions of the translator it aims at.
"""

from __future__ import annotations

import importlib
import pkgutil
import zlib
from collections.abc import Callable
from functools import cache
from random import Random
from typing import Final

from fuzz.program import Case, Program

Generate = Callable[[Random], Program]

NAMES: Final = tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


@cache
def generator(name: str) -> Generate:
    """The function of a generator. Raises `KeyError` for a name that is none."""
    if name not in NAMES:
        raise KeyError(name)
    generate: Generate = importlib.import_module(f"{__name__}.{name}").generate
    return generate


def make(name: str, seed: int) -> Case:
    """The program of a generator's seed, the same on every machine."""
    return Case(name, seed, generator(name)(Random(zlib.crc32(name.encode()) << 64 | seed)))
