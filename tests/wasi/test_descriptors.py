from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from pyjsapi.wasi import ReadOnly
from pyjsapi.wasi.abi import Errno
from pyjsapi.wasi.rights import DIRECTORY, FD_READ, FD_SEEK, FD_WRITE, FILE
from tests.wasi.guests import BUFFER, RESULT, Failed, Guest


@pytest.fixture
def guest(tmp_path: Path) -> Guest:
    (tmp_path / "file").write_bytes(b"0123456789")
    return Guest(preopens={"/": str(tmp_path), "/ro": ReadOnly(tmp_path)})


def seek(guest: Guest, fd: int, delta: int, whence: int) -> int:
    guest.call("fd_seek", fd, delta, whence, RESULT)
    return guest.result(8)


def test_preopens_have_names(guest: Guest) -> None:
    for fd, name in ((3, b"/"), (4, b"/ro")):
        guest.call("fd_prestat_get", fd, RESULT)
        assert struct.unpack("<BxxxI", guest.get(RESULT, 8)) == (0, len(name))
        guest.call("fd_prestat_dir_name", fd, BUFFER, len(name))
        assert guest.get(BUFFER, len(name)) == name
        assert guest.errno("fd_prestat_dir_name", fd, BUFFER, len(name) - 1) is Errno.NAMETOOLONG
    assert guest.errno("fd_prestat_get", 5, RESULT) is Errno.BADF


def test_seeking(guest: Guest) -> None:
    fd = guest.open("file", rights=FILE)
    assert seek(guest, fd, 3, 0) == 3
    assert seek(guest, fd, -1, 1) == 2
    assert seek(guest, fd, -4, 2) == 6
    assert guest.read(fd) == b"6789"
    guest.call("fd_tell", fd, RESULT)
    assert guest.result(8) == 10
    assert seek(guest, fd, 100, 1) == 110
    assert guest.read(fd) == b""
    for delta, whence in ((-1, 0), (-200, 1), (0, 3), (-(2**63), 1)):
        assert guest.errno("fd_seek", fd, delta, whence, RESULT) is Errno.INVAL
    assert guest.errno("fd_seek", fd, 2**63 - 1, 1, RESULT) in {Errno.INVAL, Errno.OVERFLOW}


def test_the_right_to_tell_is_enough_to_ask(guest: Guest) -> None:
    fd = guest.open("file", rights=FD_READ | 32)
    assert seek(guest, fd, 0, 1) == 0
    assert guest.errno("fd_seek", fd, 1, 1, RESULT) is Errno.NOTCAPABLE
    assert guest.errno("fd_pread", fd, *guest.iovecs((BUFFER, 1)), 0, RESULT) is Errno.NOTCAPABLE


def test_sizes(guest: Guest, tmp_path: Path) -> None:
    fd = guest.open("file", rights=FILE)
    guest.call("fd_filestat_set_size", fd, 4)
    assert (tmp_path / "file").read_bytes() == b"0123"
    guest.call("fd_allocate", fd, 2, 4)
    assert (tmp_path / "file").read_bytes() == b"0123\0\0"
    assert guest.errno("fd_allocate", fd, 0, 0) is Errno.INVAL
    for size in (2**63, 2**64 - 1):
        assert guest.errno("fd_filestat_set_size", fd, size) is Errno.INVAL
        assert guest.errno("fd_allocate", fd, size, size) is Errno.INVAL
        assert guest.errno("fd_pread", fd, *guest.iovecs((BUFFER, 1)), size, RESULT) is Errno.INVAL
    for advice in range(6):
        guest.call("fd_advise", fd, 0, 0, advice)
    assert guest.errno("fd_advise", fd, 0, 0, 6) is Errno.INVAL
    guest.call("fd_sync", fd)
    guest.call("fd_datasync", fd)


def test_appending(guest: Guest, tmp_path: Path) -> None:
    fd = guest.open("file", rights=FILE, fdflags=1)
    seek(guest, fd, 0, 0)
    guest.write(fd, b"ab")
    assert (tmp_path / "file").read_bytes() == b"0123456789ab"
    guest.call("fd_fdstat_set_flags", fd, 0)
    seek(guest, fd, 0, 0)
    guest.write(fd, b"X")
    guest.call("fd_fdstat_set_flags", fd, 1)
    guest.write(fd, b"Y")
    assert (tmp_path / "file").read_bytes() == b"X123456789abY"
    assert guest.errno("fd_fdstat_set_flags", fd, 2) is Errno.NOTSUP
    assert guest.errno("fd_fdstat_set_flags", fd, 32) is Errno.INVAL


