"""The vector operations that generated code calls, as attributes: ``V.i8x16_add_sat_s(a, b)``.

Making them takes longer than most modules take to compile, so each table of them waits for a call that needs it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Final

_TABLES: Final = {
    "simd_integer": "INTEGER",
    "simd_bytes": "BYTES",
    "simd_products": "PRODUCTS",
    "simd_float": "FLOAT",
}
"""Tables of operations by mnemonic, with the modules that they are in; first those that are made fastest."""


def __getattr__(name: str) -> Callable[..., int]:
    # Called once for each table: afterwards its operations are attributes like any other.
    space = globals()
    for module, table in _TABLES.items():
        operations = getattr(import_module(f"{__package__}.{module}"), table)
        space.update({key.replace(".", "_"): operations[key] for key in operations})
        if name in space:
            operation: Callable[..., int] = space[name]
            return operation
    raise AttributeError(f"no vector operation {name}")
