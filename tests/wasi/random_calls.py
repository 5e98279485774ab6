"""Calls of all functions with arguments of all kinds, on a tree with hostile contents.

`Run` makes the same calls through each way to resolve paths, on copies of one tree. They must agree in every errno and
every byte that is written; what fails must have written nothing; and nothing outside of the directories may change.
`python -m tests.wasi.random_calls --seeds 50 --calls 500` makes more of them than the tests do.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import random
import shutil
import socket
import struct
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from pyjsapi import WebAssembly
from pyjsapi.sandbox.determinism import StandingClock
from pyjsapi.wasi import ReadOnly
from pyjsapi.wasi.abi import DIRENT, FILESTAT, Errno
from pyjsapi.wasi.rights import ALL, DIRECTORY, FILE
from tests.wasi.guests import RESOLUTIONS, Guest

PAGE: Final = 65536
END: Final = 3 * PAGE
PATHS: Final = (1024, 8192)
"""Where paths are put."""
TABLE: Final = 4096
OUT: Final = (16384, 24576)
"""Where results go."""
BUFFER: Final = 65536

PARAMETERS: Final = {
    "args_get": "oo",
    "args_sizes_get": "oo",
    "environ_get": "oo",
    "environ_sizes_get": "oo",
    "clock_res_get": "Co",
    "clock_time_get": "Cto",
    "fd_advise": "dzza",
    "fd_allocate": "dzz",
    "fd_close": "d",
    "fd_datasync": "d",
    "fd_fdstat_get": "do",
    "fd_fdstat_set_flags": "dF",
    "fd_fdstat_set_rights": "drr",
    "fd_filestat_get": "do",
    "fd_filestat_set_size": "dz",
    "fd_filestat_set_times": "dtts",
    "fd_pread": "dvzo",
    "fd_prestat_get": "do",
    "fd_prestat_dir_name": "db",
    "fd_pwrite": "dvzo",
    "fd_read": "dvo",
    "fd_readdir": "dbco",
    "fd_renumber": "dd",
    "fd_seek": "dzwo",
    "fd_sync": "d",
    "fd_tell": "do",
    "fd_write": "dvo",
    "path_create_directory": "Dp",
    "path_filestat_get": "Dlpo",
    "path_filestat_set_times": "Dlptts",
    "path_link": "DlpDp",
    "path_open": "DlpOrrFo",
    "path_readlink": "Dpbo",
    "path_remove_directory": "Dp",
    "path_rename": "DpDp",
    "path_symlink": "pDp",
    "path_unlink_file": "Dp",
    "poll_oneoff": "uono",
    "proc_raise": "n",
    "random_get": "b",
    "sched_yield": "",
    "sock_accept": "dFo",
    "sock_recv": "dvnoo",
    "sock_send": "dvno",
    "sock_shutdown": "dn",
}
"""A letter for each argument, or for the two of a path (``p``), a buffer (``b``) and iovecs (``v``)."""
OFTEN: Final = ("path_open", "path_rename", "path_symlink", "path_link", "path_create_directory")
ENDING: Final = ("fd_close", "fd_renumber", "fd_fdstat_set_rights")
"""What would soon leave nothing to work with."""
_TAME: Final[dict[str, list[int]]] = {
    "d": [*range(6, 16), 6, 7, 8],
    "D": [3, 3, 3, 3, 3, 4, 4, 5, 6, 7, 8],
    "O": [0, 0, 1, 1, 2, 8, 9, 5],
    "r": [FILE, FILE, DIRECTORY, FILE | DIRECTORY, 2, 64, 66],
    "F": [0, 0, 0, 1, 4],
    "z": [0, 0, 1, 7, 50, 1000],
    "s": [0, 1, 2, 4, 8, 5],
    "l": [0, 1, 1],
    "w": [0, 1, 2],
    "c": [0, 0, 1, 2, 5],
    "t": [0, 1, 10**18],
    "a": [0, 1, 2, 3, 4, 5],
}
"""Numbers that programs give, by letter."""
NAMES: Final = (
    "file file dir dir sub link linkdir out outdir absolute up loop one two dangling fifo socket hard new other ro "
    "é . .. . .. etc secret outside root"
).split()


def plant(base: Path) -> None:
    """The tree: ``root``, ``second`` and ``ro`` are the guest's directories, the rest is outside."""
    for name in ("root/dir/sub", "second/dir", "ro/dir", "outside/dir"):
        (base / name).mkdir(parents=True)
    for name in ("secret", "outside/secret", "ro/file", "ro/dir/file"):
        (base / name).write_bytes(f"never changed: {name}".encode())
    for name in ("root/file", "root/dir/file", "second/file"):
        (base / name).write_bytes(b"0123456789" * 5)
    os.link(base / "root/file", base / "root/hard")
    for name, target in {
        "link": "file",
        "linkdir": "dir",
        "out": "../secret",
        "outdir": "../outside",
        "absolute": "/etc",
        "up": "..",
        "loop": "loop",
        "one": "two",
        "two": "one",
        "dangling": "dir/new",
        "dir/up": "../file",
        "dir/out": "../../secret",
    }.items():
        (base / "root" / name).symlink_to(target)
    (base / "ro/out").symlink_to("../secret")
    os.mkfifo(base / "root/fifo")
    here = os.getcwd()
    os.chdir(base / "root")
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("socket")
    finally:
        os.chdir(here)


