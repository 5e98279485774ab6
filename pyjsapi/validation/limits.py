"""The implementation-defined limits of the JS API, and the engine's limits at run time, as one value passed in.

A module that exceeds one of the first kind is refused when it is compiled; one of the second kind is met when
something is made or grows.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

from pyjsapi.syntax.errors import ValidationError


def _call_depth() -> int:
    """Calls that a host function can make through C, from Python to Python, without a crash.

    Before CPython 3.12 one limit was for both kinds of calls; each of C takes less than 800 bytes of stack.
    """
    most = 12_000
    if sys.version_info >= (3, 12):
        return most
    stack = _USUAL_STACK
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_STACK)[0]
        stack = limit if limit != resource.RLIM_INFINITY else stack
    except (ImportError, OSError):
        pass
    return max(min(stack // 800, most), 1000)


_USUAL_STACK: Final = 2_000_000 if sys.platform == "win32" else 8 << 20
DEFAULT_CALL_DEPTH: Final = _call_depth()
PAYS: Final = "$"
LOOKS: Final = "!"
_OPTIONAL: Final = frozenset(
    {"deadline", "fuel", "max_host_calls", "max_memory_bytes", "max_total_table_elements"}
)
"""Fields that may be ``None``."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a module and its instances may use (JS API: "Implementation-defined Limits").

    The defaults are the specification's exact numbers. Counts are of definitions; where imports count too the
    documentation of the field says so.
    """

    module_size: int = 1 << 30
    """Bytes of a module."""
    types: int = 1_000_000
    """Types in the type section."""
    rec_groups: int = 1_000_000
    """Recursion groups in the type section."""
    rec_group_types: int = 1_000_000
    """Types in one recursion group."""
    subtype_depth: int = 63
    """Depth of a declared subtype hierarchy; a type without a supertype has depth 0."""
    functions: int = 1_000_000
    imports: int = 1_000_000
    """Imports of every kind together."""
    exports: int = 1_000_000
    globals: int = 1_000_000
    tags: int = 1_000_000
    data_segments: int = 100_000
    tables: int = 100_000
    """Tables, imported ones included."""
    table_init_entries: int = 10_000_000
    """Entries of one element segment."""
    memories: int = 100
    """Memories, imported ones included."""
    memory32_pages: int = 1 << 16
    """``minimum`` and ``maximum`` in the type of a memory with 32-bit addresses, in pages of 64 KiB."""
    memory64_pages: int = (1 << 37) - 1
    """``minimum`` and ``maximum`` in the type of a memory with 64-bit addresses, in pages of 64 KiB."""
    params: int = 1_000
    """Parameters of a function or block."""
    results: int = 1_000
    """Results of a function or block."""
    body_size: int = 7_654_321
    """Bytes of a function body, locals included."""
    locals: int = 50_000
    """Locals of a function, parameters included."""
    struct_fields: int = 10_000
    array_new_fixed_operands: int = 10_000

    operands: int = 10_000_000
    """This engine's own: operands that validation keeps on its stack. A body within ``body_size`` exceeds it only
    by calls and blocks with hundreds of results that nothing consumes."""

    max_memory_pages: int = 1 << 16
    """Run time: pages of 64 KiB that a memory with 32-bit addresses may have."""
    max_memory64_pages: int = 1 << 18
    """Run time: pages of 64 KiB that a memory with 64-bit addresses may have (16 GiB)."""
    max_memory_bytes: int | None = None
    """Run time: bytes that the memories which a module defines may have together in an instance, and a `Memory` alone;
    ``None`` for no further bound."""
    max_table_elements: int = 10_000_000
    """Run time: elements that a table may have. A larger declared minimum compiles, but cannot be instantiated."""
    max_total_table_elements: int | None = None
    """Run time: elements that the tables which a module defines may have together in an instance, and a `Table`
    alone; ``None`` for no further bound."""
    fuel: int | None = None
    """Run time: instructions that an instance may execute, ``None`` for no bound and no counting. See
    `Instance.add_fuel`."""
    max_host_calls: int | None = None
    """Run time: calls of host functions that an instance may make, ``None`` for no bound and no counting. See
    `Instance.add_host_calls`."""
    deadline: float | None = None
    """Run time: seconds that a call of an instance's functions from outside may take, ``None`` for no bound;
    ``math.inf`` for none but `Instance.interrupt`."""
    call_depth: int = DEFAULT_CALL_DEPTH
    """Run time: nested calls, of Python's functions and wasm's, before the call stack counts as exhausted: 12,000.
    In CPython 3.11 one for each 800 bytes of the C stack, because there the same number protects that: 10,485 where
    it has the usual 8 MiB. Where Python's own limit is higher, that one holds."""

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, int) and not isinstance(value, bool):
                continue
            if name == "deadline" and isinstance(value, float):
                continue
            if value is not None or name not in _OPTIONAL:
                raise TypeError(f"Limits.{name} must be an int, not {type(value).__name__}")
        for name in ("fuel", "max_host_calls"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ValueError(f"Limits.{name} must not be negative, it is {value}")
        if self.deadline is not None and not self.deadline > 0:
            raise ValueError(f"Limits.deadline must be positive, in seconds, it is {self.deadline}")

    @property
    def metering(self) -> str:
        """What code has to do: `PAYS` for what it executes, `LOOKS` whether it is to end, or nothing."""
        if self.fuel is not None:
            return PAYS
        if self.deadline is None:
            return ""
        # Without threads nobody could tell it to end: it looks at the time whenever it has paid for enough.
        return PAYS if sys.platform == "emscripten" else LOOKS


def check_limit(count: int, limit: int, field: str, what: str) -> None:
    """Raise `ValidationError` when ``count`` of ``what`` is above ``limit``, the value of ``Limits.<field>``."""
    if count > limit:
        raise ValidationError(f"too many {what}: {count}, the limit is {limit} (Limits.{field})")


def check_module_size(size: int, limits: Limits) -> None:
    """Raise `ValidationError` when a module of ``size`` bytes is too large to be compiled."""
    if size > limits.module_size:
        raise ValidationError(
            f"module too large: {size} bytes, the limit is {limits.module_size} (Limits.module_size)"
        )
