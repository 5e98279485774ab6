"""The vector operations that generated code calls, as attributes: ``V.i8x16_add_sat_s(a, b)``.

Making them takes longer than most modules take to compile, so it waits for the first call.
"""

from __future__ import annotations

from collections.abc import Callable


def __getattr__(name: str) -> Callable[..., int]:
    # Called for the first operation only: afterwards all of them are attributes like any other.
    from pyjsapi.compiler.simd_bytes import BYTES
    from pyjsapi.compiler.simd_float import FLOAT
    from pyjsapi.compiler.simd_integer import INTEGER
    from pyjsapi.compiler.simd_products import PRODUCTS

    operations = {
        mnemonic.replace(".", "_"): operation
        for table in (INTEGER, BYTES, PRODUCTS, FLOAT)
        for mnemonic, operation in table.items()
    }
    globals().update(operations)
    if name not in operations:
        raise AttributeError(f"no vector operation {name}")
    return operations[name]
