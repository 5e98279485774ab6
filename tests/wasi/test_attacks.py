"""No path leaves its directory: each attack through both ways to resolve paths, which must agree."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyjsapi.wasi import ReadOnly
from pyjsapi.wasi.abi import FILETYPE_CHARACTER_DEVICE, Errno
from pyjsapi.wasi.paths.beneath import has_openat2
from pyjsapi.wasi.rights import DIRECTORY, FD_FILESTAT_SET_TIMES, FD_READ, FD_WRITE, INHERITED
from tests.wasi.guests import BUFFER, RESOLUTIONS, RESULT, Failed, Guest

SECRET = b"secret"
EVERY = DIRECTORY | FD_READ
OUTSIDE_IS_REFUSED = {Errno.PERM, Errno.LOOP, Errno.NOTDIR, Errno.NOENT}


@pytest.fixture(params=RESOLUTIONS)
def resolution(request: pytest.FixtureRequest) -> str:
    if request.param == "openat2" and not has_openat2():
        pytest.skip("the kernel has no openat2")
    return str(request.param)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """What is outside of the guest's directory, which is ``root`` beside it."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_bytes(SECRET)
    (tmp_path / "secret").write_bytes(SECRET)
    return tmp_path / "outside"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "root"
    (made / "dir/sub").mkdir(parents=True)
    (made / "file").write_bytes(b"inside")
    (made / "dir/file").write_bytes(b"below")
    return made


@pytest.fixture
def guest(root: Path, outside: Path, resolution: str) -> Iterator[Guest]:
    made = Guest(preopens={"/": str(root)}, resolution=resolution)
    yield made
    made.wasi.close()
    assert (outside / "secret").read_bytes() == SECRET
    assert os.listdir(outside) == ["secret"]
    assert sorted(os.listdir(outside.parent)) == ["outside", "root", "secret"]


def failure(call: Callable[..., Any], *arguments: Any, **options: Any) -> Errno:
    with pytest.raises(Failed) as caught:
        call(*arguments, **options)
    return caught.value.errno


def every_use(guest: Guest, path: bytes | str) -> dict[str, Errno]:
    """What each function says of a path; none of them may succeed."""
    uses: dict[str, Callable[[], Any]] = {
        "open": lambda: guest.open(path),
        "open no follow": lambda: guest.open(path, follow=False),
        "create": lambda: guest.open(path, oflags=1, rights=FD_WRITE),
        "truncate": lambda: guest.open(path, oflags=8, rights=FD_WRITE),
        "directory": lambda: guest.open(path, oflags=2),
        "stat": lambda: guest.stat(path),
        "readlink": lambda: guest.readlink(path),
        "mkdir": lambda: guest.on("path_create_directory", path),
        "rmdir": lambda: guest.on("path_remove_directory", path),
        "unlink": lambda: guest.on("path_unlink_file", path),
        "symlink": lambda: guest.symlink("x", path),
        "rename from": lambda: guest.rename(path, "new"),
        "rename to": lambda: guest.rename("file", path),
        "link from": lambda: guest.link(path, "new"),
        "link to": lambda: guest.link("file", path),
        "times": lambda: guest.set_times(path, 5),
    }
    return {name: failure(use) for name, use in uses.items()}


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "dir/../../secret",
        "dir/sub/../../../outside/secret",
        "/etc/passwd",
        "//etc/passwd",
        "./../secret",
        "../root/file",  # out and back in
        "../root/new",
        "dir/../../root/file",
    ],
)
def test_i15_2_paths_that_leave_are_refused_by_every_function(guest: Guest, path: str) -> None:
    found = every_use(guest, path)
    assert set(found.values()) == {Errno.PERM}, found


