"""WASI on Pyodide's file system: programs run, and no path leaves its directory there either."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from typing import Any

sys.path.append("/project")

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.wasi import WASI, ReadOnly
from tests.wasi.guests import Failed, Guest

SECRET = b"secret"
OUT = ("../secret", "dir/../../secret", "/secret", "..", "dir/../..", "../root/file")
LINKED = ("link", "outside/secret", "outside/new", "absolute/secret")


def put(path: str, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)


def errno(call: Callable[..., Any], *arguments: Any, **options: Any) -> str:
    try:
        call(*arguments, **options)
    except Failed as failed:
        return failed.errno.name
    return "succeeded"


def made_tree(base: str) -> str:
    os.makedirs(f"{base}/root/dir/sub")
    os.makedirs(f"{base}/outside")
    put(f"{base}/outside/secret", SECRET)
    put(f"{base}/secret", SECRET)
    put(f"{base}/root/file", b"inside")
    os.symlink(f"{base}/outside", f"{base}/root/absolute")
    return f"{base}/root"


def uses(guest: Guest, path: str) -> set[str]:
    return {
        errno(guest.open, path),
        errno(guest.open, path, oflags=1, rights=64),
        errno(guest.open, path, oflags=8, rights=64),
        errno(guest.stat, path),
        errno(guest.set_times, path, 10**18),
    }


def case_a_program_runs() -> None:
    said: list[bytes] = []
    text = """(module
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "\\08\\00\\00\\00\\05\\00\\00\\00hello")
      (func (export "_start")
        (call $exit (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 100)))))"""
    wasi = WASI(version="preview1", stdout=said.append)
    assert wasi.run(WebAssembly.Module(wat2wasm(text))) == 0
    assert said == [b"hello"]


def case_no_path_leaves_its_directory() -> None:
    with tempfile.TemporaryDirectory() as base:
        guest = Guest(preopens={"/": made_tree(base)})
        guest.symlink("../secret", "link")
        guest.symlink("../outside", "outside")
        for path in (*OUT, *LINKED):
            assert uses(guest, path) == {"PERM"}, path
        for path in OUT:
            for name in ("path_create_directory", "path_remove_directory", "path_unlink_file"):
                assert errno(guest.on, name, path) == "PERM", (name, path)
            assert errno(guest.rename, path, "new") == "PERM", path
            assert errno(guest.rename, "file", path) == "PERM", path
            assert errno(guest.symlink, "x", path) == "PERM", path
        assert errno(guest.open, "link", follow=False) == "LOOP"
        guest.symlink("loop", "loop")
        assert errno(guest.open, "loop") == "LOOP"
        assert sorted(os.listdir(base)) == ["outside", "root", "secret"]
        assert os.listdir(f"{base}/outside") == ["secret"]
        guest.wasi.close()


def case_files_are_read_written_and_moved() -> None:
    with tempfile.TemporaryDirectory() as base:
        root = made_tree(base)
        guest = Guest(preopens={"/": root, "/ro": ReadOnly(root)})
        guest.symlink("dir/new", "dangling")
        guest.write_file("dangling", b"made")
        guest.write_file("dir/new", b"more", fdflags=1)
        assert guest.read_file("dir/new") == b"mademore"
        guest.rename("dir/new", "moved")
        assert guest.read_file("moved", fd=4) == b"mademore"
        assert errno(guest.open, "moved", fd=4, rights=64) == "NOTCAPABLE"
        for path in ("file/", "file/."):
            assert errno(guest.open, path) == "NOTDIR"
            assert errno(guest.stat, path) == "NOTDIR"
            assert errno(guest.on, "path_unlink_file", path) in ("NOTDIR", "BUSY")
        assert guest.names()[:3] == [b".", b"..", b"absolute"]
        assert errno(guest.link, "file", "new") == "NOTSUP"
        assert guest.stat("dangling", follow=False)[2] == 7
        assert errno(guest.set_times, "dangling", 5, follow=False) == "NOTSUP"
        guest.wasi.close()
        assert os.getcwd() != root
