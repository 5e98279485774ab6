"""Files and descriptors that are not what one expects: devices, pipes, directories, closed ones, shrinking ones."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import RangeError, Uint8Array, WebAssembly
from pyjsapi.sharing import HostResource

PAGE = 65536
posix = pytest.mark.skipif(os.name != "posix", reason="what POSIX has")


@pytest.fixture
def memory() -> Any:
    return WebAssembly.Memory(initial=2, maximum=4)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"\1" * PAGE)
    return path


@posix
@pytest.mark.parametrize("writable", [True, False])
def test_what_has_no_places_is_no_resource(tmp_path: Path, writable: bool) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for file in (tmp_path, pipe):
        with pytest.raises(OSError, match="a HostResource is a file or a device"):
            HostResource.file(file, writable=writable)
    ends = os.pipe()
    with pytest.raises(OSError, match="a HostResource is a file or a device"):
        HostResource.file(ends[0])
    for end in ends:
        os.close(end)


@posix
def test_a_device_has_as_many_bytes_as_are_asked_for(memory: Any) -> None:
    with pytest.raises(RangeError, match="/dev/zero' is a device: its length must be given"):
        HostResource.file("/dev/zero")
    with pytest.raises(RangeError, match="-1 bytes from 0 on"):
        HostResource.file("/dev/zero", length=-1)
    with HostResource.file("/dev/zero", length=PAGE) as zeros:
        memory.map(zeros, at=0)
    with HostResource.file("/dev/null", length=PAGE) as nothing, pytest.raises(OSError):
        memory.map(nothing, at=PAGE)
    assert len(memory.mappings) == 1


@posix
def test_a_descriptor_says_itself_what_it_is_open_for(memory: Any, path: Path) -> None:
    reading = os.open(path, os.O_RDONLY)
    with HostResource.file(reading, trusted=True) as resource:
        assert resource.readonly
        with pytest.raises(TypeError, match="the resource is read-only"):
            memory.map(resource)
        assert memory.map(resource, mode="r").length == PAGE
    os.close(reading)
    for flags, message in (
        (os.O_WRONLY, "must be open for reading"),
        (os.O_RDWR | os.O_APPEND, "O_APPEND goes to the end"),
    ):
        other = os.open(path, flags)
        with pytest.raises(OSError, match=message):
            HostResource.file(other)
        os.close(other)


@pytest.mark.parametrize(
    "make",
    [
        lambda path: HostResource.memfd(PAGE),
        lambda path: HostResource.shm(size=PAGE),
        lambda path: HostResource.file(path, trusted=True),
        lambda path: HostResource.file(path),
        lambda path: HostResource.anon(PAGE),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="what Linux has")
def test_a_closed_resource_is_not_what_has_its_descriptor_now(
    memory: Any, path: Path, tmp_path: Path, make: Callable[[Path], HostResource]
) -> None:
    resource = make(path)
    resource.close()
    secret = tmp_path / "secret"
    secret.write_bytes(b"s" * PAGE)
    others = [os.open(secret, os.O_RDWR) for _ in range(8)]
    for strategy in ("auto", "mmap", "segment", "copy"):
        for mode in ("rw", "r", "cow"):
            with pytest.raises(ValueError, match="the resource is closed"):
                memory.map(resource, mode=mode, strategy=strategy)
    if resource.stable:
        with pytest.raises(ValueError, match="the resource is closed"):
            WebAssembly.Memory(initial=1, backing=resource)
    for other in others:
        os.close(other)


@posix
@pytest.mark.parametrize("strategy", ["auto", "mmap", "segment", "copy"])
@pytest.mark.parametrize("trusted", [True, False])
def test_a_file_that_was_made_shorter_is_not_mapped(
    memory: Any, path: Path, strategy: str, trusted: bool
) -> None:
    with HostResource.file(path, trusted=trusted) as resource:
        os.truncate(path, 100)
        with pytest.raises(OSError, match="the file has become shorter"):
            memory.map(resource, strategy=strategy)
        with pytest.raises(OSError, match="the file has become shorter"):
            resource.view()
    assert not memory.mappings


@posix
def test_copies_do_not_look_where_the_file_may_be_gone(memory: Any, path: Path) -> None:
    with HostResource.file(path) as resource:
        assert resource.address  # there is a view from now on
        mapping = memory.map(resource)
        assert mapping.strategy == "copy"
        os.truncate(path, 0)
        Uint8Array(memory.buffer)[5] = 7
        with pytest.raises(OSError, match="the file has become shorter"):
            mapping.flush()
        with pytest.raises(OSError, match="the file has become shorter"):
            resource.read(0, 1)
        with pytest.raises(OSError, match="the file has become shorter"):
            mapping.unmap()
    assert not memory.mappings


@pytest.mark.parametrize("strategy", ["auto", "mmap", "segment", "copy"])
@pytest.mark.parametrize("mode", ["rw", "r", "cow"])
@pytest.mark.skipif(sys.platform != "linux", reason="what Linux has")
def test_nothing_can_be_mapped(memory: Any, strategy: str, mode: str) -> None:
    with HostResource.memfd(0) as empty:
        mapping = memory.map(empty, mode=mode, strategy=strategy)
    assert (mapping.length, memory.mappings) == (0, ())
    mapping.unmap()
