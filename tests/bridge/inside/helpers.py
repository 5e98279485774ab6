"""What the files of this folder have in common."""

from __future__ import annotations

import asyncio
from typing import Any

from pyjsapi import WebAssembly

PAGE = 65536


def raises(kind: type[BaseException], function: Any, *arguments: Any) -> str:
    try:
        function(*arguments)
    except kind as error:
        return str(error)
    raise AssertionError(f"{function} did not raise {kind.__name__}")


def shared(initial: int = 1, maximum: int = 4) -> Any:
    return WebAssembly.Memory(initial=initial, maximum=maximum, shared=True)


async def run_soon() -> None:
    """Let what JavaScript has queued run."""
    for _ in range(3):
        await asyncio.sleep(0)