@pytest.mark.parametrize("path", ["..", "../", "/", "//", "dir/../..", "../root", "../../"])
def test_i15_2_directories_above_are_refused(guest: Guest, path: str) -> None:
    for options in ({}, {"oflags": 2}, {"follow": False}):
        assert failure(guest.open, path, rights=0, **options) is Errno.PERM
    assert failure(guest.stat, path) is Errno.PERM
    for name in ("path_create_directory", "path_remove_directory", "path_unlink_file"):
        assert failure(guest.on, name, path) in {
            Errno.PERM,
            Errno.EXIST,
            Errno.NOTEMPTY,
            Errno.BUSY,
            Errno.ISDIR,
        }
    assert failure(guest.rename, path, "x") in {Errno.PERM, Errno.BUSY}
    assert failure(guest.rename, "dir", path) in {Errno.PERM, Errno.BUSY, Errno.EXIST}
    assert failure(guest.link, path, "x") is Errno.PERM


@pytest.mark.parametrize(
    ("path", "errno"),
    [
        (b"", Errno.NOENT),
        (b"fi\0le", Errno.INVAL),
        (b"\xff", Errno.ILSEQ),
        (b"\xed\xa0\x80", Errno.ILSEQ),
        (b"x" * 300, Errno.NAMETOOLONG),
        (b"dir/../" * 700 + b"file", Errno.NAMETOOLONG),
    ],
)
def test_i15_2_paths_that_are_none(guest: Guest, path: bytes, errno: Errno) -> None:
    found = every_use(guest, path)
    assert set(found.values()) == {errno}, found


def test_i15_2_a_path_of_a_mebibyte(root: Path, resolution: str) -> None:
    from pyjsapi import WebAssembly

    guest = Guest(WebAssembly.Memory(initial=33), preopens={"/": str(root)}, resolution=resolution)
    guest.put(1 << 20, b"./" * (1 << 19))
    for name in ("path_create_directory", "path_unlink_file"):
        assert guest.errno(name, 3, 1 << 20, 1 << 20) is Errno.NAMETOOLONG
        assert guest.errno(name, 3, 1 << 20, 1 << 21) is Errno.FAULT


def test_i15_2_paths_that_stay(guest: Guest) -> None:
    for path in ("file", "./file", "dir/../file", "dir/sub/../../file", ".//file", "dir/./../file"):
        assert guest.read_file(path) == b"inside"
    for path in (".", "./", "dir/..", "dir/sub/../.."):
        assert guest.stat(path)[1] == guest.stat(".")[1]
    guest.call("fd_close", guest.open(".", oflags=2, rights=DIRECTORY))


# ---- links


@pytest.mark.parametrize("target", ["/etc/passwd", "/", "//x"])
def test_i15_2_absolute_links_cannot_be_made(guest: Guest, target: str) -> None:
    assert failure(guest.symlink, target, "link") is Errno.PERM


def uses_of_link(guest: Guest, path: str) -> set[Errno]:
    """Everything that follows a link."""
    return {
        failure(guest.open, path),
        failure(guest.open, path, oflags=8, rights=FD_WRITE),
        failure(guest.open, path, oflags=1, rights=FD_WRITE),
        failure(guest.open, path, oflags=2, rights=EVERY & DIRECTORY),
        failure(guest.stat, path),
        failure(guest.set_times, path, 5),
    }


@pytest.mark.parametrize(
    "target", ["../secret", "../outside/secret", "dir/../../secret", "../root/file", ".."]
)
def test_i15_2_a_link_that_the_guest_makes_to_the_outside(guest: Guest, target: str) -> None:
    guest.symlink(target, "link")
    assert uses_of_link(guest, "link") == {Errno.PERM}
    assert guest.readlink("link") == target.encode()
    assert guest.stat("link", follow=False)[2] == 7
    guest.set_times("link", 5, follow=False)
    assert guest.stat("link", follow=False)[6] == 5
    assert failure(guest.open, "link", follow=False) is Errno.LOOP
    guest.link("link", "another")  # the link itself
    assert uses_of_link(guest, "another") == {Errno.PERM}
    guest.rename("link", "moved")
    guest.on("path_unlink_file", "moved")


