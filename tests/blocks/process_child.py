"""What the processes of `processes` run."""

from __future__ import annotations

from typing import Any

from pyjsapi.runtime import atomics

WITHOUT_END = (1 << 64) - 1
PAGE = 65536


def run(scope: Any) -> None:
    """Execute the code that comes with a memory; what it calls ``result`` goes back."""
    memory, code = scope.receive()
    storage = memory._memory
    space = {
        "atomics": atomics,
        "memory": storage,
        "block": storage.block,
        "WITHOUT_END": WITHOUT_END,
        "PAGE": PAGE,
    }
    exec(code, space)
    scope.postMessage(space.get("result"))
