"""A neighbour that changes names between any two system calls of a function: each place in turn, without chance."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pyjsapi.wasi import ReadOnly
from pyjsapi.wasi.paths import beneath
from pyjsapi.wasi.paths.beneath import has_openat2
from pyjsapi.wasi.rights import FD_READ, FD_WRITE
from tests.wasi.guests import RESOLUTIONS, Failed, Guest
from tests.wasi.random_calls import contents

pytestmark = pytest.mark.skipif(
    sys.platform in ("win32", "emscripten"), reason="the system has no directories that are open"
)
SECRET = b"secret"
CALLS = "open stat fstat readlink mkdir rmdir unlink rename link symlink utime scandir".split()
MOST = 40
"""More system calls than any function makes."""


@pytest.fixture(params=RESOLUTIONS)
def resolution(request: pytest.FixtureRequest) -> str:
    if request.param == "openat2" and not has_openat2():
        pytest.skip("the kernel has no openat2")
    return str(request.param)


class Neighbour:
    """Calls ``act`` once, before system call number ``at``."""

    def __init__(self, at: int, act: Callable[[], None]) -> None:
        self._left = at
        self._act = act
        self.came = False
        self._is_acting = False

    def look(self) -> None:
        """A system call comes."""
        if self._is_acting or self.came:
            return
        self._left -= 1
        if self._left < 0:
            self.came = self._is_acting = True
            self._act()
            self._is_acting = False


@contextmanager
def interrupted(neighbour: Neighbour) -> Iterator[None]:
    """Let a neighbour act before one of the system calls."""
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in [(os, name) for name in CALLS] + [(beneath, "_openat2")]:
            original = getattr(owner, name)

            def call(*given: Any, _original: Any = original, **named: Any) -> Any:
                neighbour.look()
                return _original(*given, **named)

            for group in (os.supports_dir_fd, os.supports_follow_symlinks, os.supports_fd):
                if original in group:
                    patch.setattr(os, "supports_dir_fd", os.supports_dir_fd | {call})
                    patch.setattr(
                        os, "supports_follow_symlinks", os.supports_follow_symlinks | {call}
                    )
            patch.setattr(owner, name, call)
        yield


def plant(base: Path) -> Path:
    (base / "root/dir/sub").mkdir(parents=True)
    (base / "outside/sub").mkdir(parents=True)
    for name in ("root/file", "root/dir/file", "root/dir/sub/file"):
        (base / name).write_bytes(b"inside")
    for name in (
        "file",
        "outside/file",
        "outside/sub/file",
        "outside/new",
        "outside/hidden",
        "secret",
    ):
        (base / name).write_bytes(SECRET)
    (base / "root/link").symlink_to("dir")
    return base / "root"


def to_link(root: Path) -> None:
    """A directory becomes a link to the outside."""
    (root / "dir").rename(root / "aside")
    (root / "dir").symlink_to("../outside")


def to_absolute_link(root: Path) -> None:
    (root / "dir").rename(root / "aside")
    (root / "dir").symlink_to((root / "../outside").resolve())


def link_elsewhere(root: Path) -> None:
    """A link that leads to a directory leads outside."""
    (root / "link").unlink()
    (root / "link").symlink_to("../outside")


def file_to_link(root: Path) -> None:
    (root / "dir/file").unlink()
    (root / "dir/file").symlink_to("../../secret")


def moved_out(root: Path) -> None:
    """A directory is moved out of the tree: what is above it now is not the guest's."""
    (root / "dir/sub").rename(root.parent / "moved")


def new_link(root: Path) -> None:
    """What was not there is a link to a file outside."""
    (root / "dir/new").symlink_to("../../outside/new")


