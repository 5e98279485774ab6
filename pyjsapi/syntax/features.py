"""The language features that a module may use, as one value passed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Features:
    """What is allowed beyond WebAssembly 1.0. What is in the standard is on unless switched off.

    A module that uses a feature which is off is refused with an error that names the field.
    """

    sign_extension: bool = True
    saturating_float_to_int: bool = True
    multi_value: bool = True
    bulk_memory: bool = True
    reference_types: bool = True
    multi_memory: bool = True
    extended_const: bool = True
    tail_call: bool = True
    function_references: bool = True
    """Typed function references, with recursion groups and subtyping of function types."""
    gc: bool = True
    """Structures, arrays, i31 references and casts."""
    memory64: bool = True
    """Memories and tables with 64-bit addresses."""
    simd: bool = True
    """The type v128 and the vector instructions."""
    exceptions: bool = True
    """Tags, ``throw``, ``throw_ref`` and ``try_table``, and references to exceptions."""
    legacy_exceptions: bool = True
    """The first form of exception handling: ``try``, ``catch``, ``catch_all``, ``delegate`` and ``rethrow``."""
    relaxed_simd: bool = True
    """The vector instructions whose results may differ between engines."""
    custom_page_sizes: bool = True
    """Memories with pages of one byte."""
    threads: bool = True
    """Shared memories and atomic memory accesses."""
    wide_arithmetic: bool = True
    """``i64.add128``, ``i64.sub128``, ``i64.mul_wide_s`` and ``i64.mul_wide_u``."""
    compact_imports: bool = True
    """Entries of the import section that name a module once for several imports."""
    stack_switching: bool = False
    """Continuations: ``cont`` types, ``suspend``, ``resume``, ``switch`` and tags with results; off until the proposal
    is finished."""
    acquire_release: bool = False
    """Atomic accesses and fences that say their ordering, and ``pause``; off until the proposal is finished."""
    custom_descriptors: bool = False
    """Structures with descriptors, exact types and exact imports of functions; off until the proposal is finished."""
    memory_control: bool = False
    """``memory.discard``, of a proposal whose encoding may change: off unless switched on."""
    memory_map_section: bool = True
    """The custom section ``pyjsapi.memory-map``; where it is off the section is ignored, as other hosts do."""

    def __post_init__(self) -> None:
        self._check()
        for name in _ASKED_FOR:
            if getattr(self, name):
                for needed in needs_of(name):
                    object.__setattr__(self, needed, True)

    def _check(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if value is not True and value is not False:
                raise TypeError(
                    f"Features.{name} must be True or False, not {type(value).__name__}"
                )


NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "gc": ("function_references",),
    "function_references": ("reference_types",),
    "stack_switching": ("function_references", "exceptions"),
    "custom_descriptors": ("gc",),
    "acquire_release": ("threads",),
}
"""The features that a feature is made of. What is off by default and asked for switches these on; of what is on by
default nobody can tell whether it was asked for, so there switching off what it needs has the last word."""
_ASKED_FOR: Final = ("stack_switching", "custom_descriptors", "acquire_release")


def needs_of(name: str) -> list[str]:
    """All that a feature needs, and what that needs."""
    found: list[str] = []
    waiting = list(NEEDS.get(name, ()))
    while waiting:
        needed = waiting.pop()
        if needed not in found:
            found.append(needed)
            waiting += NEEDS.get(needed, ())
    return found
