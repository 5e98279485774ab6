"""Tells those below what Pyodide has: imported with `pyjsapi` there, and nowhere else. It imports no JavaScript."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from pyjsapi import engines, suspension
from pyjsapi.agents import kinds
from pyjsapi.blocks import places, waiting
from pyjsapi.bridge.memory.places import make_shared
from pyjsapi.ecmascript.buffer_source import ForeignSource, look_also
from pyjsapi.jsapi import namespace

if TYPE_CHECKING:
    from pyjsapi.agents.backend import Backend
    from pyjsapi.embedding.interface import Engine
    from pyjsapi.suspension.stack import Mechanism


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


def _stack_switching() -> Mechanism:
    from pyjsapi.bridge.stack_switching import StackSwitching

    return StackSwitching()


def _without_stack_switching() -> Mechanism:
    raise suspension.MissingMechanism(
        "this engine of JavaScript has no promise integration, or Pyodide does not use it"
    )


def _has_stack_switching() -> bool:
    # Pyodide itself has imported both: nothing of JavaScript's is kept. Its first releases cannot wait for a promise.
    api = sys.modules.get("pyodide_js")
    if api is None or not hasattr(sys.modules.get("pyodide.ffi"), "run_sync"):
        return False
    return bool(getattr(api._module, "jspiSupported", False))


engines.offer("host", _host_engine)
places.ask_first(make_shared)
waiting.find_out_by(_may_block)
look_also(_look)
kinds.offer("web", _web_workers)
for _kind in ("thread", "process"):
    kinds.withdraw(_kind, "outside Pyodide only")
suspension.offer(
    "pyodide", _stack_switching if _has_stack_switching() else _without_stack_switching
)
if _has_stack_switching() and suspension.VARIABLE not in os.environ:
    namespace._show_integration()
