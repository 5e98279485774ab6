"""All functions that transfer bytes, with iovecs and pointers of all kinds, on memories of all kinds."""

from __future__ import annotations

import io
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pyjsapi import WebAssembly
from pyjsapi.wasi.abi import Errno
from pyjsapi.wasi.guest import MOST_COPIED
from pyjsapi.wasi.rights import FD_READ, FD_SEEK, FD_TELL, FD_WRITE
from tests.wasi.guests import BUFFER, RESULT, Guest

pytestmark = pytest.mark.skipif(sys.platform == "emscripten", reason="there are no sockets")
PAGE = 65536
END = 3 * PAGE
LAST = END - PAGE
FLAGS = 24
KINDS = ("heap", "guarded", "shared", "memory64", "mapped read-only", "read-only", "no access")
PROTECTED = KINDS[4:]


class Transfers(NamedTuple):
    """A guest, and both ends of what it has open."""

    guest: Guest
    peer: socket.socket
    file: Path
    kind: str

    def calls(self, iovecs: tuple[int, int], result: int = RESULT) -> dict[str, tuple[int, ...]]:
        """A call of each function: the arguments."""
        return {
            "fd_read": (0, *iovecs, result),
            "fd_pread": (5, *iovecs, 0, result),
            "sock_recv": (4, *iovecs, 0, result, FLAGS),
            "fd_write": (1, *iovecs, result),
            "fd_pwrite": (5, *iovecs, 0, result),
            "sock_send": (4, *iovecs, 0, result),
        }

    def refuse(self, iovecs: tuple[int, int], errnos: set[Errno], result: int = RESULT) -> None:
        """Each call fails, and nothing was read or written by it."""
        before = self.memory()
        for name, arguments in self.calls(iovecs, result).items():
            if name in self.may_read and errnos == {Errno.FAULT}:
                continue
            assert self.guest.errno(name, *arguments) in errnos, (name, arguments)
        assert self.memory() == before
        assert self.file.read_bytes() == b"0123456789"
        assert self.guest.stdout.getvalue() == b""
        self.peer.setblocking(False)
        with pytest.raises(BlockingIOError):
            self.peer.recv(1)
        self.peer.setblocking(True)

    @property
    def may_read(self) -> set[str]:
        """Functions that may use the last page, by how it is protected."""
        reads_only = self.kind in ("mapped read-only", "read-only")
        return {"fd_write", "fd_pwrite", "sock_send"} if reads_only else set()

    def memory(self) -> bytes:
        """What is in it, where that may be read."""
        return self.guest.get(0, LAST if self.kind == "no access" else END)

    def still_there(self) -> None:
        """Nothing was taken from the inputs."""
        table = self.guest.iovecs((BUFFER, 100), at=4096)
        for name in ("fd_read", "sock_recv", "fd_pread"):
            self.guest.call(name, *self.calls(table)[name])
            found = self.guest.get(BUFFER, self.guest.result())
            assert found == {"fd_read": b"abcdefgh", "sock_recv": b"ABCDEFGH"}.get(
                name, b"0123456789"
            )


def made_memory(kind: str) -> Any:
    if kind == "shared":
        return WebAssembly.Memory(initial=3, maximum=3, shared=True)
    if kind == "memory64":
        return WebAssembly.Memory({"initial": 3, "address": "i64"})
    if kind not in PROTECTED:
        return WebAssembly.Memory({"initial": 3, "storage": kind})
    made = WebAssembly.Memory(initial=3, storage="guarded")
    if kind == "mapped read-only":
        made.map(bytes(range(256)) * 256, PAGE, at=LAST, mode="r")
    else:
        made.protect(LAST, PAGE, "r" if kind == "read-only" else "none")
    return made


@pytest.fixture(params=KINDS)
def transfers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Transfers]:
    (tmp_path / "root").mkdir()
    file = tmp_path / "root/file"
    file.write_bytes(b"0123456789")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        guest = Guest(
            made_memory(request.param),
            preopens={"/": tmp_path / "root"},
            stdin=io.BytesIO(b"abcdefgh"),
            sockets=[listening],
        )
        # Descriptor 3 is the directory, 4 the socket that listens, and then what it accepts.
        with socket.create_connection(listening.getsockname()) as peer:
            guest.call("sock_accept", 4, 0, RESULT)
            assert guest.result() == 5
            guest.call("fd_renumber", 5, 4)
            assert guest.open("file", rights=FD_READ | FD_WRITE | FD_SEEK | FD_TELL) == 5
            peer.sendall(b"ABCDEFGH")
            yield Transfers(guest, peer, file, str(request.param))
        guest.wasi.close()


@pytest.mark.parametrize(
    "part",
    [
        (END - 4, 8),
        (END, 1),
        (END + 1, 0),
        (2**32 - 4, 8),
        (8, 2**32 - 1),
        (2**31, 2**31),
        (2**32 - 1, 2**32 - 1),
    ],
)
def test_i15_2_iovecs_that_end_beyond_the_memory(
    transfers: Transfers, part: tuple[int, int]
) -> None:
    for parts in ((part,), ((BUFFER, 4), part), (part, (BUFFER, 4))):
        table = transfers.guest.iovecs(*parts)
        before = transfers.memory()
        for name, arguments in transfers.calls(table).items():
            assert transfers.guest.errno(name, *arguments) is Errno.FAULT, (name, parts)
        assert transfers.memory() == before
    transfers.refuse(transfers.guest.iovecs((BUFFER, 4), part), {Errno.FAULT})
    transfers.still_there()


