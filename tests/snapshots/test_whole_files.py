"""Files are written whole or not at all, and stay what they were: links, modes, pipes."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.snapshots import snapshot
from pyjsapi.snapshots.whole_files import write_file, write_files

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it has no modes and no FIFOs")
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def test_a_new_file_has_the_mode_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_file(tmp_path / "new", b"data")
    finally:
        os.umask(before)
    assert (tmp_path / "new").read_bytes() == b"data"
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o640


def test_a_link_stays_and_its_file_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"before")
    (tmp_path / "real").chmod(0o600)
    (tmp_path / "link").symlink_to("real")
    instance = WebAssembly.Instance(WebAssembly.Module(wat2wasm("(module (memory 1))")))
    snapshot(instance).save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes().startswith(b"\x89pysnap")
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(tmp_path)) == ["link", "real"]


def test_a_link_to_what_is_not_there_makes_it(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("real")
    write_file(tmp_path / "link", b"data")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_bytes() == b"data"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(path.read_bytes()))
    reader.start()
    write_file(path, b"data")
    reader.join()
    assert found == [b"data"] and path.is_fifo()


@pytest.mark.parametrize("name", ["folder", "none/file", "file/file"])
def test_where_nothing_can_be_written_nothing_is_left(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"before")
    with pytest.raises(OSError):
        write_file(tmp_path / name, b"data")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]
    assert (tmp_path / "file").read_bytes() == b"before"


def test_of_several_files_all_are_written_or_none(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"before")
    with pytest.raises(FileNotFoundError) as caught:
        write_files({tmp_path / "one": b"1", tmp_path / "none" / "two": b"2"})
    assert caught.value.filename == str(tmp_path / "none" / "two")
    assert (tmp_path / "one").read_bytes() == b"before" and os.listdir(tmp_path) == ["one"]
    write_files({tmp_path / "one": b"1", tmp_path / "two": b"2"})
    assert [(tmp_path / name).read_bytes() for name in ("one", "two")] == [b"1", b"2"]


def test_what_fails_halfway_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "file").write_bytes(b"before")
    for name in ("chmod", "replace"):
        with monkeypatch.context() as patched:
            patched.setattr(os, name, full)
            with pytest.raises(OSError, match="No space left"):
                write_file(tmp_path / "file", b"data")
        assert os.listdir(tmp_path) == ["file"]
        assert (tmp_path / "file").read_bytes() == b"before"


@pytest.mark.skipif(IS_ROOT, reason="root may write everywhere")
def test_a_file_that_may_not_be_written_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"before")
    (tmp_path / "file").chmod(0o444)
    with pytest.raises(PermissionError):
        write_file(tmp_path / "file", b"data")
    assert (tmp_path / "file").read_bytes() == b"before"


@pytest.mark.skipif(IS_ROOT, reason="root may write everywhere")
def test_a_file_in_a_folder_of_others_is_written_in_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"before")
    tmp_path.chmod(0o555)
    try:
        write_file(tmp_path / "file", b"data")
    finally:
        tmp_path.chmod(0o755)
    assert (tmp_path / "file").read_bytes() == b"data"
