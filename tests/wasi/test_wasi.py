from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.wasi import WASI, ReadOnly, WASIExit
from pyjsapi.wasi.abi import Errno
from tests.wasi.guests import BUFFER, RESULT, Failed, Guest

HELLO = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\08\\00\\00\\00\\0c\\00\\00\\00Hello, WASI\\n")
  (func (export "_start")
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 100)))))"""
EXIT = """(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (block $caught (try_table (catch_all $caught) (call $exit (i32.const 42))))
    unreachable))"""


def instance(text: str, wasi: WASI) -> Any:
    return WebAssembly.Instance(WebAssembly.Module(wat2wasm(text)), wasi.getImportObject())


@pytest.mark.parametrize("form", ["object", "keywords"])
def test_a_command_runs_and_writes(form: str) -> None:
    out = io.BytesIO()
    options: dict[str, Any] = {"version": "preview1", "stdout": out}
    wasi = WASI(options) if form == "object" else WASI(**options)
    assert wasi.start(instance(HELLO, wasi)) == 0
    assert out.getvalue() == b"Hello, WASI\n"


def test_the_end_gives_its_code_and_no_code_catches_it() -> None:
    wasi = WASI(version="preview1")
    assert wasi.start(instance(EXIT, wasi)) == 42


def test_the_end_can_be_an_exception() -> None:
    wasi = WASI(version="preview1", returnOnExit=False)
    with pytest.raises(WASIExit) as caught:
        wasi.start(instance(EXIT, wasi))
    assert caught.value.code == 42
    assert isinstance(caught.value, SystemExit)


def test_traps_leave_the_program() -> None:
    wasi = WASI(version="preview1")
    text = '(module (memory (export "memory") 1) (func (export "_start") unreachable))'
    with pytest.raises(WebAssembly.RuntimeError, match="unreachable"):
        wasi.start(instance(text, wasi))


@pytest.mark.parametrize("version", [None, "preview2", "unstable", 1])
def test_other_versions_are_refused(version: Any) -> None:
    with pytest.raises(ValueError, match="version"):
        WASI({"version": version})


def test_a_command_starts_once() -> None:
    wasi = WASI(version="preview1", stdout=io.BytesIO())
    made = instance(HELLO, wasi)
    wasi.start(made)
    with pytest.raises(RuntimeError, match="already started"):
        wasi.start(made)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('(module (memory (export "memory") 1))', "_start"),
        ('(module (func (export "_start")))', "memory"),
        (
            '(module (memory (export "memory") 1) (func (export "_start")) (func (export "_initialize")))',
            "no command",
        ),
    ],
)
def test_what_is_no_command_is_refused(text: str, message: str) -> None:
    wasi = WASI(version="preview1")
    with pytest.raises(TypeError, match=message):
        wasi.start(instance(text, wasi))


def test_a_reactor_is_initialised() -> None:
    text = """(module (memory (export "memory") 1) (global $g (mut i32) (i32.const 1))
      (func (export "_initialize") (global.set $g (i32.const 5)))
      (func (export "get") (result i32) (global.get $g)))"""
    wasi = WASI(version="preview1")
    made = instance(text, wasi)
    assert wasi.initialize(made) is None  # type: ignore[func-returns-value]
    assert made.exports.get() == 5


def test_a_reactor_needs_no_function_and_is_no_command() -> None:
    wasi = WASI(version="preview1")
    wasi.initialize(instance('(module (memory (export "memory") 1))', wasi))
    with pytest.raises(TypeError, match="no reactor"):
        other = WASI(version="preview1", stdout=io.BytesIO())
        other.initialize(instance(HELLO, other))


def test_functions_of_another_type_do_not_link() -> None:
    text = '(module (import "wasi_snapshot_preview1" "fd_close" (func (param i64) (result i32))))'
    with pytest.raises(WebAssembly.LinkError):
        instance(text, WASI(version="preview1"))


def test_before_the_memory_is_known_functions_fail_with_fault() -> None:
    wasi = WASI(version="preview1")
    assert wasi.wasiImport["random_get"](0, 1) == Errno.FAULT


def strings(guest: Guest, name: str) -> list[bytes]:
    guest.call(f"{name}_sizes_get", RESULT, RESULT + 4)
    count, size = guest.result(), int.from_bytes(guest.get(RESULT + 4, 4), "little")
    guest.call(f"{name}_get", BUFFER, BUFFER + 4 * count)
    first = int.from_bytes(guest.get(BUFFER, 4), "little") if count else BUFFER
    assert first == BUFFER + 4 * count
    return guest.get(first, size).split(b"\0")[:-1]


def test_arguments_and_environment() -> None:
    guest = Guest(args=["prog", "ä b", ""], env={"HOME": "/x", "E": ""})
    assert strings(guest, "args") == [b"prog", "ä b".encode(), b""]
    assert strings(guest, "environ") == [b"HOME=/x", b"E="]
    assert strings(Guest(), "args") == []


@pytest.mark.parametrize("options", [{"args": [1]}, {"args": ["a\0b"]}, {"env": {"a": "\0"}}])
def test_strings_that_the_guest_cannot_have_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match="property"):
        WASI(version="preview1", **options)


def test_clocks() -> None:
    guest = Guest(clock=lambda clock: 1000 + clock)
    for clock in range(4):
        guest.call("clock_time_get", clock, 0, RESULT)
        assert guest.result(8) == 1000 + clock
        guest.call("clock_res_get", clock, RESULT)
        assert guest.result(8) >= 1
    assert guest.errno("clock_time_get", 4, 0, RESULT) is Errno.INVAL
    assert guest.errno("clock_res_get", 2**31, RESULT) is Errno.INVAL


def test_random_bytes() -> None:
    guest = Guest()
    guest.call("random_get", BUFFER, 64)
    assert guest.get(BUFFER, 64) != bytes(64)
    assert guest.errno("random_get", 0, 2**32 - 1) is Errno.FAULT
    seeded = Guest(random=lambda size: b"x" * size)
    seeded.call("random_get", BUFFER, 100_000)
    assert seeded.get(BUFFER, 100_001) == b"x" * 100_000 + b"\0"


def test_what_the_host_gives_wrongly_is_an_error_of_io() -> None:
    guest = Guest(random=lambda size: b"")
    assert guest.errno("random_get", BUFFER, 5) is Errno.IO
    assert isinstance(guest.wasi.last_error, ValueError)


def test_signals_are_not_there_and_threads_may_yield() -> None:
    guest = Guest()
    assert guest.errno("proc_raise", 6) is Errno.NOSYS
    guest.call("sched_yield")


# ---- standard streams


def test_streams_are_file_objects() -> None:
    guest = Guest(stdin=io.BytesIO(b"abcdef"))
    guest.call("fd_read", 0, *guest.iovecs((BUFFER, 2), (BUFFER + 10, 10)), RESULT)
    assert guest.get(BUFFER, guest.result()) == b"ab"
    assert guest.read(0) == b"cdef"
    assert guest.read(0) == b""
    assert guest.write(1, b"out") == 3
    assert guest.write(2, b"err") == 3
    assert (guest.stdout.getvalue(), guest.stderr.getvalue()) == (b"out", b"err")


def test_streams_are_text() -> None:
    out = io.StringIO()
    guest = Guest(stdin=io.StringIO("ä\nb"), stdout=out)
    assert guest.read(0, 1) + guest.read(0) == "ä\n".encode()
    assert guest.read(0) == b"b"
    guest.write(1, "ö".encode()[:1])
    guest.write(1, "ö".encode()[1:])
    assert out.getvalue() == "ö"


def test_streams_are_callables() -> None:
    said: list[bytes] = []
    asked = iter([b"abc", b""])
    guest = Guest(stdin=lambda size: next(asked), stdout=said.append)
    assert guest.read(0) == b"abc"
    assert guest.read(0) == b""
    guest.write(1, b"hello")
    assert said == [b"hello"]


def test_streams_are_pipes() -> None:
    ends = os.pipe()
    others = os.pipe()
    os.write(ends[1], b"in")
    with os.fdopen(ends[0], "rb") as reading, os.fdopen(others[0], "rb") as result:
        guest = Guest(stdin=reading, stdout=others[1])
        assert guest.read(0) == b"in"
        os.close(ends[1])
        assert guest.read(0) == b""
        guest.write(1, b"out")
        os.close(others[1])
        assert result.read() == b"out"
        assert guest.errno("fd_write", 1, *guest.iovecs((BUFFER, 1)), RESULT) is Errno.BADF


def test_a_pipe_that_nobody_reads() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        guest = Guest(stdout=writing)
        with pytest.raises(Failed, match="PIPE"):
            guest.write(1, b"x")
    finally:
        os.close(writing)


def test_pythons_own_streams(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    wasi = WASI(version="preview1")
    wasi.start(instance(HELLO, wasi))
    assert capsysbinary.readouterr().out == b"Hello, WASI\n"


def test_a_python_without_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    guest = Guest(stdin=None, stdout=None, stderr=None)
    assert guest.read(0) == b""
    assert guest.write(1, b"x") == guest.write(2, b"x") == 1


def test_a_stream_that_is_none_is_refused() -> None:
    with pytest.raises(TypeError, match="stdout must be a file object"):
        WASI(version="preview1", stdout=object())
    with pytest.raises(TypeError, match="stdin must be a file object"):
        WASI(version="preview1", stdin=object())


def test_what_a_stream_raises_is_an_errno() -> None:
    def full(data: bytes) -> None:
        raise OSError(28, "no space")

    def wrong(data: bytes) -> None:
        raise KeyError(data)

    closed = io.BytesIO()
    closed.close()
    guest = Guest(stdout=full, stderr=wrong, stdin=closed)
    for fd, errno in ((1, Errno.NOSPC), (2, Errno.IO)):
        assert guest.errno("fd_write", fd, *guest.iovecs((BUFFER, 1)), RESULT) is errno
    assert isinstance(guest.wasi.last_error, KeyError)
    assert guest.errno("fd_read", 0, *guest.iovecs((BUFFER, 1)), RESULT) is Errno.IO


def test_streams_are_no_files() -> None:
    guest = Guest()
    assert guest.errno("fd_seek", 1, 0, 0, RESULT) is Errno.NOTCAPABLE
    assert guest.errno("fd_read", 1, *guest.iovecs((BUFFER, 1)), RESULT) is Errno.NOTCAPABLE
    assert guest.errno("fd_write", 0, *guest.iovecs((BUFFER, 1)), RESULT) is Errno.NOTCAPABLE
    assert guest.errno("fd_prestat_get", 1, RESULT) is Errno.BADF
    assert guest.errno("path_create_directory", 1, *guest.path("x")) is Errno.NOTDIR
    guest.call("fd_filestat_get", 1, BUFFER)


def test_bytes_go_between_memory_and_file_object_without_copies() -> None:
    seen: list[type] = []

    class Sink(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            seen.append(type(data))
            return len(data)

    sink = Sink()
    guest = Guest(stdout=sink)
    assert guest.write(1, b"x" * 1000) == 1000
    assert seen == [memoryview]


def test_a_flood_is_cut_by_what_a_transfer_may_have() -> None:
    guest = Guest()
    most = guest.memory.buffer.byteLength
    table = guest.iovecs(*[(0, most)] * 1024)
    guest.call("fd_write", 1, *table, RESULT)
    assert guest.result() == len(guest.stdout.getvalue()) == 1024 * most
    assert guest.errno("fd_write", 1, table[0], 1025, RESULT) is Errno.INVAL


def test_the_memory_can_grow_after_bytes_were_written() -> None:
    guest = Guest()
    guest.write(1, b"x")
    assert guest.memory.grow(1) == 2
    guest.write(1, b"y")
    assert guest.stdout.getvalue() == b"xy"


def test_threads_open_and_close_at_once(tmp_path: Path) -> None:
    """A descriptor is closed when nobody uses it any more."""
    ends = os.pipe()
    guest = Guest(preopens={"/": str(tmp_path)}, stdin=ends[0])
    reader = threading.Thread(target=guest.read, args=(0,))
    reader.start()
    guest.call("fd_close", 0)
    os.write(ends[1], b"x")
    reader.join()
    for end in ends:
        os.close(end)
    assert guest.errno("fd_close", 0) is Errno.BADF


def test_importing_the_package_imports_no_wasi() -> None:
    code = "import pyjsapi, sys; print([m for m in sys.modules if m.startswith('pyjsapi.wasi')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_hello_world_needs_no_native_library() -> None:
    code = "import pyjsapi.wasi, sys; print('ctypes' in sys.modules, 'socket' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


def test_a_directory_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        WASI(version="preview1", preopens={"/": str(tmp_path / "none")})
    with pytest.raises(NotADirectoryError):
        (tmp_path / "file").write_bytes(b"")
        WASI(version="preview1", preopens={"/": tmp_path / "file"})
    assert repr(ReadOnly("/x")) == "ReadOnly('/x')"