def contents(base: Path, names: Iterable[str] | None = None) -> dict[str, str]:
    """What is in a tree, or in some of its entries: kinds, bytes, and where links lead."""
    found: dict[str, str] = {}
    for top in sorted(os.listdir(base) if names is None else names):
        paths = [base / top]
        while paths:
            path = paths.pop()
            name = str(path.relative_to(base))
            if path.is_symlink():
                found[name] = f"-> {os.readlink(path)}"
            elif path.is_dir():
                found[name] = "directory"
                paths += path.iterdir()
            elif path.is_file():
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
            else:
                found[name] = "special"
    return found


OUTSIDE: Final = ("ro", "outside", "secret")
INSIDE: Final = ("root", "second")


def memory(kind: str) -> Any:
    """A memory of three pages; the last one is not writable where it is ``mapped`` or ``protected``."""
    if kind == "shared":
        return WebAssembly.Memory(initial=3, maximum=3, shared=True)
    if kind in ("mapped", "protected"):
        made = WebAssembly.Memory(initial=3, storage="guarded")
        if kind == "mapped":
            made.map(bytes(PAGE), PAGE, at=END - PAGE, mode="r")
        else:
            made.protect(END - PAGE, PAGE, "none")
        return made
    return WebAssembly.Memory({"initial": 3, "storage": kind})


KINDS: Final = ("heap", "shared", "guarded", "mapped", "protected")


class Call(NamedTuple):
    """A call, and what is in the memory for it."""

    name: str
    arguments: tuple[int, ...]
    data: tuple[tuple[int, bytes], ...]

    def __str__(self) -> str:
        texts = ", ".join(repr(data[:60]) for _, data in self.data)
        return f"{self.name}{self.arguments} with {texts}"


