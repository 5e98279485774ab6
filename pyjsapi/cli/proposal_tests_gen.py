# Made by `make generate` from scripts/generators/proposal_tests.json and docs/conformance.md: not edited by hand.

from __future__ import annotations

from typing import Final

TESTS: Final[dict[str, tuple[int, int]]] = {
    "Mutable globals, imported and exported": (247, 247),
    "Conversions of floats that do not trap": (618, 618),
    "Sign extension": (874, 874),
    "Multiple values": (942, 942),
    "BigInt for i64": (135, 135),
    "Reference types": (705, 708),
    "Bulk memory": (7142, 7142),
    "SIMD of 128 bits": (25515, 25515),
    "Tail calls": (166, 166),
    "Extended constant expressions": (220, 220),
    "Typed function references": (199, 199),
    "Garbage collection": (697, 697),
    "Several memories": (736, 736),
    "Relaxed SIMD": (69, 69),
    "Custom annotations in the text format": (81, 81),
    "Branch hints": (3, 3),
    "Exceptions": (124, 124),
    "String builtins": (47, 47),
    "Memories and tables with 64-bit addresses": (11240, 11243),
    "Promise integration": (20, 20),
    "Threads": (433, 444),
    "Wide arithmetic": (107, 107),
    "Custom page sizes": (164, 164),
    "Custom descriptors": (770, 772),
    "Extended name section": (3, 3),
    "Exceptions in their first form": (89, 89),
}
"""By proposal: how many of its tests pass, and of how many."""
