"""What `pickling` makes of memories and SharedArrayBuffers for the processes of `multiprocessing`."""

from __future__ import annotations

import os
from multiprocessing import reduction, resource_sharer
from typing import Any

from pyjsapi.agents.backend import Plain
from pyjsapi.agents.deserialise import deserialise
from pyjsapi.agents.remote import RemoteLink
from pyjsapi.agents.serialise import serialise
from pyjsapi.blocks.processes.block import attach, attached, share
from pyjsapi.blocks.shared import SharedBlock
from pyjsapi.ecmascript import DataCloneError


class _Record(RemoteLink):
    """A link that only makes records of values, and values of records."""

    def __init__(self) -> None:
        super().__init__(starter=True)
        self.descriptors: list[Any] = []

    def record_of(self, value: Any) -> Plain:
        """Raises `DataCloneError` for what cannot cross."""
        return self._pack(serialise(value), [])

    def value_of(self, plain: Plain) -> Any:
        """A value of this process."""
        return deserialise(self._unpack(plain))[0]

    def transmit(self, plain: Plain) -> None:
        """See `RemoteLink`: nothing is sent."""

    def attach_block(self, block: SharedBlock) -> Plain:
        """See `RemoteLink`."""
        try:
            identity, descriptor = share(block)
        except OSError as error:
            raise DataCloneError(f"the memory cannot be shared with a process: {error}") from error
        self.descriptors.append(reduction.DupFd(descriptor))
        return identity

    def block_of(self, record: Plain) -> SharedBlock:
        """See `RemoteLink`."""
        block = attached(record)
        if block is None:
            raise DataCloneError("the shared memory did not arrive")
        return block


def reduced(value: Any) -> tuple[Any, ...]:
    """A function and its arguments, which give the value in another process."""
    link = _Record()
    plain = link.record_of(value)
    return rebuilt, (plain, link.descriptors)


def rebuilt(plain: Plain, descriptors: list[Any]) -> Any:
    """The value, in the other process."""
    blocks = [attach(_own(descriptor)) for descriptor in descriptors]
    value = _Record().value_of(plain)
    del blocks
    return value


def _own(descriptor: Any) -> int:
    found: int = descriptor.detach()
    # A process that is being spawned inherits it, once for all the values that it comes with.
    return found if isinstance(descriptor, resource_sharer.DupFd) else os.dup(found)
