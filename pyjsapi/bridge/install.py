"""Tells those below what Pyodide has: imported with `pyjsapi` there, and nowhere else. It imports no JavaScript."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyjsapi import engines
from pyjsapi.agents import kinds
from pyjsapi.blocks import places, waiting
from pyjsapi.bridge.memory.places import make_shared
from pyjsapi.ecmascript.buffer_source import ForeignSource, look_also

if TYPE_CHECKING:
    from pyjsapi.agents.backend import Backend
    from pyjsapi.embedding.interface import Engine


def _web_workers() -> type[Backend]:
    from pyjsapi.bridge.workers.backend import WebBackend

    return WebBackend


def _may_block() -> bool:
    from pyjsapi.bridge.blocking import may_block

    return may_block()


def _look(value: Any) -> ForeignSource | None:
    from pyjsapi.bridge.memory.buffer_sources import look

    return look(value)


def _host_engine() -> Engine:
    from pyjsapi.bridge.engine.engine import HostEngine

    return HostEngine()


engines.offer("host", _host_engine)
places.ask_first(make_shared)
waiting.find_out_by(_may_block)
look_also(_look)
kinds.offer("web", _web_workers)
for _kind in ("thread", "process"):
    kinds.withdraw(_kind, "outside Pyodide only")
