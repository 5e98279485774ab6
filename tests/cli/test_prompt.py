"""The prompt, as somebody types at it: `pyjsapi` alone."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHON_BASIC_REPL": "1"}


def typed(text: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pyjsapi", *(options or ("-i",))],
        input=text,
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=300,
    )


def said(text: str, folder: Path) -> str:
    """What is printed, without the prompts."""
    done = typed(text, folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.replace(">>> ", "").replace("... ", "")


def told(done: subprocess.CompletedProcess[str]) -> str:
    """What stands on standard error after the banner."""
    banner, _, rest = done.stderr.partition("Ctrl-D ends.\n")
    assert banner.startswith("pyjsapi 0.")
    return "".join(
        line
        for line in rest.splitlines(keepends=True)
        if line.strip(" ^~\n") and "File" not in line
    )


def test_statements_run_one_after_the_other_and_await_works(tmp_path: Path) -> None:
    text = (
        "source = wat2wasm('(func (export \"f\") (result i32) (i32.const 7))')\n"
        "result = await WebAssembly.instantiate(source)\n"
        "result.instance.exports.f()\n"
        "_ + 1\n"
        "for i in range(2):\n    await fetch('data:,x')\n\n"
        "__name__\n"
    )
    lines = said(text, tmp_path).splitlines()
    assert (lines[:2], lines[-1]) == (["7", "8"], "'__main__'")
    assert lines[2:-1] == ["<Response 200 from data:,x, text/plain;charset=US-ASCII>"] * 2


def test_handlers_are_called_while_nothing_is_typed(tmp_path: Path) -> None:
    (tmp_path / "echo.py").write_text("self.onmessage = lambda e: postMessage(e.data * 2)\n")
    text = (
        "import asyncio\n"
        "got = asyncio.Event()\n"
        "worker = Worker('echo.py')\n"
        "worker.onmessage = lambda e: (print('got', e.data), got.set())\n"
        "worker.postMessage(21)\n"
        "await got.wait()\n"
    )
    assert "got 42\n" in said(text, tmp_path)


def test_what_fails_is_shown_with_its_own_frames_and_ends_nothing(tmp_path: Path) -> None:
    done = typed(
        "WebAssembly.Module(b'')\nawait WebAssembly.compile(b'')\n1 +\nprint('on')\n",
        tmp_path,
    )
    assert done.stdout.count("on\n") == 1 and done.returncode == 0
    reason = "unexpected end of section or function (at offset 0x0); the bytes are empty"
    assert told(done).splitlines() == [
        "Traceback (most recent call last):",
        f"pyjsapi.jsapi.errors.CompileError: WebAssembly.Module(): {reason}",
        "Traceback (most recent call last):",
        f"pyjsapi.jsapi.errors.CompileError: WebAssembly.compile(): {reason}",
        "    1 +",
        "SyntaxError: invalid syntax",
    ]
    assert done.stderr.count('File "') == done.stderr.count('File "<console>"') == 3


def test_what_nobody_waits_for_is_shown(tmp_path: Path) -> None:
    text = (
        "import asyncio\n"
        "asyncio.get_running_loop().call_soon(lambda: 1 / 0)\n"
        "await asyncio.sleep(0)\n"
        "worker = Worker('fails.py')\n"
        "while repr(worker).endswith('running>'): await asyncio.sleep(0)\n\n"
    )
    (tmp_path / "fails.py").write_text("raise ValueError('in a worker')")
    done = typed(text, tmp_path)
    assert "ZeroDivisionError: division by zero\n" in told(done)
    assert "A worker failed, and nobody asked:\nTraceback" in told(done)
    assert "ValueError: in a worker\n" in told(done)


@pytest.mark.parametrize("statement", ["exit(4)", "raise SystemExit(4)", "await late()"])
def test_an_exit_ends_it_with_its_code(tmp_path: Path, statement: str) -> None:
    text = f"async def late():\n    raise SystemExit(4)\n\n{statement}\nprint('on')\n"
    done = typed(text, tmp_path)
    assert (done.returncode, told(done), "on" in done.stdout) == (4, "", False)


def test_its_workers_end_with_it(tmp_path: Path) -> None:
    (tmp_path / "waits.py").write_text("self.onmessage = print\n")
    assert said("worker = Worker('waits.py', kind='process')\n", tmp_path).strip() == ""


# ---- at a terminal


class Terminal:
    """Somebody who types, and reads before typing on."""

    def __init__(self, folder: Path, history: Path) -> None:
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pyjsapi"],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=folder,
            env={**ENVIRONMENT, "PYJSAPI_HISTORY": str(history), "TERM": "dumb"},
            start_new_session=True,
        )
        os.close(slave)
        self.seen = ""

    def read_to(self, text: str) -> str:
        """Read until something has come."""
        while text not in self.seen:
            self.seen += os.read(self.master, 4096).decode()
        before, _, self.seen = self.seen.partition(text)
        return before

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def end(self) -> int:
        """End the prompt, once it waits for a line: before, the end of input is lost on it."""
        self.read_to(">>> ")
        self.type("\x04")
        # An error is how the other side of a terminal says that it is closed.
        with contextlib.suppress(OSError):
            while os.read(self.master, 4096):
                pass
        return self.process.wait(300)


@pytest.fixture
def terminals(tmp_path: Path) -> Iterator[list[Terminal]]:
    pytest.importorskip("readline")
    opened: list[Terminal] = []
    yield opened
    for one in opened:
        one.process.kill()
        one.process.wait()
        os.close(one.master)


def test_names_are_completed_and_lines_are_kept(tmp_path: Path, terminals: list[Terminal]) -> None:
    history = tmp_path / "history"
    terminals.append(first := Terminal(tmp_path, history))
    first.read_to(">>> ")
    first.type("('tag', WebAssembly.JST\t is null)\n")
    first.read_to("('tag', False)")
    assert first.end() == 0
    assert "('tag', WebAssembly.JSTag is null)\n" in history.read_text()
    terminals.append(second := Terminal(tmp_path, history))
    second.read_to(">>> ")
    second.type("\x10\n")  # the line before
    second.read_to("('tag', False)")
    assert second.end() == 0


@pytest.mark.parametrize(
    "statement",
    ["print('be' + 'gun'); await asyncio.Event().wait()", "while True: print('be' + 'gun')"],
)
def test_ctrl_c_ends_what_runs_and_not_the_prompt(
    tmp_path: Path, terminals: list[Terminal], statement: str
) -> None:
    terminals.append(terminal := Terminal(tmp_path, tmp_path / "history"))
    terminal.read_to(">>> ")
    terminal.type("import asyncio\n")
    terminal.read_to(">>> ")
    terminal.type(f"{statement}\n\n" if statement.startswith("while") else f"{statement}\n")
    terminal.read_to("begun")
    terminal.process.send_signal(signal.SIGINT)
    terminal.read_to("KeyboardInterrupt")
    terminal.read_to(">>> ")
    terminal.type("6 * 7\n")
    terminal.read_to("42")
    assert terminal.end() == 0