class Maker:
    """Makes calls by chance."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.live: list[int] = []
        """Descriptors that are open."""

    def call(self) -> Call:
        """One."""
        pick = self._random
        name = pick.choice(OFTEN) if pick.random() < 0.4 else pick.choice(list(PARAMETERS))
        if name in ENDING and pick.random() < 0.7:
            name = "path_open"
        self.is_tame = pick.random() < 0.75
        """Whether the numbers of this call are such as programs give."""
        self._data: list[tuple[int, bytes]] = []
        arguments: list[int] = []
        outs = iter((*OUT, *OUT))
        for letter in PARAMETERS[name]:
            arguments += self._arguments(letter, outs)
        return Call(name, tuple(arguments), tuple(self._data))

    def _arguments(self, letter: str, outs: Iterator[int]) -> list[int]:
        pick = self._random
        if letter == "o":
            return [self._pointer(next(outs))]
        if letter == "p":
            return self._path(PATHS[len([at for at, _ in self._data if at in PATHS]) % 2])
        if letter == "b":
            tame = [10, 100, 1000, 4096]
            size = (
                pick.choice(tame)
                if self.is_tame
                else pick.choice(
                    [0, 1, 10, 24, 100, 1000, 1000, 4096, PAGE, 1 << 31, (1 << 32) - 1]
                )
            )
            return [self._pointer(BUFFER), size]
        if letter == "v":
            return self._iovecs()
        if letter == "u":
            self._data.append((TABLE, bytes(pick.choices([0, 0, 0, 1, 2, 255], k=200))))
            return [self._pointer(TABLE)]
        return [self._number(letter)]

    def _number(self, letter: str) -> int:
        pick = self._random
        wide = (1 << 64) - 1
        if letter in "dD" and self.live[3:] and pick.random() < 0.85:
            return pick.choice(self.live[3:] if letter == "d" else self.live[3:6])
        if self.is_tame and letter in _TAME:
            return pick.choice(_TAME[letter])
        choices: list[int] = {
            "d": [*range(3, 14), *range(16), 20, 39, 40, 1 << 31, (1 << 32) - 1],
            "D": [3, 3, 3, 3, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 0, 99],
            "C": [0, 1, 2, 3, 4, 1 << 31],
            "t": [0, 1, 10**18, 1 << 62, 1 << 63, wide],
            "z": [0, 0, 1, 7, 50, 1000, 1 << 20, 1 << 31, 1 << 40, (1 << 63) - 1, 1 << 63, wide],
            "a": [0, 1, 2, 3, 4, 5, 6, 255],
            "F": [0, 0, 0, 1, 2, 4, 16, 5, 31, 32, 1 << 15],
            "O": [0, 0, 1, 1, 2, 4, 5, 8, 9, 3, 12, 15, 16],
            "r": [FILE, FILE, DIRECTORY, ALL & (FILE | DIRECTORY), 2, 64, 66, 0, ALL, wide],
            "s": [0, 1, 2, 4, 8, 5, 10, 3, 12, 16, 255],
            "l": [0, 1, 1, 1, 2, 1 << 31],
            "w": [0, 1, 2, 3, 255],
            "c": [0, 0, 0, 1, 2, 5, 1000, 1 << 63, wide],
            "n": [0, 1, 2, 3, 4, 1025, 1 << 31, (1 << 32) - 1],
        }[letter]
        return pick.choice(choices)

    def _pointer(self, usual: int) -> int:
        pick = self._random
        if self.is_tame or pick.random() < 0.8:
            return usual
        return pick.choice(
            [0, END - 1, END - 4, END, END + 1, END - PAGE - 4, END - 100, 1 << 31, (1 << 32) - 1]
        )

    def _path(self, at: int) -> list[int]:
        pick = self._random
        if pick.random() < (0.02 if self.is_tame else 0.2):
            path = pick.choice(
                [
                    b"",
                    b"\0",
                    b"file\0",
                    b"\xff",
                    b"\xed\xa0\x80",
                    b"/",
                    b"//",
                    b"x" * 300,
                    b"dir/" * 1100,
                ]
            )
        else:
            parts = [pick.choice(NAMES) for _ in range(pick.choice([1, 1, 1, 2, 2, 3, 4]))]
            text = pick.choice(["/", "/", "/", "//"]).join(parts)
            text = pick.choice(["", "", "", "", "", "/", "./"]) + text
            path = (text + pick.choice(["", "", "", "", "/", "//", "/."])).encode()
        self._data.append((at, path))
        length = (
            len(path)
            if self.is_tame or pick.random() < 0.9
            else pick.choice([1 << 31, (1 << 32) - 1, END])
        )
        return [self._pointer(at), length]

    def _iovecs(self) -> list[int]:
        pick = self._random
        count = pick.choice([0, 1, 1, 2, 3])
        table = b"".join(
            struct.pack(
                "<II",
                self._pointer(BUFFER + pick.choice([0, 4, 100])),
                pick.choice(
                    [0, 1, 8, 8, 100, 5000] + [1 << 31, (1 << 32) - 1] * (not self.is_tame)
                ),
            )
            for _ in range(count)
        )
        self._data.append((TABLE, table))
        if not self.is_tame and pick.random() < 0.3:
            count = pick.choice([1 << 29, 1 << 31, (1 << 32) - 1, 1025])
        return [self._pointer(TABLE), count]


class Run:
    """The same calls through several ways, each with a tree beneath ``folder``. Raises `AssertionError`."""

    def __init__(self, folder: Path, seed: int, ways: Iterable[str] = RESOLUTIONS) -> None:
        self._maker = Maker(seed)
        self.kind = KINDS[seed % len(KINDS)]
        self.bases: list[Path] = []
        self.guests: list[Guest] = []
        for way in ways:
            base = folder / way
            base.mkdir()
            plant(base)
            self.bases.append(base)
            self.guests.append(self._guest(base, way, seed))
        self._outside = [contents(base, OUTSIDE) for base in self.bases]

    def _guest(self, base: Path, way: str, seed: int) -> Guest:
        return Guest(
            memory(self.kind),
            args=["program", "x"],
            env={"A": "b"},
            stdin=io.BytesIO(b"input" * 100),
            preopens={"/": base / "root", "/second": base / "second", "/ro": ReadOnly(base / "ro")},
            resolution=way,
            clock=StandingClock(),
            random=random.Random(seed).randbytes,
            max_descriptors=40,
            max_written_bytes=1 << 20,
            max_created_files=1000,
        )

    def step(self) -> tuple[Call, Errno]:
        """Make a call everywhere; its errno."""
        self._maker.live = sorted(self.guests[0].wasi._process.descriptors)
        call = self._maker.call()
        found = {}
        for guest, base in zip(self.guests, self.bases, strict=True):
            for at, data in call.data:
                guest.put(at, data)
            before = self._bytes(guest)
            errno = guest.errno(call.name, *call.arguments)
            assert guest.wasi.last_error is None, (call, guest.wasi.last_error)
            if errno is not Errno.SUCCESS:
                assert self._bytes(guest) == before, (
                    f"{call}: {errno.name} and something was written"
                )
            else:
                self._forget(guest, call)
            found[base.name] = errno
        errnos = set(found.values())
        assert len(errnos) == 1, f"{call}: {found}"
        first = self._bytes(self.guests[0])
        assert all(self._bytes(guest) == first for guest in self.guests[1:]), call
        return call, errnos.pop()

    def _bytes(self, guest: Guest) -> bytes:
        return guest.get(0, END - PAGE if self.kind == "protected" else END)

    def _forget(self, guest: Guest, call: Call) -> None:
        """Leave out what is different in each tree: devices, inodes, times."""
        if call.name in ("fd_filestat_get", "path_filestat_get"):
            at = call.arguments[-1]
            stat = FILESTAT.unpack(guest.get(at, FILESTAT.size))
            size = 0 if stat[2] == 3 else stat[4]
            guest.put(at, FILESTAT.pack(0, 0, stat[2], stat[3], size, 0, 0, 0))
        elif call.name == "fd_readdir":
            _, at, size, _, result = call.arguments
            place, end = at, at + int.from_bytes(guest.get(result, 4), "little")
            overlaps = result < end and result + 4 > at
            while place + 16 <= end and not overlaps:
                guest.put(place + 8, bytes(8))
                length = (
                    int.from_bytes(guest.get(place + 16, 4), "little") if place + 20 <= end else 0
                )
                place += DIRENT.size + length
            if place < end and not overlaps:
                guest.put(place, bytes(end - place))
            if overlaps:
                guest.put(at, bytes(end - at))

    def finish(self) -> None:
        """Check the trees, and close."""
        for base, outside, guest in zip(self.bases, self._outside, self.guests, strict=True):
            guest.wasi.close()
            assert contents(base, OUTSIDE) == outside, "something outside has changed"
            assert sorted(os.listdir(base)) == sorted((*OUTSIDE, *INSIDE))
        first = contents(self.bases[0], INSIDE)
        assert all(contents(base, INSIDE) == first for base in self.bases[1:])


def main() -> None:
    """Make many calls, and say how often each function gave each errno."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--first", type=int, default=1000)
    parser.add_argument("--calls", type=int, default=500)
    options = parser.parse_args()
    counts: dict[str, dict[str, int]] = {}
    for seed in range(options.first, options.first + options.seeds):
        folder = Path(tempfile.mkdtemp())
        run = Run(folder, seed)
        try:
            for _ in range(options.calls):
                call, errno = run.step()
                of = counts.setdefault(call.name, {})
                of[errno.name] = of.get(errno.name, 0) + 1
            run.finish()
        except AssertionError as error:
            print(f"seed {seed} ({run.kind}): {error}")
        shutil.rmtree(folder)
    for name, of in sorted(counts.items()):
        print(name, " ".join(f"{errno}={count}" for errno, count in sorted(of.items())))
    print(sum(sum(of.values()) for of in counts.values()), "calls")


if __name__ == "__main__":
    main()