@pytest.mark.parametrize("fdflags", [2, 4, 8, 16, 31])
def test_flags_are_those_that_were_asked_for(guest: Guest, fdflags: int) -> None:
    fd = guest.open("file", rights=FILE, fdflags=fdflags)
    guest.call("fd_fdstat_get", fd, BUFFER)
    assert struct.unpack("<BxH", guest.get(BUFFER, 4)) == (4, fdflags)


def test_stats(guest: Guest, tmp_path: Path) -> None:
    os.utime(tmp_path / "file", ns=(10**9, 2 * 10**9))
    wanted = (tmp_path / "file").stat()
    stat = guest.stat("file")
    assert stat == (wanted.st_dev, wanted.st_ino, 4, 1, 10, 10**9, 2 * 10**9, wanted.st_ctime_ns)
    fd = guest.open("file", rights=FILE)
    guest.call("fd_filestat_get", fd, BUFFER)
    assert struct.unpack("<QQBxxxxxxxQQQQQ", guest.get(BUFFER, 64)) == stat
    guest.call("fd_filestat_set_times", fd, 5, 7, 1 | 4)
    assert guest.stat("file")[5:7] == (5, 7)
    guest.call("fd_filestat_set_times", fd, 0, 0, 2)
    assert guest.stat("file")[5] > 10**18 and guest.stat("file")[6] == 7


def test_directories_are_no_files(guest: Guest) -> None:
    fd = guest.open(".", oflags=2, rights=DIRECTORY)
    assert guest.errno("fd_read", fd, *guest.iovecs((BUFFER, 1)), RESULT) is Errno.NOTCAPABLE
    assert guest.errno("fd_seek", fd, 0, 0, RESULT) is Errno.NOTCAPABLE
    assert guest.errno("fd_readdir", guest.open("file"), BUFFER, 100, 0, RESULT) is Errno.NOTCAPABLE
    with pytest.raises(Failed, match="ISDIR"):
        guest.open(".", rights=FD_WRITE)
    with pytest.raises(Failed, match="INVAL"):
        guest.open("new", oflags=1 | 2)


def test_exclusive_creation(guest: Guest, tmp_path: Path) -> None:
    guest.call("fd_close", guest.open("new", oflags=1 | 4, rights=FD_WRITE))
    with pytest.raises(Failed, match="EXIST"):
        guest.open("new", oflags=1 | 4, rights=FD_WRITE)
    assert (tmp_path / "new").stat().st_mode & 0o111 == 0


def test_names_that_are_no_text_can_be_listed(guest: Guest, tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff")).write_bytes(b"")
    assert b"\xff" in guest.names(guest.open(".", rights=DIRECTORY))


def test_directories_are_listed_with_kinds(guest: Guest, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "sub").mkdir()
    os.mkfifo(tmp_path / "pipe")
    guest.call("fd_readdir", 3, BUFFER, 4096, 0, RESULT)
    data, kinds = guest.get(BUFFER, guest.result()), {}
    while data:
        _, inode, size, kind = struct.unpack_from("<QQIB", data)
        kinds[data[24 : 24 + size]] = kind
        assert inode
        data = data[24 + size :]
    assert kinds == {b".": 3, b"..": 3, b"file": 4, b"link": 7, b"pipe": 0, b"sub": 3}


def test_closing_twice(guest: Guest) -> None:
    fd = guest.open("file")
    guest.call("fd_close", fd)
    assert guest.errno("fd_close", fd) is Errno.BADF
    for name in ("fd_sync", "fd_datasync"):
        assert guest.errno(name, fd) is Errno.BADF
    guest.wasi.close()
    assert guest.errno("fd_close", 0) is Errno.BADF


def test_files_are_opened_in_what_was_opened(guest: Guest, tmp_path: Path) -> None:
    guest.on("path_create_directory", "a")
    fd = guest.open("a", oflags=2, rights=DIRECTORY)
    guest.write_file("x", b"abc", fd=fd)
    assert (tmp_path / "a/x").read_bytes() == b"abc"
    guest.rename("x", "y", fd=fd, to=3)
    assert guest.read_file("y") == b"abc"
    guest.link("y", "z", to=fd)
    assert guest.stat("z", fd=fd)[3] == 2
    with pytest.raises(Failed, match="PERM"):
        guest.open("../y", fd=fd)  # though it is in the guest's own directory
    with pytest.raises(Failed, match="NOTEMPTY"):
        guest.on("path_remove_directory", "a")
    guest.on("path_unlink_file", "z", fd=fd)
    guest.on("path_remove_directory", "a")
    with pytest.raises(Failed, match="NOENT"):
        guest.open("new", fd=fd, oflags=1)


def test_read_only_files_can_be_read(guest: Guest) -> None:
    assert guest.read_file("file", fd=4) == b"0123456789"
    assert guest.rights(4) & FD_SEEK == 0
