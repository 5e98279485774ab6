"""`pyjsapi.worker_threads`, which has the names of `node:worker_threads`."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

import pyjsapi.worker_threads as threads
from pyjsapi import ArrayBuffer, DataCloneError, MessageChannel, structuredClone
from pyjsapi.worker_threads import (
    Worker,
    getEnvironmentData,
    isMarkedAsUntransferable,
    markAsUntransferable,
    receiveMessageOnPort,
    setEnvironmentData,
)

KINDS = ["thread", "process"]
Script = Callable[[str], Path]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    def write(text: str) -> Path:
        path = tmp_path / "worker.py"
        path.write_text(dedent(text))
        return path

    return write


def happenings(worker: Worker) -> list[tuple[str, Any]]:
    """All that happens to a worker until its exit, which is the last."""

    async def follow() -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = []
        ended = asyncio.Event()
        worker.on("online", lambda: found.append(("online", None)))
        for event in ("message", "messageerror", "error"):
            worker.on(event, lambda value, event=event: found.append((event, value)))
        worker.on("exit", lambda code: found.append(("exit", code)))
        worker.on("exit", lambda _: ended.set())
        await ended.wait()
        return found

    return asyncio.run(follow())


def test_the_main_thread_knows_that_it_is_none() -> None:
    assert threads.isMainThread is True
    assert (threads.parentPort, threads.workerData, threads.threadId) == (None, None, 0)
    assert (threads.threadName, threads.isInternalThread) == ("", False)


@pytest.mark.parametrize("kind", KINDS)
def test_a_worker_is_given_data_and_answers(script: Script, kind: Any) -> None:
    path = script("""
        from pyjsapi.worker_threads import (
            isMainThread, parentPort, threadId, threadName, workerData)
        parentPort.postMessage([isMainThread, workerData, threadId, threadName])
        """)
    worker = Worker(path, {"workerData": {"a": [1]}, "name": "mine", "kind": kind})
    number = worker.threadId
    assert number > 0 and worker.threadName == "mine"
    message = [False, {"a": [1]}, number, "mine"]
    assert happenings(worker) == [("online", None), ("message", message), ("exit", 0)]
    assert worker.threadId == -1 and worker.threadName is None


@pytest.mark.parametrize("kind", KINDS)
def test_listeners_get_values_as_long_as_they_listen(script: Script, kind: Any) -> None:
    path = script("""
        from pyjsapi.worker_threads import parentPort
        def answer(value):
            parentPort.postMessage(value * 2)
            parentPort.once("message", lambda value: parentPort.postMessage([value]))
        parentPort.once("message", answer)
        """)
    worker = Worker(path, kind=kind)
    for value in (1, 2, 3):
        worker.postMessage(value)
    told = [("online", None), ("message", 2), ("message", [2]), ("exit", 0)]
    assert happenings(worker) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import sys; sys.exit(3)", [("exit", 3)]),
        ("raise SystemExit('why')", [("exit", 1)]),
        ("raise SystemExit", [("exit", 0)]),
        ("import asyncio\nawait asyncio.sleep(0)\nraise SystemExit(4)", [("exit", 4)]),
        ("import asyncio\nawait asyncio.sleep(0)", [("exit", 0)]),
        (
            "def leave(event): raise SystemExit(5)\nself.onmessage = leave",
            [("exit", 5)],
        ),
    ],
)
def test_exit_codes(text: str, told: Any) -> None:
    worker = Worker(text, eval=True)
    worker.postMessage(None)
    assert happenings(worker) == [("online", None), *told]


@pytest.mark.parametrize("kind", KINDS)
def test_a_worker_that_fails_tells_the_error_and_exits_with_1(script: Script, kind: Any) -> None:
    worker = Worker(script("postMessage(1)\nraise ValueError('no')"), kind=kind)
    online, message, (event, error), end = happenings(worker)
    assert (online, message, end) == (("online", None), ("message", 1), ("exit", 1))
    assert event == "error" and type(error) is ValueError and str(error) == "no"


@pytest.mark.parametrize("kind", KINDS)
def test_terminate_can_be_awaited_for_the_code(script: Script, kind: Any) -> None:
    path = script("while True: pass")

    async def run() -> list[int]:
        worker = Worker(path, kind=kind)
        online = asyncio.Event()
        worker.on("online", online.set)
        await online.wait()
        return [await worker.terminate(), await worker.terminate()]

    assert asyncio.run(run()) == [1, 1]


def test_what_is_given_can_be_transferred(script: Script) -> None:
    channel, buffer = MessageChannel(), ArrayBuffer(8)
    path = script("""
        from pyjsapi.worker_threads import workerData
        port, buffer = workerData
        port.postMessage(buffer.byteLength)
        """)
    worker = Worker(
        path,
        workerData=[channel.port2, buffer],
        transferList=[channel.port2, buffer],
    )
    assert channel.port1.receive(60) == 8
    assert buffer.detached
    assert worker.join(60)


def test_data_that_cannot_be_cloned_starts_nothing() -> None:
    with pytest.raises(DataCloneError):
        Worker("postMessage(1)", eval=True, workerData=print)


def test_environment_data_goes_to_workers_of_workers(script: Script) -> None:
    text = """
        from pyjsapi.worker_threads import Worker, getEnvironmentData, setEnvironmentData
        given = getEnvironmentData("k")
        setEnvironmentData("k", given + 1)
        if given < 3:
            inner = Worker(__file__)
            postMessage([given, *inner.receive()])
            inner.join()
        else:
            postMessage([given])
        """
    setEnvironmentData("k", 1)
    try:
        worker = Worker(script(text))
        assert worker.receive(60) == [1, 2, 3]
        assert worker.join(60)
        assert getEnvironmentData("k") == 1
    finally:
        setEnvironmentData("k")
    assert getEnvironmentData("k") is None


def test_a_message_is_taken_from_a_port_without_waiting() -> None:
    one, other = MessageChannel().__dict__.values()
    assert receiveMessageOnPort(other) is None
    one.postMessage(None)
    one.postMessage({"a": 1})
    assert receiveMessageOnPort(other) == {"message": None}
    assert receiveMessageOnPort(other) == {"message": {"a": 1}}
    assert receiveMessageOnPort(other) is None
    with pytest.raises(TypeError, match="must be a MessagePort, not list"):
        receiveMessageOnPort([])  # type: ignore[arg-type]


def test_what_is_marked_cannot_be_transferred() -> None:
    buffer, channel = ArrayBuffer(8), MessageChannel()
    things: list[Any] = [buffer, channel.port1, [], 1, "x"]
    for thing in things:
        markAsUntransferable(thing)
    for marked in (buffer, channel.port1):
        assert isMarkedAsUntransferable(marked)
        with pytest.raises(DataCloneError, match="was marked as untransferable"):
            structuredClone(1, [marked])
    assert not buffer.detached
    assert not isMarkedAsUntransferable(channel.port2)
    assert structuredClone(buffer).byteLength == 8


def test_ports_have_listeners_beside_handlers() -> None:
    async def run() -> list[Any]:
        channel = MessageChannel()
        got: list[Any] = []
        one, other = channel.port1, channel.port2
        closed = asyncio.Event()
        removed = lambda value: got.append("removed")  # noqa: E731
        other.on("message", removed)
        other.on("message", lambda value: got.append(value))
        other.onmessage = lambda event: got.append(event.data + 0.5)
        other.off("message", removed).off("message", removed)
        other.on("close", lambda: got.append("closed"))
        other.on("close", closed.set)
        one.postMessage(1)
        one.postMessage(2)
        one.close()
        await closed.wait()
        return got

    assert asyncio.run(run()) == [1.5, 1, 2.5, 2, "closed"]


def test_an_event_that_is_none_and_an_option_that_is_none_are_refused() -> None:
    with pytest.raises(
        ValueError, match="has the events message, messageerror, close, not 'mesage'"
    ):
        MessageChannel().port1.on("mesage", print)
    with pytest.raises(TypeError, match="a listener must be callable, not int"):
        MessageChannel().port1.on("message", 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="no option 'stdout': workers have those of the program"):
        Worker("", {"stdout": True, "eval": True})
    with pytest.raises(TypeError, match="no option 'nme'; there are workerData"):
        Worker("", {"nme": "x", "eval": True})
    with pytest.raises(FileNotFoundError):
        Worker("file:///nowhere.py")


def test_what_is_missing_says_what_to_use() -> None:
    with pytest.raises(AttributeError, match=r"no BroadcastChannel: .*give each worker a port"):
        threads.BroadcastChannel  # noqa: B018
    with pytest.raises(AttributeError, match="has no attribute 'x'"):
        threads.x  # noqa: B018
    assert not set(threads.MISSING) & set(threads.__all__)


# What Node 24 exports.
NODE = (
    "BroadcastChannel MessageChannel MessagePort SHARE_ENV Worker getEnvironmentData isInternalThread isMainThread "
    "isMarkedAsUntransferable locks markAsUncloneable markAsUntransferable moveMessagePortToContext parentPort "
    "postMessageToThread receiveMessageOnPort resourceLimits setEnvironmentData threadId threadName workerData"
)


@pytest.mark.parametrize("name", NODE.split())
def test_each_name_of_node_is_there_or_is_listed(name: str) -> None:
    assert (name in threads.__all__) is not (name in threads.MISSING)
    if name in threads.__all__:
        assert hasattr(threads, name)


@pytest.mark.parametrize(("ending", "said"), [("", "got 2\nexit 0\n"), ("worker.unref()", "")])
def test_a_script_lives_for_listeners_unless_they_are_unreferenced(
    script: Script, tmp_path: Path, ending: str, said: str
) -> None:
    script("""
        from pyjsapi.worker_threads import parentPort
        parentPort.once("message", lambda value: parentPort.postMessage(value + 1))
        """)
    main = tmp_path / "main.py"
    main.write_text(
        "from pyjsapi.worker_threads import Worker\n"
        "worker = Worker('worker.py')\n"
        "worker.on('message', lambda value: print('got', value))\n"
        "worker.on('exit', lambda code: print('exit', code))\n"
        + (ending or "worker.postMessage(1)")
        + "\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pyjsapi", "main.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.stdout, done.stderr, done.returncode) == (said, "", 0)
