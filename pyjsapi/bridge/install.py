"""Tells those below what Pyodide has: imported with `pyjsapi` there, and nowhere else. It imports no JavaScript."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyjsapi.agents import kinds
from pyjsapi.blocks import places
from pyjsapi.bridge.memory.places import make_shared

if TYPE_CHECKING:
    from pyjsapi.agents.backend import Backend


def _web_workers() -> type[Backend]:
    from pyjsapi.bridge.workers.backend import WebBackend

    return WebBackend


places.ask_first(make_shared)
kinds.offer("web", _web_workers)
for _kind in ("thread", "process"):
    kinds.withdraw(_kind, "outside Pyodide only")
