"""The code cache where something is wrong: clocks, systems that refuse, folders that go, others at the same time."""

from __future__ import annotations

import errno
import gc
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from pyjsapi.cli import commands, main
from pyjsapi.compiler.cache import VARIABLE, engine_version
from pyjsapi.compiler.cache_file import Contents
from pyjsapi.compiler.cache_file import write as write_file
from pyjsapi.compiler.cache_space import SIZE_VARIABLE, SUFFIX, clear, kept_files
from pyjsapi.engines.python import compile_module, instantiate, invoke
from pyjsapi.text import wat2wasm

MODULE = wat2wasm(
    f"""(module (func (export "f") (result i32) (i32.const 7))
      {"(func (drop (i32.const 1234567)))" * 500})"""
)
HOUR = 3600
MIB = 1 << 20


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "codes"
    monkeypatch.setenv(VARIABLE, str(path))
    path.mkdir(mode=0o700)
    assert engine_version()  # found out once, and not while the system refuses
    return path


def names(folder: Path) -> list[str]:
    """What is kept, the one that was used last at the end."""
    return [kept.path.stem for kept in reversed(kept_files(folder))]


def put(folder: Path, name: str, size: int, age: float) -> Path:
    path = folder / (name + SUFFIX)
    path.write_bytes(bytes(size))
    path.chmod(0o600)
    used = time.time() - age
    os.utime(path, (used, used))
    return path


def write(folder: Path, name: str, size: int) -> None:
    write_file(folder / (name + SUFFIX), Contents((), {}, {"": {0: bytes(size)}}))


def use() -> None:
    module = compile_module(MODULE)
    assert invoke(instantiate(module, ()).exports["f"], ()) == (7,)  # type: ignore[arg-type]
    module.compile_all()
    del module
    gc.collect()  # The instance is gone, and with it the module: whoever comes next reads the file.


def test_reading_is_use(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use()
    ((mine, _, _),) = kept_files(folder)
    os.utime(mine, (0, 0))
    put(folder, "other", MIB - 100, 100)
    assert compile_module(MODULE).cache.known_valid
    assert names(folder)[-1] == mine.stem
    monkeypatch.setenv(SIZE_VARIABLE, "1")
    write(folder, "new", 10)
    assert names(folder) == [mine.stem, "new"]


def test_a_clock_that_goes_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What seems to be used in the future does not stay for ever, and what is new is not removed for it."""
    monkeypatch.setenv(SIZE_VARIABLE, "10")
    put(folder, "future", 6 * MIB, -10 * 365 * 24 * HOUR)
    put(folder, "old", 3 * MIB, HOUR)
    write(folder, "new", 3 * MIB)
    assert set(names(folder)) == {"future", "new"}
    assert all(kept.used <= time.time() for kept in kept_files(folder))
    used = time.time() + 5
    os.utime(folder / f"new{SUFFIX}", (used, used))
    write(folder, "newer", 5 * MIB)
    assert set(names(folder)) == {"new", "newer"}


def test_what_others_began_to_write_is_removed_one_day(folder: Path) -> None:
    for age, name in ((2 * HOUR, "old"), (1, "now"), (-2 * HOUR, "future")):
        path = folder / f"{name}.part"
        path.write_bytes(b"x")
        used = time.time() - age
        os.utime(path, (used, used))
    use()
    assert sorted(path.name for path in folder.glob("*.part")) == ["now.part"]


def refusing(number: int) -> Callable[..., NoReturn]:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.mark.parametrize("function", ["replace", "utime", "unlink", "listdir", "fstat", "open"])
@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_system_that_refuses_only_costs_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch, function: str, number: int
) -> None:
    put(folder, "other", 1000, HOUR)
    for size in ("0", "1"):
        monkeypatch.setenv(SIZE_VARIABLE, size)
        with monkeypatch.context() as patch:
            patch.setattr(os, function, refusing(number))
            use()
            assert main(["cache"]) == 0
            assert main(["cache", "--clear"]) == 0
        use()


def test_a_folder_that_cannot_be_written_can_be_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use()
    monkeypatch.setattr(os, "open", refusing(errno.EROFS))
    monkeypatch.setattr(os, "utime", refusing(errno.EROFS))
    monkeypatch.setattr(os, "unlink", refusing(errno.EROFS))
    assert compile_module(MODULE).cache.known_valid
    use()
    compile_module(MODULE + b"\0\2\1x").compile_all()
    assert len(names(folder)) == 1


def test_a_folder_that_goes_away(folder: Path) -> None:
    module = compile_module(MODULE)
    folder.rmdir()
    module.compile_all()
    assert not folder.exists()
    del module
    use()
    assert len(names(folder)) == 1


def test_what_is_not_the_caches_is_not_touched(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    (folder / f"link{SUFFIX}").symlink_to(tmp_path / "mine")
    (folder / f"folder{SUFFIX}").mkdir()
    put(folder, "a", 10, 0)
    list(clear(folder))
    assert (tmp_path / "mine").read_bytes() == b"mine"
    assert (folder / f"folder{SUFFIX}").is_dir()
    assert not (folder / f"a{SUFFIX}").exists()


@pytest.mark.parametrize("seconds", [1e17, -1e17, float("inf"), float("nan")])
def test_a_time_that_is_none(seconds: float) -> None:
    assert commands._time(0).startswith("19")
    assert commands._time(seconds) == "at no time that there is"


PROGRAM = """\
import sys
from pathlib import Path
from pyjsapi.compiler.cache_space import clear
from pyjsapi.engines.python import compile_module, instantiate, invoke
data, which = sys.stdin.buffer.read(), int(sys.argv[1])
for i in range(15):
    module = compile_module(data + bytes((0, 2, 1, i % 3)))
    assert invoke(instantiate(module, ()).exports["f"], ()) == (7,)
    for index in range(which, 400, 4):
        module.default_variant.function(index)
    module.cache.flush()
    if which == 0:
        list(clear(Path(sys.argv[2])))
"""


def test_processes_that_write_and_clear_at_the_same_time(folder: Path) -> None:
    environment = {
        VARIABLE: str(folder), SIZE_VARIABLE: "1", "PYTHONPATH": os.pathsep.join(sys.path),
    }  # fmt: skip
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PROGRAM, str(which), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
        )
        for which in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(MODULE)
        process.stdin.close()
    for process in processes:
        assert process.stdout is not None
        with process:
            assert process.stdout.read() == b""
        assert process.returncode == 0
    use()
    assert list(folder.glob("*.part")) == []