def test_i15_2_links_to_directories_outside(guest: Guest, root: Path, outside: Path) -> None:
    (root / "absolute").symlink_to(outside)
    guest.symlink("../outside", "relative")
    for name in ("absolute", "relative"):
        for path in (f"{name}/secret", f"{name}/new", f"{name}/.", f"{name}/../secret"):
            found = every_use(guest, path)
            assert set(found.values()) <= {Errno.PERM, Errno.BUSY}, (path, found)
        assert failure(guest.open, f"{name}/", rights=0) is Errno.PERM
        assert failure(guest.stat, f"{name}/", follow=False) is Errno.PERM
        assert failure(guest.link, f"{name}/", "x") is Errno.PERM
        assert failure(guest.readlink, f"{name}/") is Errno.PERM
        assert failure(guest.on, "path_remove_directory", f"{name}/") is Errno.NOTDIR
        assert failure(guest.on, "path_unlink_file", f"{name}/") is Errno.NOTDIR


def test_i15_2_chains_of_links(guest: Guest) -> None:
    guest.symlink("file", "link0")
    for index in range(1, 40):
        guest.symlink(f"link{index - 1}", f"link{index}")
    assert guest.read_file("link39") == b"inside"
    guest.symlink("link39", "link40")
    assert failure(guest.open, "link40") is Errno.LOOP
    guest.symlink("../secret", "out0")
    guest.symlink("out0", "out1")
    guest.symlink("dir/../out1", "out2")
    assert uses_of_link(guest, "out2") == {Errno.PERM}


def test_i15_2_links_with_parents_in_their_text(guest: Guest) -> None:
    guest.symlink("../file", "dir/up")
    assert guest.read_file("dir/up") == b"inside"
    guest.symlink("../../secret", "dir/out")
    assert uses_of_link(guest, "dir/out") == {Errno.PERM}
    guest.symlink("dir/sub", "down")
    assert guest.read_file("down/../file") == b"below"  # of where the link leads, not of its text


def test_i15_2_loops_of_links(guest: Guest) -> None:
    guest.symlink("loop", "loop")
    guest.symlink("two", "one")
    guest.symlink("one", "two")
    guest.symlink("x", "here")
    guest.rename("here", "x")  # a loop made by renaming
    for name in ("loop", "one", "x"):
        assert uses_of_link(guest, name) == {Errno.LOOP}
        assert failure(guest.stat, f"{name}/file") is Errno.LOOP
        assert guest.stat(name, follow=False)[2] == 7


def test_i15_2_dangling_links(guest: Guest, root: Path) -> None:
    guest.symlink("dir/new", "dangling")
    assert failure(guest.open, "dangling") is Errno.NOENT
    assert failure(guest.open, "dangling", oflags=1, follow=False) is Errno.LOOP
    assert failure(guest.open, "dangling", oflags=1 | 4) is Errno.EXIST
    assert failure(guest.on, "path_create_directory", "dangling") is Errno.EXIST
    guest.write_file("dangling", b"made")
    assert (root / "dir/new").read_bytes() == b"made"
    guest.symlink("../made", "out")
    assert failure(guest.open, "out", oflags=1, rights=FD_WRITE) is Errno.PERM
    assert failure(guest.open, "out", oflags=1 | 4, rights=FD_WRITE) is Errno.EXIST


