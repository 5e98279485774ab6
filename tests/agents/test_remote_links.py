"""Links whose frames are plain values: what every backend but threads gets from `RemoteLink`."""

from __future__ import annotations

import marshal
import sys
from typing import Any

import pytest

from pyjsapi import (
    ArrayBuffer,
    DataCloneError,
    MessageChannel,
    SharedArrayBuffer,
    Uint8Array,
    WebAssembly,
    null,
    wat2wasm,
)
from pyjsapi.agents.backend import Frame, Job, importable_name
from pyjsapi.agents.channel import ChannelEnd
from pyjsapi.agents.kinds import backend_of
from pyjsapi.agents.ports import MessagePort, PortClosed
from pyjsapi.agents.remote import RemoteLink, Route
from pyjsapi.agents.serialise import Message
from pyjsapi.blocks.shared import SharedBlock


class Loop(RemoteLink):
    """A link to another one in the same process; what crosses is written and read by `marshal`."""

    other: Loop
    refuses = False

    def __init__(self, *, starter: bool, blocks: list[SharedBlock]) -> None:
        super().__init__(starter=starter)
        self.blocks = blocks
        self.attached = 0

    def transmit(self, plain: Any) -> None:
        self.other.received_plain(marshal.loads(marshal.dumps(plain)))

    def attach_block(self, block: SharedBlock) -> Any:
        if self.refuses:
            raise DataCloneError("not today")
        self.attached += 1
        self.blocks.append(block)
        return ("here", len(self.blocks) - 1)

    def block_of(self, record: Any) -> SharedBlock:
        number: int = record[1]
        return self.blocks[number]


def connected() -> tuple[MessagePort, MessagePort, Loop]:
    blocks: list[SharedBlock] = []
    one, other = Loop(starter=True, blocks=blocks), Loop(starter=False, blocks=blocks)
    one.other, other.other = other, one
    ports = []
    for link in (one, other):
        end = ChannelEnd()
        end.peer = Route(link, 0)
        link.open_route(0, end)
        ports.append(MessagePort(end))
    return ports[0], ports[1], one


def test_values_cross_as_plain_ones() -> None:
    here, there, _ = connected()
    ring: list[Any] = [1, 2.5, "x\ud800", None, null, True, b"b", (1, {2}), {"k": bytearray(b"z")}]
    ring.append(ring)
    here.postMessage(ring)
    found = there.receive(5)
    assert found[:-1] == ring[:-1]
    assert found[-1] is found
    buffer = ArrayBuffer(4, 8)
    Uint8Array(buffer)[3] = 5
    there.postMessage(Uint8Array(buffer, 3), [buffer])
    view = here.receive(5)
    assert (view[0], view.length, view.buffer.resizable, buffer.detached) == (5, 1, True, True)


def test_a_module_is_compiled_again_with_its_options() -> None:
    here, there, _ = connected()
    text = '(import "wasm:js-string" "length" (func (param externref) (result i32))) (export "f" (func 0))'
    module = WebAssembly.Module(wat2wasm(text), builtins=["js-string"])
    here.postMessage([module, module])
    one, again = there.receive(5)
    assert one is again
    assert WebAssembly.Module.imports(one) == []
    assert WebAssembly.Instance(one).exports.f("four") == 4


def test_bytes_are_attached_once_in_a_message() -> None:
    here, there, link = connected()
    memory = WebAssembly.Memory(initial=1, maximum=2, shared=True)
    plain = SharedArrayBuffer(8)
    here.postMessage([memory, memory.buffer, memory, plain])
    clone, buffer, again, other = there.receive(5)
    assert clone is again
    assert link.attached == 2
    Uint8Array(clone.buffer)[1] = 4
    Uint8Array(other)[0] = 6
    assert (Uint8Array(buffer)[1], Uint8Array(memory.buffer)[1], Uint8Array(plain)[0]) == (4, 4, 6)
    memory.grow(1)
    assert clone.buffer.byteLength == 131072
    link.refuses = True
    with pytest.raises(DataCloneError, match="not today"):
        here.postMessage(memory)


def test_ports_are_relayed_with_what_was_in_their_queues() -> None:
    here, there, _ = connected()
    channel = MessageChannel()
    channel.port1.postMessage("early")
    here.postMessage(channel.port2, [channel.port2])
    channel.port1.postMessage("late")
    remote = there.receive(5)
    assert [remote.receive(5), remote.receive(5)] == ["early", "late"]
    remote.postMessage("back")
    assert channel.port1.receive(5) == "back"
    remote.close()
    with pytest.raises(PortClosed):
        channel.port1.receive(5)


def test_both_ends_of_a_channel_can_leave() -> None:
    here, there, _ = connected()
    also_here, also_there, _ = connected()
    channel = MessageChannel()
    here.postMessage(channel.port1, [channel.port1])
    also_here.postMessage(channel.port2, [channel.port2])
    one, other = there.receive(5), also_there.receive(5)
    one.postMessage("through both")
    assert other.receive(5) == "through both"
    there.postMessage(one, [one])  # and back
    returned = here.receive(5)
    other.postMessage("home")
    assert returned.receive(5) == "home"
    returned.close()
    with pytest.raises(PortClosed):
        other.receive(5)


def test_a_link_that_ends_closes_all_its_ports() -> None:
    here, _, link = connected()
    channel = MessageChannel()
    here.postMessage(channel.port2, [channel.port2])
    link.close()
    for port in (here, channel.port1):
        with pytest.raises(PortClosed):
            port.receive(5)


def test_frames_for_routes_that_are_closed_are_dropped() -> None:
    here, there, link = connected()
    told: list[Frame] = []
    link.receiver = told.append
    channel = MessageChannel()
    here.postMessage(channel.port2, [channel.port2])
    closed = max(link._routes)
    there.receive(5).close()
    assert closed not in link._routes
    message = Message(("late",), [], [], ())
    for route in (closed, 98):
        link.received(Frame("message", route, message))
        link.received(Frame("close", route))
    there.postMessage("in time")
    assert here.receive(5) == "in time"
    with pytest.raises(PortClosed):
        channel.port1.receive(5)
    assert told == []
    ended = Frame("ended")
    link.received(ended)
    assert told == [ended]


def test_targets_must_have_a_name_to_run_elsewhere() -> None:
    assert importable_name(wat2wasm) == "pyjsapi.text.convert:wat2wasm"
    assert Job("m:f", "n", False).plain() == ("m:f", "n", False)

    def local() -> None: ...

    for target in (local, lambda: None, 5):
        with pytest.raises(DataCloneError, match="by name"):
            Job(target).plain()


def test_kinds() -> None:
    with pytest.raises(ValueError, match="'fibre'"):
        backend_of("fibre")
    in_pyodide = sys.platform == "emscripten"
    for kind in ("thread", "process") if in_pyodide else ("web",):
        with pytest.raises(ValueError, match="Pyodide only"):
            backend_of(kind)
    if not in_pyodide:
        assert backend_of("thread").kind == "thread"