SWAPS = [to_link, to_absolute_link, link_elsewhere, file_to_link, moved_out, new_link]
USES: dict[str, Callable[[Guest], Any]] = {
    "read": lambda guest: guest.read_file("dir/file"),
    "read by link": lambda guest: guest.read_file("link/file"),
    "read above": lambda guest: guest.read_file("dir/sub/../../file"),
    "read far above": lambda guest: guest.read_file("dir/sub/../../dir/../file"),
    "truncate": lambda guest: guest.open("dir/file", oflags=8, rights=FD_WRITE),
    "write": lambda guest: guest.write_file("dir/file", b"x"),
    "create": lambda guest: guest.write_file("dir/new", b"x"),
    "create by link": lambda guest: guest.write_file("link/new", b"x"),
    "create once": lambda guest: guest.open("dir/new", oflags=5, rights=FD_WRITE),
    "list": lambda guest: guest.names(guest.open("dir", oflags=2, rights=guest.rights(3))),
    "stat": lambda guest: guest.stat("dir/file"),
    "times": lambda guest: guest.set_times("dir/file", 5),
    "times by link": lambda guest: guest.set_times("link/file", 5),
    "times of link": lambda guest: guest.set_times("dir/file", 5, follow=False),
    "readlink": lambda guest: guest.readlink("link"),
    "mkdir": lambda guest: guest.on("path_create_directory", "dir/new"),
    "rmdir": lambda guest: guest.on("path_remove_directory", "dir/sub"),
    "unlink": lambda guest: guest.on("path_unlink_file", "dir/file"),
    "rename": lambda guest: guest.rename("dir/file", "dir/new"),
    "rename in": lambda guest: guest.rename("file", "dir/sub/new"),
    "symlink": lambda guest: guest.symlink("x", "dir/new"),
    "link": lambda guest: guest.link("dir/file", "new"),
    "link in": lambda guest: guest.link("file", "dir/new"),
}


@pytest.mark.parametrize("swap", SWAPS, ids=[swap.__name__ for swap in SWAPS])
@pytest.mark.parametrize("use", USES)
def test_i15_2_a_name_that_is_swapped_between_any_two_calls(
    tmp_path: Path, resolution: str, use: str, swap: Callable[[Path], None]
) -> None:
    for at in range(MOST):
        base = tmp_path / str(at)
        root = plant(base)
        guest = Guest(preopens={"/": root}, resolution=resolution)
        before = contents(base, ("outside", "secret", "file"))
        times = (base / "secret").stat().st_mtime_ns, (base / "outside/file").stat().st_mtime_ns
        neighbour = Neighbour(at, lambda root=root: swap(root))  # type: ignore[misc]
        with interrupted(neighbour):
            try:
                found = USES[use](guest)
            except Failed:
                found = None
        assert found != SECRET and (not isinstance(found, list) or b"hidden" not in found)
        assert contents(base, ("outside", "secret", "file")) == before, at
        assert times == (
            (base / "secret").stat().st_mtime_ns,
            (base / "outside/file").stat().st_mtime_ns,
        )
        left = {"outside", "secret", "file", "root"}
        assert set(os.listdir(base)) - {"moved"} == left
        guest.wasi.close()
        if not neighbour.came:
            break
    else:
        pytest.fail(f"more than {MOST} system calls")
    assert at > 0


@pytest.mark.parametrize("swap", SWAPS, ids=[swap.__name__ for swap in SWAPS])
def test_i15_2_what_is_read_only_stays_so_whatever_is_swapped(
    tmp_path: Path, resolution: str, swap: Callable[[Path], None]
) -> None:
    for use in ("truncate", "create", "times", "unlink", "link", "rename"):
        base = tmp_path / use
        guest = Guest(preopens={"/": ReadOnly(plant(base))}, resolution=resolution)
        before = contents(base)
        neighbour = Neighbour(0, lambda: None)
        with interrupted(neighbour), pytest.raises(Failed, match="NOTCAPABLE"):
            USES[use](guest)
        assert not neighbour.came  # nothing was asked of the system
        assert contents(base) == before
        fd = guest.open("dir/file", rights=FD_READ)
        swap(base / "root")
        assert guest.read(fd) == b"inside"
        guest.wasi.close()