def test_i15_2_links_and_flags(guest: Guest) -> None:
    guest.symlink("dir", "link")
    guest.symlink("file", "linkfile")
    assert guest.names(guest.open("link", oflags=2, rights=DIRECTORY)) == [
        b".",
        b"..",
        b"file",
        b"sub",
    ]
    assert failure(guest.open, "link", oflags=2, follow=False, rights=0) in {
        Errno.LOOP,
        Errno.NOTDIR,
    }
    assert failure(guest.open, "linkfile", oflags=2) is Errno.NOTDIR
    assert failure(guest.open, "linkfile", follow=False) is Errno.LOOP
    assert guest.errno("path_open", 3, 2, *guest.path("file"), 0, 0, 0, 0, RESULT) is Errno.INVAL
    assert (
        guest.errno("path_link", 3, 1, *guest.path("file"), 3, *guest.other_path("n"))
        is Errno.INVAL
    )


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="the system has no such files")
def test_i15_2_links_of_proc(resolution: str, outside: Path, tmp_path: Path) -> None:
    with open(outside / "secret", "rb") as file:
        guest = Guest(preopens={"/": "/proc/self"}, resolution=resolution)
        for path in (f"fd/{file.fileno()}", "cwd", "root/etc/passwd", "exe"):
            assert failure(guest.open, path) is Errno.LOOP
            assert failure(guest.stat, path) is Errno.LOOP
        own = guest.open("fd", oflags=2, rights=DIRECTORY)
        assert failure(guest.open, str(file.fileno()), fd=own) is Errno.LOOP
        all_of = Guest(preopens={"/": "/proc"}, resolution=resolution)
        assert failure(all_of.open, f"self/fd/{file.fileno()}") is Errno.LOOP
        assert all_of.stat("self/status")[2] == 4  # a link that is text
    outside.joinpath("secret").unlink()


# ---- trailing slashes


def test_i15_2_trailing_slashes(guest: Guest, root: Path) -> None:
    guest.symlink("dir", "link")
    guest.symlink("file", "linkfile")
    for path in ("file/", "file//", "linkfile/", "file/."):
        for use in ("open", "stat", "readlink"):
            assert failure(getattr(guest, use), path) is Errno.NOTDIR, (use, path)
        assert failure(guest.on, "path_remove_directory", path) is Errno.NOTDIR
        assert failure(guest.on, "path_unlink_file", path) is Errno.NOTDIR
        assert failure(guest.rename, path, "new") is Errno.NOTDIR
        assert failure(guest.link, path, "new") is Errno.NOTDIR
    assert guest.stat("dir/")[2] == guest.stat("link/", follow=False)[2] == 3
    guest.on("path_create_directory", "made///")
    guest.rename("made/", "moved/")
    assert failure(guest.rename, "file", "new/") is Errno.NOTDIR
    guest.on("path_remove_directory", "moved/")
    assert failure(guest.symlink, "x", "new/") is Errno.NOENT
    assert failure(guest.symlink, "x", "file/") in {Errno.EXIST, Errno.NOTDIR}
    assert failure(guest.open, "new/", oflags=1) is Errno.ISDIR
    assert failure(guest.link, "file", "new/") is Errno.NOENT
    assert failure(guest.on, "path_unlink_file", "dir/") in {Errno.ISDIR, Errno.PERM}
    assert failure(guest.on, "path_remove_directory", "link/") is Errno.NOTDIR
    assert sorted(os.listdir(root)) == ["dir", "file", "link", "linkfile"]


@pytest.mark.parametrize(
    ("path", "oflags", "errno"),
    [
        ("outdir/x/", 1, Errno.PERM),
        ("../x/", 1, Errno.PERM),
        ("none/x/", 1, Errno.NOENT),
        ("file/x//", 1, Errno.NOTDIR),
        ("loop/x/", 1, Errno.LOOP),
        (".//", 1 | 4, Errno.EXIST),
        ("dir/..//", 1 | 4, Errno.EXIST),
        ("dir/.", 1, Errno.ISDIR),
        ("dir/", 1 | 4, Errno.ISDIR),
        ("loop/", 1, Errno.ISDIR),
    ],
)
def test_i15_2_what_is_wrong_before_a_trailing_slash_is_told_first(
    guest: Guest, path: str, oflags: int, errno: Errno
) -> None:
    guest.symlink("../outside", "outdir")
    guest.symlink("loop", "loop")
    assert failure(guest.open, path, oflags=oflags, rights=FD_WRITE) is errno


