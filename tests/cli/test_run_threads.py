"""``pyjsapi run`` of programs with threads: whatever these do, the process ends, and says why by its exit code."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pyjsapi.cli import exits
from pyjsapi.text import wat2wasm
from tests.wasi.test_threads import HEAD, STUCK

WRITE = """
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))"""


def started(folder: Path, start: str, thread: str, *options: str) -> subprocess.Popen[bytes]:
    """A process with the program, which says ``ready`` when its second thread runs."""
    text = f"""(module {WRITE} {HEAD}
      (data (i32.const 3000) "\\c0\\0b\\00\\00\\06\\00\\00\\00ready\\0a") (data (i32.const 3008) "ready\\0a")
      (func (export "wasi_thread_start") (param i32 i32) (call $told) {thread})
      (func (export "_start")
        (drop (call $spawn (i32.const 0)))
        (call $await_other)
        (drop (call $write (i32.const 1) (i32.const 3000) (i32.const 1) (i32.const 2200)))
        {start}))"""
    path = folder / "p.wasm"
    path.write_bytes(wat2wasm(text))
    return subprocess.Popen(
        [sys.executable, "-m", "pyjsapi.cli", "run", "p.wasm", *options],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def outcome(process: subprocess.Popen[bytes]) -> tuple[int, bytes]:
    """Exit code and errors, without the end of its input."""
    with process:
        assert process.stderr is not None
        told = process.stderr.read()
        return process.wait(), told


@pytest.mark.parametrize("stuck", STUCK)
def test_i15_1_the_time_ends_all_threads(tmp_path: Path, stuck: str) -> None:
    process = started(tmp_path, f"(call ${stuck})", f"(call ${stuck})", "--timeout", "0.2")
    assert outcome(process) == (
        exits.TIMED_OUT,
        b"pyjsapi: p.wasm: time-out: it may run for 0.2 s (--timeout)\n",
    )


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize("stuck", STUCK)
def test_i15_1_ctrl_c_ends_all_threads(tmp_path: Path, stuck: str) -> None:
    process = started(tmp_path, f"(call ${stuck})", f"(call ${stuck})")
    assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGINT)
    assert outcome(process)[0] == exits.INTERRUPTED


def test_i15_2_one_thread_ends_the_process(tmp_path: Path) -> None:
    exits_with = started(tmp_path, "(call $block)", "(call $exit (i32.const 7))")
    assert outcome(exits_with) == (7, b"")
    code, told = outcome(started(tmp_path, "(call $busy)", "unreachable"))
    assert code == exits.FAILED and b"unreachable" in told
    code, told = outcome(started(tmp_path, "(call $block)", "(call $busy)", "--fuel", "100000"))
    assert code == exits.OUT_OF_FUEL and b"--fuel" in told