@pytest.mark.parametrize("count", [2**29, 2**29 + 1, 2**31, 2**31 - 1, 2**32 - 1, 1025])
def test_i15_2_counts_of_iovecs_without_measure(transfers: Transfers, count: int) -> None:
    transfers.refuse((0, count), {Errno.FAULT, Errno.INVAL})
    transfers.refuse((END - 4, count), {Errno.FAULT})
    transfers.refuse((2**32 - 1, count), {Errno.FAULT})
    transfers.still_there()


@pytest.mark.parametrize("result", [END - 3, END, 2**32 - 1])
def test_i15_2_results_beyond_the_memory(transfers: Transfers, result: int) -> None:
    table = transfers.guest.iovecs((BUFFER, 4))
    before = transfers.memory()
    for name, arguments in transfers.calls(table, result).items():
        assert transfers.guest.errno(name, *arguments) is Errno.FAULT, name
    for at in (END - 1, END, 2**32 - 1):
        arguments = (4, *table, 0, RESULT, at)
        assert transfers.guest.errno("sock_recv", *arguments) is Errno.FAULT
    assert transfers.memory() == before
    transfers.still_there()


def test_i15_2_parts_that_are_more_than_the_memory(transfers: Transfers) -> None:
    """1,024 times the first two pages: where they have to be copied, a transfer is cut."""
    guest = transfers.guest
    table = guest.iovecs(*[(0, LAST)] * 1024)
    guest.call("fd_read", *transfers.calls(table)["fd_read"])
    assert guest.result() == 8
    table = guest.iovecs(*[(0, LAST)] * 1024)
    guest.call("fd_write", *transfers.calls(table)["fd_write"])
    copied = transfers.kind == "guarded" or transfers.kind in PROTECTED
    assert guest.result() == (MOST_COPIED if copied else LAST * 1024)


def test_i15_2_iovecs_over_each_other(transfers: Transfers) -> None:
    """Each is used in turn, as if the others were elsewhere."""
    guest = transfers.guest
    table = guest.iovecs((BUFFER, 8), (BUFFER + 4, 8), (BUFFER, 0), (BUFFER + 2, 1))
    guest.put(BUFFER, b"01234567----")
    wanted = b"01234567" + b"4567----" + b"2"
    for name in ("fd_write", "fd_pwrite", "sock_send"):
        guest.call(name, *transfers.calls(table)[name])
        assert guest.result() == 17
    assert guest.stdout.getvalue() == transfers.peer.recv(100) == wanted
    assert transfers.file.read_bytes() == wanted
    guest.call("fd_pread", *transfers.calls(table)["fd_pread"])
    assert guest.result() == 17
    read = bytearray(12)
    read[0:8], read[4:12], read[2:3] = wanted[:8], wanted[8:16], wanted[16:]
    assert guest.get(BUFFER, 12) == read


def test_i15_2_iovecs_over_the_table_and_the_result(transfers: Transfers) -> None:
    """The table is read before anything is written, and the result is written last."""
    guest = transfers.guest
    at, count = guest.iovecs((256, 16), (RESULT, 4))
    guest.call("fd_pread", 5, at, count, 0, RESULT)
    assert guest.result() == 10
    assert guest.get(256, 10) == b"0123456789"


def test_i15_2_nothing_at_all(transfers: Transfers) -> None:
    for table in (
        (0, 0),
        transfers.guest.iovecs((END, 0)),
        transfers.guest.iovecs((BUFFER, 0), (0, 0)),
    ):
        for name, arguments in transfers.calls(table).items():
            if name != "sock_recv" and name != "sock_send":
                transfers.guest.call(name, *arguments)
                assert transfers.guest.result() == 0
    transfers.still_there()


def test_i15_2_iovecs_in_pages_that_are_protected(transfers: Transfers) -> None:
    if transfers.kind not in PROTECTED:
        return
    guest = transfers.guest
    for parts in (((BUFFER, 4), (LAST, 4)), ((LAST - 2, 4),), ((END - 4, 4), (BUFFER, 4))):
        transfers.refuse(guest.iovecs(*parts), {Errno.FAULT})
    for name, arguments in transfers.calls(guest.iovecs((BUFFER, 4)), LAST).items():
        assert guest.errno(name, *arguments) is Errno.FAULT, name  # where the result would be
    assert guest.errno("sock_recv", 4, *guest.iovecs((BUFFER, 4)), 0, RESULT, LAST) is Errno.FAULT
    transfers.still_there()
    if transfers.kind == "no access":  # where the table is
        for name, arguments in transfers.calls((LAST, 1)).items():
            assert guest.errno(name, *arguments) is Errno.FAULT, name
        assert guest.errno("fd_write", 1, LAST - 4, 1, RESULT) is Errno.FAULT


@pytest.mark.parametrize("count", [END + 1, 1 << 31, (1 << 32) - 1])
def test_i15_2_more_random_bytes_than_there_is_memory(transfers: Transfers, count: int) -> None:
    before = transfers.memory()
    for at in (0, BUFFER):
        assert transfers.guest.errno("random_get", at, count) is Errno.FAULT
    assert transfers.memory() == before


def test_i15_2_connections_without_room_for_their_number(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        guest = Guest(made_memory("heap"), sockets=[listening])
        with socket.create_connection(listening.getsockname()):
            for at in (END - 3, END, 2**32 - 1):
                assert guest.errno("sock_accept", 3, 0, at) is Errno.FAULT
            guest.call("sock_accept", 3, 0, RESULT)  # it still waits
            assert guest.result() == 4
        guest.wasi.close()