# ---- what is no file


def test_i15_2_what_would_block_is_not_opened(guest: Guest, root: Path) -> None:
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.getcwd()
        os.chdir(root)
        try:
            listening.bind("socket")
        finally:
            os.chdir(here)
        for name in ("fifo", "socket"):
            for rights in (FD_READ, FD_WRITE, FD_READ | FD_WRITE):
                assert failure(guest.open, name, rights=rights) is Errno.NXIO
            guest.stat(name)
            guest.set_times(name, 5)
            guest.on("path_unlink_file", name)


@pytest.mark.skipif(not os.path.exists("/dev/ptmx"), reason="the system has no devices")
def test_i15_2_devices_are_not_opened(resolution: str) -> None:
    guest = Guest(preopens={"/": "/dev"}, resolution=resolution)
    assert failure(guest.open, "ptmx") is Errno.NXIO
    assert guest.stat("ptmx")[2] == FILETYPE_CHARACTER_DEVICE


@pytest.mark.skipif(sys.platform != "linux", reason="devices have other numbers elsewhere")
def test_devices_that_keep_nobody_waiting_are_opened(resolution: str) -> None:
    """Programs look for chance in ``/dev/urandom``."""
    guest = Guest(preopens={"/": "/dev"}, resolution=resolution)
    assert guest.read_file("zero") == bytes(1000)
    assert guest.read_file("null") == b""
    assert guest.read_file("urandom") != guest.read_file("urandom")
    assert guest.stat("urandom")[2] == FILETYPE_CHARACTER_DEVICE
    fd = guest.open("urandom")
    guest.call("fd_fdstat_get", fd, BUFFER)
    assert guest.get(BUFFER, 1) == bytes([FILETYPE_CHARACTER_DEVICE])
    guest.write_file("null", b"gone")
    assert failure(guest.write_file, "full", b"too much") is Errno.NOSPC
    guest = Guest(preopens={"/": ReadOnly("/dev")}, resolution=resolution)
    assert failure(guest.write_file, "null", b"gone") is Errno.NOTCAPABLE


# ---- rights


CHANGES: list[tuple[str, Callable[[Guest], Any]]] = [
    ("create", lambda guest: guest.open("new", oflags=1)),
    ("truncate", lambda guest: guest.open("file", oflags=8)),
    ("write", lambda guest: guest.open("file", rights=FD_WRITE)),
    ("mkdir", lambda guest: guest.on("path_create_directory", "new")),
    ("rmdir", lambda guest: guest.on("path_remove_directory", "dir/sub")),
    ("unlink", lambda guest: guest.on("path_unlink_file", "file")),
    ("symlink", lambda guest: guest.symlink("x", "new")),
    ("rename", lambda guest: guest.rename("file", "new")),
    ("rename out", lambda guest: guest.rename("file", "new", to=4)),
    ("rename in", lambda guest: guest.rename("file", "new", fd=4, to=3)),
    ("link", lambda guest: guest.link("file", "new")),
    ("link out", lambda guest: guest.link("file", "new", to=4)),
    ("link in", lambda guest: guest.link("file", "new", fd=4, to=3)),
    ("times", lambda guest: guest.set_times("file", 5)),
]


@pytest.mark.parametrize(("name", "change"), CHANGES, ids=[name for name, _ in CHANGES])
def test_i15_2_nothing_changes_in_a_read_only_directory(
    root: Path, tmp_path: Path, resolution: str, name: str, change: Callable[[Guest], Any]
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "file").write_bytes(b"other")
    guest = Guest(preopens={"/": ReadOnly(root), "/w": other}, resolution=resolution)
    assert failure(change, guest) is Errno.NOTCAPABLE
    assert guest.read_file("file") == b"inside"
    assert sorted(os.listdir(other)) == ["file"]
    below = guest.open("dir", oflags=2, rights=guest.rights(3) & DIRECTORY)
    assert failure(guest.open, "new", fd=below, oflags=1) is Errno.NOTCAPABLE
    assert guest.errno("fd_fdstat_set_rights", below, INHERITED, INHERITED) is Errno.NOTCAPABLE


