"""The link to a worker of JavaScript: values as bytes, memories beside them (see `agents.backend`)."""

from __future__ import annotations

import marshal
import sys
from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

from pyjsapi.agents.backend import Plain
from pyjsapi.agents.remote import RemoteLink
from pyjsapi.blocks.shared import SharedBlock
from pyjsapi.bridge.memory.places import why_in_python
from pyjsapi.bridge.memory.web import WebBlock
from pyjsapi.ecmascript.errors import DataCloneError

_BLOCKS: WeakValueDictionary[str, WebBlock] = WeakValueDictionary()
"""The blocks of this interpreter that have crossed, by what names them everywhere."""


def buffer_of(data: bytes) -> Any:
    """A copy as an `ArrayBuffer`: to receive a view of as many bytes takes Deno a thousand times longer."""
    from pyodide.ffi import to_js

    return to_js(data).buffer


class WebLink(RemoteLink):
    """One side. ``post(data, memories)`` sends bytes and JavaScript's memories to the other."""

    def __init__(self, post: Callable[[Any, Any], None], *, starter: bool) -> None:
        super().__init__(starter=starter)
        self._post = post
        self._memories: list[Any] = []
        self._arrived: Any = ()

    def attach_block(self, block: SharedBlock) -> Plain:
        """See `RemoteLink`."""
        if not isinstance(block, WebBlock):
            self._memories.clear()
            raise DataCloneError(f"the bytes are in Python: {why_in_python()}")
        _BLOCKS[block.identity] = block
        self._memories.append(block.memory)
        number = len(self._memories) - 1
        return (number, block.identity, len(block.reservation), block.fixed_length)

    def transmit(self, plain: Plain) -> None:
        """See `RemoteLink`."""
        from pyodide.ffi import to_js

        memories, self._memories = self._memories, []
        self._post(buffer_of(marshal.dumps(plain)), to_js(memories))

    def block_of(self, record: Plain) -> SharedBlock:
        """See `RemoteLink`."""
        number, identity, most, fixed_length = record
        block = _BLOCKS.get(identity)
        if block is None:
            block = WebBlock(self._arrived[number], most, fixed_length, identity)
            _BLOCKS[identity] = block
        return block

    def arrived(self, data: Any, memories: Any) -> None:
        """What JavaScript calls with every message."""
        self._arrived = memories
        try:
            self.received_plain(marshal.loads(data.to_bytes()))
        except Exception:
            sys.excepthook(*sys.exc_info())
        finally:
            self._arrived = ()
