"""What Python in Pyodide shares with JavaScript: memories, and what Web Workers start from.

Elsewhere there is no JavaScript: the functions exist, and raise `ImportError` where they need it.
"""

from __future__ import annotations

from pyjsapi.bridge.memory.places import enable, from_javascript, is_enabled, to_javascript

__all__ = ["enable", "from_javascript", "is_enabled", "prepare_workers", "to_javascript"]


async def prepare_workers() -> None:
    """Make a snapshot of a Pyodide that has imported pyjsapi, which workers of kind ``web`` start from henceforth.

    That takes as long as the start of one such worker, and about 30 MB that all have in common; each of them starts
    several times faster then, from Pyodide 0.26 on: older ones make no snapshots. Raises `pyodide.ffi.JsException`
    where Pyodide's files cannot be loaded.
    """
    from pyjsapi.bridge.workers.backend import prepare

    await prepare()
