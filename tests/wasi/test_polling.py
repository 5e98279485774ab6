from __future__ import annotations

import io
import os
import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from pyjsapi import WebAssembly, Worker, wat2wasm
from pyjsapi.blocks.waiting import WaiterPolicy, set_policy
from pyjsapi.wasi.abi import EVENT, SUBSCRIPTION, Errno
from tests.wasi.guests import BUFFER, RESULT, Guest

CLOCK, READ, WRITE = 0, 1, 2
IN = 32768


def poll(guest: Guest, *wanted: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Subscriptions are user data, kind, subject, timeout, flags; events are user data, errno, kind, size, flags."""
    data = b"".join(
        SUBSCRIPTION.pack(userdata, kind, subject, *(rest or (0, 0))[:1], 0, (rest or (0, 0))[1])
        for userdata, kind, subject, *rest in wanted
    )
    guest.put(IN, data)
    guest.call("poll_oneoff", IN, BUFFER, len(wanted), RESULT)
    return list(EVENT.iter_unpack(guest.get(BUFFER, EVENT.size * guest.result())))


def test_layouts() -> None:
    assert (SUBSCRIPTION.size, EVENT.size) == (48, 32)


def test_clocks_end_the_wait() -> None:
    guest = Guest()
    assert poll(guest, (7, CLOCK, 1, 1000, 0)) == [(7, 0, CLOCK, 0, 0)]
    assert poll(guest, (8, CLOCK, 0, 1000, 1)) == [(8, 0, CLOCK, 0, 0)]  # long ago
    first = poll(guest, (1, CLOCK, 1, 10**18, 0), (2, CLOCK, 1, 10**6, 0))
    assert first == [(2, 0, CLOCK, 0, 0)]


def test_streams_that_are_ready_at_once() -> None:
    guest = Guest()
    events = poll(guest, (1, READ, 0), (2, WRITE, 1), (3, CLOCK, 1, 10**18, 0))
    assert [event[:3] for event in events] == [(1, 0, READ), (2, 0, WRITE)]


def test_what_is_wrong_is_told_in_its_event() -> None:
    guest = Guest()
    events = poll(
        guest, (1, READ, 99), (2, READ, 1), (3, CLOCK, 9, 0, 0), (4, 7, 0), (5, CLOCK, 1, 0, 2)
    )
    assert [event[:2] for event in events] == [
        (1, Errno.BADF),
        (2, Errno.NOTCAPABLE),
        (3, Errno.INVAL),
        (4, Errno.INVAL),
        (5, Errno.INVAL),
    ]


def test_no_subscription_is_invalid() -> None:
    guest = Guest()
    assert guest.errno("poll_oneoff", IN, BUFFER, 0, RESULT) is Errno.INVAL


@pytest.mark.parametrize("count", [2**31, 2**32 - 1, 1 << 20])
def test_i15_2_a_huge_poll(count: int) -> None:
    assert Guest().errno("poll_oneoff", 0, 0, count, RESULT) is Errno.FAULT


def test_i15_2_more_subscriptions_than_there_may_be() -> None:
    guest = Guest(WebAssembly.Memory(initial=16))
    assert guest.errno("poll_oneoff", 0, 1 << 19, 5000, RESULT) is Errno.INVAL


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_a_pipe_becomes_ready(pipe: tuple[int, int]) -> None:
    guest = Guest(stdin=pipe[0])
    assert poll(guest, (1, READ, 0), (2, CLOCK, 1, 1000, 0)) == [(2, 0, CLOCK, 0, 0)]
    threading.Timer(0.05, os.write, (pipe[1], b"x")).start()
    assert [event[:3] for event in poll(guest, (1, READ, 0))] == [(1, 0, READ)]
    assert guest.read(0) == b"x"


def test_a_pipe_that_must_not_block(pipe: tuple[int, int]) -> None:
    guest = Guest(stdin=pipe[0])
    guest.call("fd_fdstat_set_flags", 0, 4)
    assert guest.errno("fd_read", 0, *guest.iovecs((BUFFER, 1)), RESULT) is Errno.AGAIN


def test_a_pipe_that_was_closed() -> None:
    reading, writing = os.pipe()
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        guest = Guest(stdin=file)
        assert poll(guest, (1, READ, 0)) == [(1, 0, READ, 0, 1)]


class Ended(BaseException):
    pass


@pytest.mark.parametrize("kind", [CLOCK, READ])
def test_i15_2_what_ends_an_agents_waits_ends_this_one(kind: int, pipe: tuple[int, int]) -> None:
    guest = Guest(stdin=pipe[0])
    policy = WaiterPolicy()
    found: list[object] = []

    def wait() -> None:
        set_policy(policy)
        subject = 1 if kind == CLOCK else 0
        guest.put(IN, SUBSCRIPTION.pack(1, kind, subject, 10**18, 0, 0))
        try:
            guest.call("poll_oneoff", IN, BUFFER, 1, RESULT)
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    policy.interrupt(Ended())
    thread.join()
    assert [type(each) for each in found] == [Ended]


@pytest.mark.parametrize("kind", [CLOCK, READ])
def test_i15_1_a_deadline_ends_the_wait(kind: int, pipe: tuple[int, int]) -> None:
    guest = Guest(stdin=pipe[0])
    guest.put(IN, SUBSCRIPTION.pack(1, kind, 1 if kind == CLOCK else 0, 10**18, 0, 0))
    module = WebAssembly.Module(
        wat2wasm(f"""(module
          (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
          (func (export "wait") (result i32)
            (call $poll (i32.const {IN}) (i32.const {BUFFER}) (i32.const 1) (i32.const {RESULT}))))"""),
        limits={"deadline": 0.05},
    )
    instance = WebAssembly.Instance(module, guest.wasi.getImportObject())
    with pytest.raises(WebAssembly.DeadlineExceeded):
        instance.exports.wait()


@pytest.mark.parametrize("in_worker", [False, True])
def test_i15_1_a_deadline_ends_a_read_that_waits(in_worker: bool, pipe: tuple[int, int]) -> None:
    guest = Guest(stdin=pipe[0])
    guest.put(IN, struct.pack("<II", BUFFER, 1))
    module = WebAssembly.Module(
        wat2wasm(f"""(module
          (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
          (func (export "read") (result i32)
            (call $read (i32.const 0) (i32.const {IN}) (i32.const 1) (i32.const {RESULT}))))"""),
        limits={"deadline": 0.05},
    )
    ended: list[type[BaseException]] = []

    def run(scope: object = None) -> None:
        try:
            WebAssembly.Instance(module, guest.wasi.getImportObject()).exports.read()
        except BaseException as error:
            ended.append(type(error))

    if in_worker:
        Worker(run).join()
    else:
        run()
    assert ended == [WebAssembly.DeadlineExceeded]


# ---- sockets


@pytest.fixture
def connection() -> Iterator[tuple[Guest, socket.socket]]:
    """A guest with a socket that listens, and the other end of a connection that it has as descriptor 4."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        guest = Guest(sockets=[listening])
        with socket.create_connection(listening.getsockname()) as peer:
            guest.call("sock_accept", 3, 0, RESULT)
            assert guest.result() == 4
            yield guest, peer
        guest.wasi.close()


def receive(guest: Guest, flags: int = 0) -> bytes:
    guest.call("sock_recv", 4, *guest.iovecs((BUFFER, 100)), flags, RESULT, RESULT + 4)
    return guest.get(BUFFER, guest.result())


def test_sockets_send_and_receive(connection: tuple[Guest, socket.socket]) -> None:
    guest, peer = connection
    peer.sendall(b"hello")
    assert poll(guest, (1, READ, 4))[0][:2] == (1, 0)
    assert receive(guest, 1) == b"hello"  # a look
    assert receive(guest) == b"hello"
    guest.put(BUFFER, b"answer")
    guest.call("sock_send", 4, *guest.iovecs((BUFFER, 3), (BUFFER + 3, 3)), 0, RESULT)
    assert guest.result() == 6
    assert peer.recv(10) == b"answer"
    assert guest.write(4, b"more") == 4
    assert peer.recv(10) == b"more"
    peer.sendall(b"x")
    assert guest.read(4) == b"x"


def test_sockets_are_shut_down(connection: tuple[Guest, socket.socket]) -> None:
    guest, peer = connection
    guest.call("sock_shutdown", 4, 2)
    assert peer.recv(10) == b""
    peer.shutdown(socket.SHUT_WR)
    assert receive(guest) == b""
    for how in (0, 4, 255):
        assert guest.errno("sock_shutdown", 4, how) is Errno.INVAL


def test_sockets_that_must_not_block(connection: tuple[Guest, socket.socket]) -> None:
    guest, _ = connection
    for fd in (3, 4):
        guest.call("fd_fdstat_set_flags", fd, 4)
    table = guest.iovecs((BUFFER, 10))
    assert guest.errno("sock_recv", 4, *table, 0, RESULT, RESULT + 4) is Errno.AGAIN
    assert guest.errno("sock_accept", 3, 0, RESULT) is Errno.AGAIN
    assert guest.errno("sock_recv", 4, *table, 4, RESULT, RESULT + 4) is Errno.INVAL
    assert guest.errno("sock_send", 4, *table, 1, RESULT) is Errno.INVAL
    assert guest.errno("sock_accept", 4, 0, RESULT) is Errno.NOTCAPABLE


def test_what_is_no_socket() -> None:
    guest = Guest(stdin=io.BytesIO())
    table = guest.iovecs((BUFFER, 1))
    for fd, errno in ((0, Errno.NOTSOCK), (99, Errno.BADF)):
        assert guest.errno("sock_accept", fd, 0, RESULT) is errno
        assert guest.errno("sock_recv", fd, *table, 0, RESULT, RESULT) is errno
        assert guest.errno("sock_send", fd, *table, 0, RESULT) is errno
        assert guest.errno("sock_shutdown", fd, 1) is errno


def test_the_kind_of_a_socket(connection: tuple[Guest, socket.socket]) -> None:
    guest, _ = connection
    for fd in (3, 4):
        guest.call("fd_fdstat_get", fd, BUFFER)
        assert struct.unpack("<B", guest.get(BUFFER, 1)) == (6,)
