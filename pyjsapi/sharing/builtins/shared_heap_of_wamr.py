"""The builtin set ``shared-heap`` by the names that WAMR has in ``env``."""

from __future__ import annotations

from typing import Final

from pyjsapi.sharing.builtins import shared_heap

BUILTINS: Final = {f"shared_heap_{name}": builtin for name, builtin in shared_heap.BUILTINS.items()}
