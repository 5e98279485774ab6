"""Python's collector, and the stacks of its own that are suspended.

Since 3.14 the collector looks through the frames of all thread states. Pyodide gives each of its stacks a state, and
keeps a part of the suspended stack aside, on which some of the frames lie: where they were, other calls have put what
they like. So suspended states have no frames while the collector runs. Nothing is lost by that: whatever frames refer
to has a count of its own.
"""

from __future__ import annotations

import gc
import sys
from functools import cache
from typing import Any, Final

import pyodide_js
from pyodide import ffi
from pyodide.code import run_js

_NEEDED: Final = sys.version_info >= (3, 14)

_NEW_STATES: Final = """\
(module, frame) => {
  const MOST = 64; // words to look for the current frame in
  const FRAME_OF_OBJECT = 12; // after the head of an object and its f_back
  if (typeof module._PyThreadState_Get !== "function") return undefined;
  const current = () => module._PyThreadState_Get() >>> 2;
  const words = module.HEAPU32.subarray(current(), current() + MOST);
  const at = words.indexOf(module.HEAPU32[(frame + FRAME_OF_OBJECT) >>> 2]);
  if (at < 0) return undefined;
  const suspended = new Set();
  let hidden = [];
  return {
    add() {
      suspended.add(current());
      return suspended.size;
    },
    remove() {
      suspended.delete(current());
      return suspended.size;
    },
    hide() {
      const running = current();
      const heap = module.HEAPU32;
      hidden = [...suspended].filter((state) => state !== running).map((state) => [state + at, heap[state + at]]);
      for (const [place] of hidden) heap[place] = 0;
    },
    show() {
      for (const [place, frame] of hidden) module.HEAPU32[place] = frame;
      hidden = [];
    },
  };
}"""
"""States are known by their places in Pyodide's memory."""


@cache
def _states() -> Any:
    """Made when they are first needed: a snapshot of the memory can have no object of JavaScript."""
    return run_js(_NEW_STATES)(pyodide_js._module, id(sys._getframe())) if _NEEDED else None


def _collecting(phase: str, _: dict[str, int]) -> None:
    """Called by the collector."""
    if phase == "start":
        _states().hide()
    else:
        _states().show()


def wait(awaitable: Any) -> None:
    """Suspend the running stack until something is over; its result is dropped."""
    states = _states()
    if states is None:
        ffi.run_sync(awaitable)
        return
    if states.add() == 1:
        gc.callbacks.append(_collecting)
    try:
        ffi.run_sync(awaitable)
    finally:
        if states.remove() == 0:
            gc.callbacks.remove(_collecting)
