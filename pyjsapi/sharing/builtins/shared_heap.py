"""The builtin set ``shared-heap``: ``malloc`` and ``free`` in the heaps that memory 0 of the instance has attached.

``malloc`` gives 0 where no heap is attached, or none has room; ``free`` traps for what is no block, and does nothing
for 0. With ``64`` in their names they are for memories with 64-bit addresses. Modules written for WAMR find them in
``env``, as ``shared_heap_malloc`` and so on.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.jsapi.instantiation import Instantiation
from pyjsapi.sharing import heap_imports
from pyjsapi.sharing.attached_heaps import heaps_of
from pyjsapi.sharing.builtins.signatures import Row, builtins


def _functions(address: str, suffix: str) -> dict[str, Row]:
    def malloc(made: Instantiation, size: int) -> int:
        return heap_imports.malloc(heaps_of(made.memory(0)), size, address)

    def free(made: Instantiation, where: int) -> None:
        heap_imports.free(heaps_of(made.memory(0)), where, address)

    return {
        f"malloc{suffix}": (f"{address} -> {address}", malloc),
        f"free{suffix}": (address, free),
    }


BUILTINS: Final = builtins({**_functions("i32", ""), **_functions("i64", "64")}, of_instance=True)