def test_i15_2_rights_only_shrink(guest: Guest) -> None:
    fd = guest.open("file", rights=FD_READ | FD_WRITE)
    guest.call("fd_fdstat_set_rights", fd, FD_READ, 0)
    assert guest.rights(fd) == FD_READ
    assert guest.errno("fd_fdstat_set_rights", fd, FD_READ | FD_WRITE, 0) is Errno.NOTCAPABLE
    assert guest.errno("fd_write", fd, *guest.iovecs((0, 1)), RESULT) is Errno.NOTCAPABLE
    below = guest.open("dir", oflags=2, rights=DIRECTORY, inheriting=FD_READ)
    assert failure(guest.open, "file", fd=below, rights=FD_READ | FD_WRITE) is Errno.NOTCAPABLE
    guest.call("fd_fdstat_set_rights", below, 0, 0)
    assert failure(guest.open, "file", fd=below, rights=0) is Errno.NOTCAPABLE


def test_i15_2_descriptors_are_renumbered_onto_what_is_open(guest: Guest) -> None:
    fd = guest.open("file")
    guest.call("fd_renumber", fd, fd)
    assert guest.read(fd) == b"inside"
    for to in (99, 2**31, 2**32 - 1):
        assert guest.errno("fd_renumber", fd, to) is Errno.BADF
        assert guest.errno("fd_renumber", to, fd) is Errno.BADF
    guest.call("fd_renumber", fd, 3)
    assert guest.errno("fd_prestat_get", 3, RESULT) is Errno.BADF
    assert guest.errno("fd_close", fd) is Errno.BADF
    guest.call("fd_seek", 3, 0, 0, RESULT)
    assert guest.read(3) == b"inside"


# ---- too much of everything


def test_i15_2_opens_without_end(root: Path, resolution: str) -> None:
    guest = Guest(preopens={"/": root}, resolution=resolution, max_descriptors=20)
    opened: list[int] = []
    with pytest.raises(Failed, match="MFILE"):
        while len(opened) < 1000:
            opened.append(guest.open("file"))
    assert opened == list(range(4, 20))
    guest.call("fd_close", 7)
    assert guest.open("file") == 7
    guest.wasi.close()


def test_i15_2_opening_and_closing_leaves_nothing_open(guest: Guest) -> None:
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(200):
        guest.read_file("dir/../file")
        failure(guest.open, "dir/../../secret")
        failure(guest.open, "dir/sub/none/x")
    after = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    assert after <= before


def test_i15_2_cookies_of_directories(guest: Guest, root: Path) -> None:
    for index in range(30):
        (root / f"n{index:02}").write_bytes(b"")
    fd = guest.open(".", oflags=2, rights=DIRECTORY)
    everything = guest.names(fd)
    assert everything[:4] == [b".", b"..", b"dir", b"file"] and len(everything) == 34
    assert guest.names(fd, cookie=33) == everything[33:]
    for cookie in (34, 2**32, 2**63, 2**64 - 1):
        assert guest.names(fd, cookie=cookie) == []
    assert guest.names(fd, room=30) == [b"."]
    assert guest.names(fd, room=0) == []
    (root / "n00").unlink()
    assert guest.names(fd, cookie=4)[0] == b"n00"  # as when the reading began
    assert b"n00" not in guest.names(fd)


