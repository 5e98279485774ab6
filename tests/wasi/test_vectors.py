"""What stands for calls that not every system has, against those that this one has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyjsapi.wasi import vectors


@pytest.fixture
def fd(tmp_path: Path) -> Iterator[int]:
    opened = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    yield opened
    os.close(opened)


@pytest.mark.parametrize("at", ["with pread", "without"])
def test_parts_are_read_and_written_in_turn(
    fd: int, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert vectors._writev(fd, [b"abc", b"", memoryview(b"defg")]) == 7
    if at == "without":
        monkeypatch.delattr(os, "pread")
        monkeypatch.delattr(os, "pwrite")
    assert vectors._pwritev(fd, [b"X", b"YZ"], 2) == 3
    assert os.lseek(fd, 0, os.SEEK_CUR) == 7
    parts = [bytearray(2), bytearray(0), bytearray(9)]
    assert vectors._preadv(fd, parts, 1) == 6
    assert (bytes(parts[0]), bytes(parts[2])) == (b"bX", b"YZfg" + bytes(5))
    os.lseek(fd, 0, os.SEEK_SET)
    assert vectors._readv(fd, parts) == 7
    assert bytes(parts[2]) == b"XYZfg" + bytes(4)
    assert vectors._readv(fd, parts) == 0
