"""How long scripts live, and what they show when they fail: `pyjsapi script.py`, as in Node."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

ECHO = """
    def answer(event):
        postMessage(event.data * 2)
        close()
    self.onmessage = answer
"""

WAITING = "worker = Worker('echo.py'); worker.onmessage = lambda e: print('got', e.data)\n"


def run(folder: Path, text: str, *options: str, **others: str) -> subprocess.CompletedProcess[str]:
    """Run a script, with others beside it."""
    for name, content in {"script": text, "echo": ECHO, **others}.items():
        (folder / f"{name}.py").write_text(dedent(content))
    return subprocess.run(
        [sys.executable, *options, "-m", "pyjsapi", "script.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=300,
    )


ALIVE = [
    ("a worker", WAITING + "worker.postMessage(21)", "got 42\n"),
    (
        "a worker in a process",
        "worker = Worker('echo.py', kind='process'); worker.onmessage = lambda e: print('got', e.data)\n"
        "worker.postMessage(21)",
        "got 42\n",
    ),
    (
        "a worker whose handler is a coroutine function",
        """
        import asyncio
        async def show(event):
            await asyncio.sleep(0.01)
            print('got', event.data)
        worker = Worker('echo.py')
        worker.onmessage = show
        worker.postMessage(21)
        """,
        "got 42\n",
    ),
    (
        "a worker without a handler",
        "worker = Worker('says.py')",
        "said\n",
    ),
    (
        "a worker that an event loop left",
        "import asyncio\nasync def main():\n    global worker\n    " + WAITING +
        "asyncio.run(main())\nprint('over')\nworker.postMessage(21)",
        "over\ngot 42\n",
    ),
    (
        "a port with a handler",
        """
        def late(scope):
            scope.receive().postMessage('late')
        channel = MessageChannel()
        channel.port1.onmessage = lambda e: (print(e.data), channel.port1.close())
        worker = Worker(late)
        worker.postMessage(channel.port2, [channel.port2])
        """,
        "late\n",
    ),
    (
        "a task",
        """
        import asyncio
        async def later():
            await asyncio.sleep(0.01)
            print('done')
        asyncio.create_task(later())
        await asyncio.sleep(0)
        """,
        "done\n",
    ),
    (
        "a task of a script that does not await",
        """
        import asyncio
        async def later():
            await asyncio.sleep(0.01)
            print('done')
        asyncio.create_task(later())
        """,
        "done\n",
    ),
    (
        "timers",
        """
        import asyncio
        def again():
            asyncio.get_running_loop().call_later(0.01, print, 'second')
            print('first')
        asyncio.get_running_loop().call_later(0.01, again)
        await asyncio.sleep(0)
        """,
        "first\nsecond\n",
    ),
    (
        "a timer of a script that does not await",
        "import asyncio\nasyncio.get_event_loop().call_later(0.01, print, 'first')",
        "first\n",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "output"), [case[1:] for case in ALIVE], ids=[c[0] for c in ALIVE]
)
def test_what_keeps_a_script_alive(tmp_path: Path, text: str, output: str) -> None:
    done = run(tmp_path, text, says="print('said')")
    assert (done.stdout, done.stderr, done.returncode) == (output, "", 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "channel = MessageChannel()",
        "import asyncio\nasyncio.get_event_loop().call_later(1e6, print).cancel()",
        "worker = Worker('echo.py')\nworker.onmessage = print\nworker.terminate()",
        "channel = MessageChannel()\nchannel.port1.onmessage = print\nchannel.port2.close()",
        "import asyncio\nasyncio.run(asyncio.sleep(0))",
    ],
)
def test_a_script_ends_when_nothing_is_left(tmp_path: Path, text: str) -> None:
    done = run(tmp_path, text)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_an_exit_does_not_wait(tmp_path: Path) -> None:
    done = run(tmp_path, WAITING + "raise SystemExit(3)")
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 3)


FAILING = [
    (
        "a handler",
        "def fail(event):\n    raise ValueError(event.data)\nworker = Worker('echo.py')\n"
        "worker.onmessage = fail\nworker.postMessage(21)",
        'File "script.py", line 2, in fail\n    raise ValueError(event.data)\nValueError: 42',
    ),
    (
        "a handler on an event loop",
        "import asyncio\ndef fail(event):\n    raise ValueError(event.data)\nworker = Worker('echo.py')\n"
        "worker.onmessage = fail\nworker.postMessage(21)\nawait asyncio.sleep(1e6)",
        'File "script.py", line 3, in fail\n    raise ValueError(event.data)\nValueError: 42',
    ),
    (
        "a task",
        "import asyncio\nasync def fail():\n    raise ValueError(1)\nasyncio.create_task(fail())\n",
        'File "script.py", line 3, in fail\n    raise ValueError(1)\nValueError: 1',
    ),
    (
        "a task that the script holds",
        "import asyncio\nasync def fail():\n    raise ValueError(1)\ntask = asyncio.create_task(fail())\n",
        'File "script.py", line 3, in fail\n    raise ValueError(1)\nValueError: 1',
    ),
    (
        "a timer",
        "import asyncio\ndef fail():\n    raise ValueError(1)\nasyncio.get_event_loop().call_soon(fail)\n",
        'File "script.py", line 3, in fail\n    raise ValueError(1)\nValueError: 1',
    ),
    (
        "a call of the package",
        "def load():\n    return WebAssembly.Module(b'')\nload()\n",
        'File "script.py", line 3, in <module>\n    load()\n'
        '  File "script.py", line 2, in load\n    return WebAssembly.Module(b\'\')\n'
        "pyjsapi.jsapi.errors.CompileError: WebAssembly.Module(): unexpected end of section or function "
        "(at offset 0x0); the bytes are empty",
    ),
    (
        "a worker that cannot be made",
        "Worker('nofile.py')",
        'File "script.py", line 1, in <module>\n    Worker(\'nofile.py\')\n'
        "FileNotFoundError: [Errno 2] there is no such script for a worker: 'nofile.py'",
    ),
]  # fmt: skip


def without_carets(text: str) -> str:
    """Lines without those that point at a part of another, which differ between versions of Python."""
    return "".join(line for line in text.splitlines(keepends=True) if line.strip(" ^~\n"))


@pytest.mark.parametrize(
    ("text", "shown"), [case[1:] for case in FAILING], ids=[case[0] for case in FAILING]
)
def test_what_fails_shows_the_frames_of_the_script_only(
    tmp_path: Path, text: str, shown: str
) -> None:
    done = run(tmp_path, text)
    assert without_carets(done.stderr) == f"Traceback (most recent call last):\n  {shown}\n"
    assert (done.stdout, done.returncode) == ("", 1)


def test_the_development_mode_of_python_shows_all_frames(tmp_path: Path) -> None:
    done = run(tmp_path, "WebAssembly.Module(b'')", "-X", "dev", "-W", "ignore")
    assert "in compile_bytes" in done.stderr and done.returncode == 1


def test_a_worker_that_fails_is_shown_and_fails_the_script(tmp_path: Path) -> None:
    done = run(
        tmp_path, "worker = Worker('fails.py')", fails="def f():\n    raise ValueError(1)\nf()"
    )
    assert without_carets(done.stderr) == (
        "A worker failed, and nobody asked:\nTraceback (most recent call last):\n"
        '  File "fails.py", line 3, in <module>\n    f()\n'
        '  File "fails.py", line 2, in f\n    raise ValueError(1)\nValueError: 1\n'
    )
    assert (done.stdout, done.returncode) == ("", 1)


def test_a_worker_whose_failure_is_asked_for_fails_nothing(tmp_path: Path) -> None:
    text = "worker = Worker('fails.py')\nworker.onerror = lambda e: print(e.message)"
    done = run(tmp_path, text, fails="raise ValueError('asked')")
    assert (done.stdout, done.stderr, done.returncode) == ("asked\n", "", 0)


def test_what_a_host_function_raises_is_shown_with_the_calls_it_passed(tmp_path: Path) -> None:
    text = """\
        data = wat2wasm('(module (import "m" "f" (func $f)) (func (export "run") (call $f)))')
        def fail():
            raise KeyError("mine")
        exports = WebAssembly.Instance(WebAssembly.Module(data), {"m": {"f": fail}}).exports
        exports.run()
        """
    done = run(tmp_path, text)
    told = re.sub(r"wasm://wasm/[0-9a-f]{8}", "M", without_carets(done.stderr))
    assert told == (
        "Traceback (most recent call last):\n"
        '  File "script.py", line 5, in <module>\n    exports.run()\n'
        '  File "script.py", line 3, in fail\n    raise KeyError("mine")\n'
        "KeyError: 'mine'\n"
        "WebAssembly calls, innermost first:\n"
        "  at run (M:wasm-function[1]:0x29), line 1:58\n"
    )


def test_a_task_ends_the_script_in_order(tmp_path: Path) -> None:
    text = """\
        import asyncio, sys
        async def end():
            sys.exit(7)
        task = asyncio.create_task(end())
        await asyncio.sleep(60)
        """
    done = run(tmp_path, text)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 7)


def test_what_the_package_keeps_on_the_loop_keeps_no_script(tmp_path: Path) -> None:
    text = """\
        view = Int32Array(SharedArrayBuffer(64))
        print(await Atomics.waitAsync(view, 0, 0, 1)["value"])
        """
    done = run(tmp_path, text)
    assert (done.stdout, done.stderr, done.returncode) == ("timed-out\n", "", 0)


def test_what_needs_an_event_loop_says_how_to_have_one(tmp_path: Path) -> None:
    done = run(tmp_path, "import asyncio\ndef f():\n    asyncio.get_running_loop()\nf()")
    assert done.stderr.endswith(
        "RuntimeError: no running event loop\n"
        "A script has one running if it awaits at its top level, for instance asyncio.sleep(0)\n"
    )


@pytest.mark.parametrize("kind", ["thread", "process"])
def test_an_interrupted_script_takes_its_workers_with_it(tmp_path: Path, kind: str) -> None:
    text = f"""
        import os, signal
        worker = Worker('echo.py', kind='{kind}')
        import asyncio
        asyncio.get_event_loop().call_soon(os.kill, os.getpid(), signal.SIGINT)
        """
    done = run(tmp_path, text)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 130)
