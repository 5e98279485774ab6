"""Links whose frames become plain values: to processes, and to workers of a browser (see `backend`)."""

from __future__ import annotations

import itertools
import threading
from abc import abstractmethod

from pyjsapi.agents.backend import Frame, Link, Plain
from pyjsapi.agents.channel import ChannelEnd, Posting
from pyjsapi.agents.serialise import Attachment, Message
from pyjsapi.blocks.shared import SharedBlock
from pyjsapi.ecmascript.errors import DataCloneError
from pyjsapi.jsapi.module import Module, module_of_plain, plain_of_module


class RemoteLink(Link):
    """A link that sends plain values. ``starter`` tells the two sides apart."""

    def __init__(self, *, starter: bool) -> None:
        super().__init__()
        self._numbers = itertools.count(2 if starter else 3, 2)
        self._order = threading.RLock()

    @abstractmethod
    def transmit(self, plain: Plain) -> None:
        """Queue a plain value for the other side, from any thread and without blocking for long."""

    @abstractmethod
    def attach_block(self, block: SharedBlock) -> Plain:
        """A record from which the other side attaches to the same bytes; `DataCloneError` where it cannot."""

    @abstractmethod
    def block_of(self, record: Plain) -> SharedBlock:
        """The block of a record: the same object for the same bytes as long as somebody holds it."""

    def send(self, frame: Frame) -> None:
        """Queue a frame for the other side. Raises `DataCloneError` for what cannot cross."""
        moved: list[tuple[ChannelEnd, Route]] = []
        payload = frame.payload
        with self._order:
            if isinstance(payload, Message):
                payload = self._pack(payload, moved)
            self.transmit((frame.kind, frame.route, payload))
            for end, route in moved:
                end.relay_to(route)

    def received_plain(self, plain: Plain) -> None:
        """A value has arrived that the other side transmitted."""
        kind, route, payload = plain
        if kind == "message":
            payload = self._unpack(payload)
        self.received(Frame(kind, route, payload))

    def _pack(self, message: Message, moved: list[tuple[ChannelEnd, Route]]) -> Plain:
        blocks = {
            id(thing): self.attach_block(thing)
            for thing in message.attachments
            if isinstance(thing, SharedBlock)
        }
        attachments = []
        for thing in message.attachments:
            if isinstance(thing, SharedBlock):
                attachments.append(("block", blocks[id(thing)]))
            elif isinstance(thing, Module):
                attachments.append(("module", *plain_of_module(thing)))
            elif isinstance(thing, ChannelEnd):
                number = next(self._numbers)
                self.open_route(number, Posting(thing))
                moved.append((thing, Route(self, number)))
                attachments.append(("port", number))
            elif isinstance(thing, DataCloneError):
                raise thing
            else:
                attachments.append(("bytes", bytes(thing)))
        return (message.root, tuple(message.records), tuple(attachments), message.ports)

    def _unpack(self, plain: Plain) -> Message:
        root, records, attachments, ports = plain
        return Message(root, list(records), list(map(self._attachment, attachments)), tuple(ports))

    def _attachment(self, record: Plain) -> Attachment:
        kind, *rest = record
        if kind == "block":
            try:
                return self.block_of(rest[0])
            except DataCloneError as error:
                return error  # whoever reads the message learns of it
        if kind == "port":
            end = ChannelEnd()
            end.peer = Route(self, rest[0])
            self.open_route(rest[0], end)
            return end
        if kind == "bytes":
            return bytearray(rest[0])
        if kind == "module":
            return module_of_plain(*rest)
        raise DataCloneError(f"an attachment of unknown kind {kind!r} has arrived")


class Route:
    """The other end of a port, on the other side of a link."""

    __slots__ = ("_link", "_number")

    def __init__(self, link: Link, number: int) -> None:
        self._link = link
        self._number = number

    def deliver(self, message: Message) -> None:
        """Send a message over the route."""
        self._link.send(Frame("message", self._number, message))

    def shut(self) -> None:
        """Say that this side has closed the port."""
        self._link.close_route(self._number)
        self._link.send(Frame("close", self._number))
