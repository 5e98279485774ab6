"""Shared memories and SharedArrayBuffers for the processes of `multiprocessing`.

Neither can be stored, so `pickle` refuses them; modules it takes by themselves. What `multiprocessing` sends to another
process it pickles in a way of its own (`ForkingPickler`), which can pass file descriptors: importing this module
teaches it both classes. `import pyjsapi` imports it where `multiprocessing` has been imported before.
"""

from __future__ import annotations

from multiprocessing import reduction
from typing import Any

from pyjsapi.ecmascript import SharedArrayBuffer
from pyjsapi.jsapi.memory import Memory


def _reduce(value: Any) -> tuple[Any, ...]:
    from pyjsapi.agents.pickled import reduced  # most programs that import both pass nothing

    return reduced(value)


for _class in (Memory, SharedArrayBuffer):
    reduction.register(_class, _reduce)
