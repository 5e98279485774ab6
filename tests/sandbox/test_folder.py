"""Directories of sandboxes, whatever hostile code makes of them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pyjsapi.sandbox.folder import Folder, contents


def test_i15_3_files_are_there_and_gone() -> None:
    with Folder({"a": b"1", "d/e/f": b"2"}) as folder:
        assert folder.files() == {"a": b"1", "d/e/f": b"2"}
        folder.replace({"d": b"3"})
        assert folder.files() == {"d": b"3"}
        path = folder.path
    assert not os.path.exists(path)
    folder.close()


def test_i15_3_a_folder_goes_with_its_object() -> None:
    folder = Folder({"a": b"1"})
    path = folder.path
    del folder
    assert not os.path.exists(path)


def deepen(top: str, levels: int) -> None:
    """Directories in each other, deeper than a path can say, with a file in the last one."""
    fd = os.open(top, os.O_RDONLY)
    for level in range(levels):
        os.mkdir("d", dir_fd=fd)
        if level == 10:
            os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
        below = os.open("d", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(os.open("0", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
    os.close(fd)


@pytest.mark.skipif(
    sys.platform == "emscripten" or os.mkdir not in os.supports_dir_fd,
    reason="the system finds directories by whole paths",
)
def test_i15_3_directories_that_are_very_deep() -> None:
    with Folder({"0": b"x", "1/0": b"y"}) as folder:
        deepen(folder.path, 3000)
        assert folder.files() == {"0": b"x", "1/0": b"y", "d/" * 10 + "file": b""}
    assert not os.path.exists(folder.path)


@pytest.mark.skipif(not hasattr(os, "link"), reason="the system has no hard links")
def test_i15_3_many_names_of_one_file_are_read_once() -> None:
    with Folder({"a": b"text"}) as folder:
        for index in range(50):
            os.link(os.path.join(folder.path, "a"), os.path.join(folder.path, f"n{index}"))
        found = folder.files()
    assert len(found) == 51 and len({id(data) for data in found.values()}) == 1


def test_i15_3_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    with Folder({"a": b"1"}) as folder:
        os.symlink(tmp_path, os.path.join(folder.path, "dir"))
        os.symlink(tmp_path / "secret", os.path.join(folder.path, "file"))
        assert folder.files() == {"a": b"1"}
        folder.replace({})
        assert folder.files() == {}
    assert (tmp_path / "secret").read_bytes() == b"secret"


@pytest.mark.parametrize("name", ["../a", "/a", "a/../../b", "", ".", "a\0"])
def test_i15_3_names_outside_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="files: "):
        contents({name: ""})


def test_i15_3_what_is_no_data_is_refused() -> None:
    assert contents({"a": "é", "b": b"x"}) == {"a": "é".encode(), "b": b"x"}
    with pytest.raises(TypeError, match="files: 'a' must be text or bytes, not int"):
        contents({"a": 1})  # type: ignore[dict-item]