@pytest.mark.parametrize("time", [0, 1, 2**31 * 10**9, 2**62, 2**63 - 1, 2**63, 2**64 - 1])
def test_i15_2_extreme_times(guest: Guest, time: int) -> None:
    fd = guest.open("file", rights=FD_FILESTAT_SET_TIMES | FD_READ)
    results = {
        guest.errno("path_filestat_set_times", 3, 1, *guest.path("file"), 0, time, 4),
        guest.errno("fd_filestat_set_times", fd, 0, time, 4),
    }
    assert len(results) == 1
    if time >= 2**63:
        assert results == {Errno.INVAL}


def test_i15_2_times_before_1970(guest: Guest, root: Path) -> None:
    os.utime(root / "file", ns=(-5, -(10**18)))
    assert guest.stat("file")[5:7] == (0, 0)


def test_i15_2_times_that_contradict_themselves(guest: Guest) -> None:
    fd = guest.open("file", rights=FD_FILESTAT_SET_TIMES)
    for flags in (3, 12, 16, 0xFFFF):
        assert guest.errno("fd_filestat_set_times", fd, 0, 0, flags) is Errno.INVAL
        assert (
            guest.errno("path_filestat_set_times", 3, 0, *guest.path("file"), 0, 0, flags)
            is Errno.INVAL
        )


# ---- a neighbour

SWAPPER = """
import os, sys
root, mode = sys.argv[1:]
os.chdir(root)
print("ready", flush=True)
while True:
    if mode == "component":
        os.rename("swapped", "aside")
        os.symlink("../outside", "swapped")
        os.unlink("swapped")
        os.rename("aside", "swapped")
    elif mode == "file":
        os.symlink("../secret", "link")
        os.rename("link", "swapped")
        with open("plain", "wb") as file:
            file.write(b"inside")
        os.rename("plain", "swapped")
    else:
        os.rename("swapped/deep/deeper", "../outside/deeper")
        os.rename("../outside/deeper", "swapped/deep/deeper")
"""


@pytest.mark.parametrize("mode", ["component", "file", "moved"])
def test_i15_2_a_neighbour_that_swaps_paths(
    tmp_path: Path, outside: Path, root: Path, resolution: str, mode: str
) -> None:
    """A component swapped for a link between check and use; a directory moved out while ``..`` is resolved."""
    if mode == "file":
        (root / "swapped").write_bytes(b"inside")
    else:
        (root / "swapped/deep/deeper").mkdir(parents=True)
        (root / "swapped/secret").write_bytes(b"inside")
    # What ``..`` of the moved directory would lead to.
    (tmp_path / "file").write_bytes(SECRET)
    path = {
        "component": "swapped/secret",
        "file": "swapped",
        "moved": "swapped/deep/deeper/../../../file",
    }[mode]
    guest = Guest(preopens={"/": str(root)}, resolution=resolution)
    command = [sys.executable, "-c", SWAPPER, str(root), mode]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as neighbour:
        assert neighbour.stdout is not None
        assert neighbour.stdout.readline() == b"ready\n"
        try:
            for _ in range(1500):
                try:
                    assert guest.read_file(path) != SECRET
                except Failed as failed:
                    assert failed.errno in {*OUTSIDE_IS_REFUSED, Errno.AGAIN}
                try:
                    guest.call("fd_close", guest.open(path, oflags=8, rights=FD_WRITE))
                except Failed as failed:
                    assert failed.errno in {*OUTSIDE_IS_REFUSED, Errno.AGAIN}
            assert neighbour.poll() is None
        finally:
            neighbour.kill()
    guest.wasi.close()
    for secret in ("outside/secret", "secret", "file"):
        assert (tmp_path / secret).read_bytes() == SECRET


def test_i15_2_a_write_is_where_it_was_opened(guest: Guest, root: Path, outside: Path) -> None:
    """What is open stays what it is, wherever names lead later."""
    fd = guest.open("file", rights=FD_WRITE)
    (root / "file").unlink()
    (root / "file").symlink_to(outside / "secret")
    guest.put(BUFFER, b"x")
    guest.call("fd_write", fd, *guest.iovecs((BUFFER, 1)), RESULT)
    assert guest.result() == 1
