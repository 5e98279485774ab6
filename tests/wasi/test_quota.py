"""How much a program may write, and how many names it may create: through both ways to resolve paths."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest

from pyjsapi.wasi import WASI, ReadOnly
from pyjsapi.wasi.abi import Errno
from pyjsapi.wasi.paths.beneath import has_openat2
from pyjsapi.wasi.rights import (
    FD_ALLOCATE,
    FD_FILESTAT_SET_SIZE,
    FD_READ,
    FD_SEEK,
    FD_TELL,
    FD_WRITE,
)
from tests.wasi.guests import BUFFER, RESOLUTIONS, RESULT, Failed, Guest

EVERY = FD_READ | FD_WRITE | FD_SEEK | FD_TELL | FD_FILESTAT_SET_SIZE | FD_ALLOCATE
TOP = (1 << 63) - 1


@pytest.fixture(params=RESOLUTIONS)
def resolution(request: pytest.FixtureRequest) -> str:
    if request.param == "openat2" and not has_openat2():
        pytest.skip("the kernel has no openat2")
    return str(request.param)


def made(root: Path, **options: Any) -> Guest:
    return Guest(preopens={"/": root}, **options)


def writes(guest: Guest, fd: int, size: int) -> Errno:
    return guest.errno("fd_write", fd, *guest.iovecs((BUFFER, size)), RESULT)


def test_i15_2_bytes_that_are_written_have_an_end(tmp_path: Path) -> None:
    guest = made(tmp_path, max_written_bytes=10)
    one, two = (guest.open(name, oflags=1, rights=EVERY) for name in "ab")
    assert writes(guest, one, 6) is Errno.SUCCESS
    assert writes(guest, two, 5) is Errno.DQUOT
    assert (tmp_path / "b").read_bytes() == b""
    assert writes(guest, two, 4) is Errno.SUCCESS
    assert writes(guest, one, 1) is Errno.DQUOT
    assert writes(guest, one, 0) is Errno.SUCCESS
    guest.call("fd_seek", one, 0, 0, RESULT)
    assert writes(guest, one, 1) is Errno.DQUOT  # not only what makes it longer
    guest.on("path_unlink_file", "a")
    assert writes(guest, two, 1) is Errno.DQUOT  # nothing is given back


def test_i15_2_what_was_not_written_does_not_count(tmp_path: Path) -> None:
    guest = made(tmp_path, max_written_bytes=10)
    fd = guest.open("a", oflags=1, rights=EVERY)
    table = guest.iovecs((BUFFER, 8))
    assert guest.errno("fd_pwrite", fd, *table, TOP - 4, RESULT) is not Errno.SUCCESS
    assert writes(guest, fd, 10) is Errno.SUCCESS


@pytest.mark.parametrize("size", [11, 1 << 40])
def test_i15_2_holes_count_as_if_they_were_written(tmp_path: Path, size: int) -> None:
    guest = made(tmp_path, max_written_bytes=10)
    fd = guest.open("a", oflags=1, rights=EVERY)
    assert guest.errno("fd_filestat_set_size", fd, size) is Errno.DQUOT
    assert guest.errno("fd_filestat_set_size", fd, TOP) is Errno.DQUOT
    assert guest.errno("fd_allocate", fd, size - 1, 1) is Errno.DQUOT
    table = guest.iovecs((BUFFER, 1))
    assert guest.errno("fd_pwrite", fd, *table, size - 1, RESULT) is Errno.DQUOT
    guest.call("fd_seek", fd, size - 1, 0, RESULT)
    assert writes(guest, fd, 1) is Errno.DQUOT
    assert (tmp_path / "a").stat().st_size == 0
    guest.call("fd_filestat_set_size", fd, 4)
    guest.call("fd_pwrite", fd, *table, 9, RESULT)
    assert (tmp_path / "a").stat().st_size == 10
    assert guest.errno("fd_filestat_set_size", fd, 11) is Errno.DQUOT
    guest.call("fd_filestat_set_size", fd, 0)


def test_i15_2_what_is_appended_leaves_no_hole(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(100))
    guest = made(tmp_path, max_written_bytes=10)
    fd = guest.open("a", rights=EVERY, fdflags=1)
    guest.call("fd_seek", fd, 1000, 0, RESULT)
    assert writes(guest, fd, 10) is Errno.SUCCESS
    assert writes(guest, fd, 1) is Errno.DQUOT
    assert (tmp_path / "a").stat().st_size == 110


def create(guest: Guest, kind: str, name: str) -> Errno:
    try:
        if kind == "file":
            guest.open(name, oflags=1, rights=FD_WRITE)
        elif kind == "exclusive":
            guest.open(name, oflags=1 | 4, rights=FD_WRITE)
        elif kind == "directory":
            guest.on("path_create_directory", name)
        elif kind == "symlink":
            guest.symlink("there", name)
        elif kind == "dangling":
            guest.open("dangling", oflags=1, rights=FD_WRITE)
        else:
            guest.link("there", name)
    except Failed as failed:
        return failed.errno
    return Errno.SUCCESS


@pytest.mark.parametrize("kind", ["file", "exclusive", "directory", "symlink", "link", "dangling"])
def test_i15_2_names_that_are_created_have_an_end(
    tmp_path: Path, resolution: str, kind: str
) -> None:
    (tmp_path / "there").write_bytes(b"x")
    (tmp_path / "dangling").symlink_to("new")
    guest = made(tmp_path, max_created_files=3, resolution=resolution)
    assert create(guest, "directory", "there") is Errno.EXIST  # what fails does not count
    assert create(guest, "exclusive", "none/x") is Errno.NOENT
    for index in range(2):
        assert create(guest, "file", f"n{index}") is Errno.SUCCESS
        assert create(guest, "file", f"n{index}") is Errno.SUCCESS  # it is there already
    assert create(guest, "file", ".") is Errno.ISDIR
    assert create(guest, "file", "there/") in {Errno.ISDIR, Errno.NOTDIR}
    assert create(guest, kind, "n2") is Errno.SUCCESS
    for every in ("file", "exclusive", "directory", "symlink", "link"):
        assert create(guest, every, "n3") is Errno.DQUOT
    guest.on("path_unlink_file", "n0")
    assert create(guest, "file", "n0") is Errno.DQUOT
    guest.rename("n1", "n0")
    assert not os.path.lexists(tmp_path / "n3")


def test_i15_2_a_link_that_dangles_creates_too(tmp_path: Path, resolution: str) -> None:
    (tmp_path / "dangling").symlink_to("new")
    guest = made(tmp_path, max_created_files=0, resolution=resolution)
    assert create(guest, "dangling", "") is Errno.DQUOT
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("oflags", [1, 1 | 8])
@pytest.mark.parametrize("path", ["dir", "dir/", "file/", "new/", "link", "none/x", "../x", "loop"])
def test_i15_2_a_bound_changes_no_other_answer(
    tmp_path: Path, resolution: str, path: str, oflags: int
) -> None:
    (tmp_path / "root/dir").mkdir(parents=True)
    (tmp_path / "root/file").write_bytes(b"x")
    (tmp_path / "root/link").symlink_to("dir")
    (tmp_path / "root/loop").symlink_to("loop")
    found = set()
    for bound in (None, 5):
        guest = made(tmp_path / "root", max_created_files=bound, resolution=resolution)
        with pytest.raises(Failed) as caught:
            guest.open(path, oflags=oflags, rights=FD_WRITE)
        found.add(caught.value.errno)
    assert len(found) == 1


def test_i15_2_the_bounds_are_for_all_directories_together(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    guest = Guest(
        preopens={"/a": tmp_path / "a", "/b": tmp_path / "b", "/r": ReadOnly(tmp_path)},
        max_written_bytes=3,
        max_created_files=2,
    )
    below = guest.open(".", oflags=2, rights=0)
    fds = [guest.open("x", fd=fd, oflags=1, rights=FD_WRITE) for fd in (3, 4)]
    assert below and [writes(guest, fd, 2) for fd in fds] == [Errno.SUCCESS, Errno.DQUOT]
    with pytest.raises(Failed, match="DQUOT"):
        guest.open("y", fd=3, oflags=1, rights=FD_WRITE)


@pytest.mark.parametrize("kind", ["bytes", "text", "callable", "descriptor"])
def test_i15_2_a_flood_on_the_output_has_an_end(tmp_path: Path, kind: str) -> None:
    taken = bytearray()
    with open(tmp_path / "out", "wb") as file:
        sink: Any = {
            "bytes": io.BytesIO(),
            "text": io.StringIO(),
            "callable": taken.extend,
            "descriptor": file.fileno(),
        }[kind]
        guest = Guest(stdout=sink, max_output_bytes=100)
        for _ in range(3):
            assert writes(guest, 1, 30) is Errno.SUCCESS
        assert writes(guest, 1, 11) is Errno.NOSPC
        assert writes(guest, 1, 10) is Errno.SUCCESS
        assert writes(guest, 1, 1) is Errno.NOSPC
        assert writes(guest, 2, 100) is Errno.SUCCESS  # each has its own
        guest.call("fd_fdstat_set_flags", 1, 4)
        guest.call("fd_fdstat_get", 1, BUFFER)
        guest.call("fd_filestat_get", 1, BUFFER)
    if kind in ("bytes", "text"):
        taken.extend(b"x" * len(sink.getvalue()))
    assert len(taken or (tmp_path / "out").read_bytes()) == 100


def test_what_a_stream_did_not_take_does_not_count() -> None:
    class Slow(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            return min(len(data), 2)

    guest = Guest(stdout=Slow(), max_output_bytes=5)
    assert [guest.write(1, b"1234"), guest.write(1, b"123")] == [2, 2]
    assert writes(guest, 1, 2) is Errno.NOSPC


@pytest.mark.parametrize("name", ["max_written_bytes", "max_created_files", "max_output_bytes"])
def test_bounds_that_are_none_are_refused(name: str) -> None:
    for value, error in ((-1, ValueError), (1.5, TypeError), ("1", TypeError), (True, TypeError)):
        with pytest.raises(error, match=f"property '{name}' must"):
            WASI({"version": "preview1", name: value})
