"""Choices of code generation, as one value. The defaults are the fast ones; tests switch parts off."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Final, NamedTuple

PROOF: Final = "PYJSAPI_PROOF"
"""Environment variable that switches `Options.proof` on, unless it is ``0`` or empty."""
ASSERT: Final = "PYJSAPI_ASSERT"
"""Environment variable that switches `Options.assertions` on, likewise."""


class Options(NamedTuple):
    """How functions are translated. Every combination gives correct code."""

    facts: bool = True
    """Drop masks where the ranges of locals prove them unnecessary."""
    views: bool = sys.byteorder == "little"
    """Use typed views for aligned accesses (they have the machine's byte order)."""
    patterns: bool = True
    """Wrap sums and differences with a condition instead of a mask."""
    reuse: bool = True
    """Keep quotients, remainders and doubled words of a local in temporaries."""
    induction: bool = True
    """Derive facts about counters of loops."""
    ranges: bool = True
    """Turn proven counted loops into ``for … in range(…)``."""
    lanes: bool = True
    """Keep vectors of floats as their lanes between operations on floats."""
    elements: bool = True
    """Keep locals that are mostly addresses as indices of elements."""
    max_loops: int = 14
    """Open Python loops from which on blocks are left through flags (CPython allows 20)."""
    max_depth: int = 300
    """Nesting of structured instructions from which on the state machine is used."""
    state_machine: bool = False
    """Translate every function as a state machine."""
    proof: bool = False
    """Prove control flow; a function that is not proved is translated as a state machine, and reported."""
    assertions: bool = False
    """Check at run time whatever code relies on; raise `assertions.FactError` where it is not so."""

    @property
    def key(self) -> str:
        """Text that differs between options that give different code."""
        return ",".join(str(int(v)) for v in self)


def options_of(environment: Mapping[str, str]) -> Options:
    """The options of a process with these environment variables."""

    def on(name: str) -> bool:
        return environment.get(name, "0") not in ("", "0")

    return Options(proof=on(PROOF), assertions=on(ASSERT))


# Copies under another name (see `standalone`) are no place to look for faults of the translator, and have no proofs.
DEFAULT_OPTIONS: Final = options_of(os.environ if __package__ == "pyjsapi.compiler" else {})
