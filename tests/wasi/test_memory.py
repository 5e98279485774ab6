"""Pointers of all kinds: FAULT or INVAL, and nothing is half written."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import WebAssembly
from pyjsapi.wasi.abi import Errno
from pyjsapi.wasi.calls.table import TABLE, Row
from pyjsapi.wasi.rights import FD_READ, FD_WRITE
from tests.wasi.guests import BUFFER, RESULT, Guest

PAGE = 65536
KINDS = ("heap", "guarded", "shared", "mapped")


def made_memory(kind: str) -> Any:
    if kind == "shared":
        return WebAssembly.Memory(initial=2, maximum=3, shared=True)
    if kind == "mapped":
        memory = WebAssembly.Memory(initial=2, storage="guarded")
        memory.map(bytearray(PAGE), PAGE, at=PAGE)
        return memory
    return WebAssembly.Memory({"initial": 2, "storage": kind})


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def guest(kind: str, tmp_path: Path) -> Guest:
    return made_guest(kind, tmp_path)


def made_guest(kind: str, tmp_path: Path) -> Guest:
    (tmp_path / "file").write_bytes(b"0123456789")
    return Guest(
        made_memory(kind),
        preopens={"/": str(tmp_path)},
        args=["program"],
        env={"A": "b"},
        stdin=io.BytesIO(b"abcdefgh"),
    )


def snapshot(guest: Guest) -> bytes:
    return guest.get(0, 2 * PAGE)


# A call of each function that reads or writes memory, with one pointer wrong: what is behind it is at P.
P = -1
POINTERS: dict[str, list[tuple[int, ...]]] = {
    "args_get": [(P, 0), (0, P)],
    "args_sizes_get": [(P, 0), (0, P)],
    "environ_get": [(P, 0), (0, P)],
    "environ_sizes_get": [(P, 0), (0, P)],
    "clock_res_get": [(0, P)],
    "clock_time_get": [(0, 0, P)],
    "random_get": [(P, 16)],
    "fd_fdstat_get": [(3, P)],
    "fd_filestat_get": [(3, P)],
    "fd_prestat_get": [(3, P)],
    "fd_prestat_dir_name": [(3, P, 100)],
    "fd_read": [(0, P, 1, 0), (0, 512, 1, P), (0, 520, 1, 0)],
    "fd_pread": [(4, P, 1, 0, 0), (4, 512, 1, 0, P), (4, 520, 1, 0, 0)],
    "fd_write": [(1, P, 1, 0), (1, 512, 1, P), (1, 520, 1, 0)],
    "fd_pwrite": [(4, P, 1, 0, 0), (4, 512, 1, 0, P), (4, 520, 1, 0, 0)],
    "fd_readdir": [(3, P, 100, 0, 0), (3, 0, 100, 0, P)],
    "fd_seek": [(4, 0, 2, P)],
    "fd_tell": [(4, P)],
    "path_create_directory": [(3, P, 4)],
    "path_filestat_get": [(3, 0, P, 4, 0), (3, 0, 600, 4, P)],
    "path_filestat_set_times": [(3, 0, P, 4, 0, 0, 4)],
    "path_link": [(3, 0, P, 4, 3, 604, 3), (3, 0, 600, 4, 3, P, 3)],
    "path_open": [(3, 0, P, 4, 0, 0, 0, 0, 0), (3, 0, 604, 3, 1, 0, 0, 0, P)],
    "path_readlink": [(3, P, 4, 0, 8, 0), (3, 607, 4, P, 8, 0), (3, 607, 4, 0, 8, P)],
    "path_remove_directory": [(3, P, 4)],
    "path_rename": [(3, P, 4, 3, 604, 3), (3, 600, 4, 3, P, 3)],
    "path_symlink": [(P, 4, 3, 604, 3), (600, 4, 3, P, 3)],
    "path_unlink_file": [(3, P, 4)],
    "poll_oneoff": [(P, 0, 1, 8), (0, P, 1, 8), (0, 200, 1, P)],
}
CALLS = [(name, call) for name, calls in POINTERS.items() for call in calls]


def prepared(guest: Guest) -> int:
    """The memory that the calls above stand on; the descriptor of a file."""
    fd = guest.open("file", rights=FD_READ | FD_WRITE | 4 | 32)
    guest.put(512, (1000).to_bytes(4, "little") + (4).to_bytes(4, "little"))
    guest.put(600, b"filenewlink")
    return fd


@pytest.mark.parametrize("bad", [2 * PAGE, 2 * PAGE - 1, 2**32 - 1])
def test_i15_2_pointers_at_the_end_of_memory(kind: str, tmp_path: Path, bad: int) -> None:
    (tmp_path / "link").symlink_to("file")
    for name, call in CALLS:
        guest = made_guest(kind, tmp_path)
        assert prepared(guest) == 4
        refuses(guest, tmp_path, name, call, bad)
        guest.wasi.close()


def refuses(guest: Guest, tmp_path: Path, name: str, call: tuple[int, ...], bad: int) -> None:
    guest.put(520, bad.to_bytes(4, "little") + (4).to_bytes(4, "little"))
    before = snapshot(guest)
    listed = sorted(path.name for path in tmp_path.iterdir())
    arguments = [bad if each == P else each for each in call]
    assert guest.errno(name, *arguments) is Errno.FAULT, (name, call)
    assert snapshot(guest) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == listed
    assert (tmp_path / "file").read_bytes() == b"0123456789"
    assert guest.stdout.getvalue() == b""
    assert guest.read(0) == b"abcdefgh"  # nothing was taken
    assert guest.errno("fd_close", 5) is Errno.BADF  # nothing was opened


def test_all_functions_with_pointers_are_among_them() -> None:
    without = {
        "fd_advise fd_allocate fd_close fd_datasync fd_fdstat_set_flags fd_fdstat_set_rights fd_filestat_set_size",
        "fd_filestat_set_times fd_renumber fd_sync proc_exit proc_raise sched_yield",
        "sock_accept sock_recv sock_send sock_shutdown",
    }
    names = {name for line in without for name in line.split()}
    assert {row.name for row in TABLE} - names == set(POINTERS)


@pytest.mark.parametrize("row", TABLE, ids=[row.name for row in TABLE])
@pytest.mark.parametrize("value", [0, 1, 3, 2**31 - 1, 2**31, 2**32 - 1])
def test_i15_2_no_exception_whatever_the_arguments(row: Row, value: int, tmp_path: Path) -> None:
    if row.name in ("proc_exit", "poll_oneoff"):
        return  # the one is an exception, the other waits: elsewhere
    guest = Guest(made_memory("heap"), preopens={"/": str(tmp_path)})
    wide = value | value << 32
    arguments = [value if letter == "i" else wide for letter in row.parameters]
    assert guest.errno(row.name, *arguments) in Errno
    assert guest.wasi.last_error is None


@pytest.mark.parametrize("name", ["fd_read", "fd_write"])
def test_i15_2_many_and_overlapping_and_wrapping_iovecs(guest: Guest, name: str) -> None:
    fd = 0 if name == "fd_read" else 1
    for count in (2**31, 2**32 - 1, 2**29):
        assert guest.errno(name, fd, 0, count, RESULT) in {Errno.FAULT, Errno.INVAL}
    for part in (
        (2 * PAGE - 4, 8),
        (2**32 - 4, 8),
        (8, 2**32 - 1),
        (2**31, 2**31),
        (2 * PAGE + 1, 0),
    ):
        table = guest.iovecs((BUFFER, 4), part)
        assert guest.errno(name, fd, *table, RESULT) is Errno.FAULT
    assert guest.stdout.getvalue() == b""
    guest.put(BUFFER, bytes(range(16)))
    guest.call(name, fd, *guest.iovecs((BUFFER, 8), (BUFFER + 4, 8), (BUFFER, 0)), RESULT)
    if name == "fd_write":
        assert guest.stdout.getvalue() == bytes([*range(8), *range(4, 12)])
    else:
        assert guest.get(BUFFER, guest.result()) == b"abcdefgh"
    guest.call(name, fd, *guest.iovecs((2 * PAGE, 0)), RESULT)
    assert guest.result() == 0
    guest.call(name, fd, 0, 0, RESULT)
    assert guest.result() == 0


def test_i15_2_files_are_read_and_written_in_parts(guest: Guest, tmp_path: Path) -> None:
    fd = guest.open("file", rights=FD_READ | FD_WRITE | 4)
    guest.call("fd_read", fd, *guest.iovecs((BUFFER, 3), (2 * PAGE - 4, 4)), RESULT)
    assert guest.result() == 7
    assert (guest.get(BUFFER, 4), guest.get(2 * PAGE - 4, 4)) == (b"012\0", b"3456")
    guest.call("fd_pwrite", fd, *guest.iovecs((2 * PAGE - 4, 4), (BUFFER, 2)), 8, RESULT)
    assert (tmp_path / "file").read_bytes() == b"01234567345601"
    guest.call("fd_pread", fd, *guest.iovecs((BUFFER, 4)), 8, RESULT)
    assert guest.get(BUFFER, 4) == b"3456"


@pytest.mark.parametrize("kind", ["read-only", "no access", "mapped read-only"])
def test_i15_2_memory_that_is_protected(kind: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    memory = WebAssembly.Memory(initial=2, storage="guarded")
    guest = Guest(memory, preopens={"/": str(tmp_path)}, stdin=io.BytesIO(b"abcdefgh"))
    if kind == "mapped read-only":
        memory.map(bytes(range(256)) * 256, PAGE, at=PAGE, mode="r")
    else:
        memory.protect(PAGE, PAGE, "r" if kind == "read-only" else "none")
    edge = guest.iovecs((BUFFER, 4), (PAGE, 4))
    assert guest.errno("fd_read", 0, *edge, RESULT) is Errno.FAULT
    assert guest.get(BUFFER, 4) == bytes(4)
    assert guest.read(0) == b"abcdefgh"
    for name, *arguments in (
        ("random_get", PAGE - 8, 16),
        ("clock_time_get", 0, 0, PAGE - 4),
        ("fd_prestat_get", 3, PAGE),
        ("fd_filestat_get", 3, PAGE - 60),
    ):
        assert guest.errno(str(name), *map(int, arguments)) is Errno.FAULT
    assert guest.get(PAGE - 100, 100) == bytes(100)
    written = guest.errno("fd_write", 1, *guest.iovecs((BUFFER, 4), (PAGE, 4)), RESULT)
    if kind == "no access":
        assert written is Errno.FAULT
        assert guest.stdout.getvalue() == b""
    else:
        assert written is Errno.SUCCESS
        assert len(guest.stdout.getvalue()) == 8


def test_a_memory_that_grew_has_more(guest: Guest) -> None:
    assert guest.errno("random_get", 2 * PAGE, 4) is Errno.FAULT
    assert guest.memory.grow(1) == 2
    guest.call("random_get", 3 * PAGE - 4, 4)
