"""What the workers of the tests run: they import it by name, in processes of their own."""

from __future__ import annotations

import atexit
import builtins
import ctypes
import os
import signal
import subprocess
import sys
import time
from typing import Any

from pyjsapi import Atomics, Int32Array, MessageChannel, SharedArrayBuffer, WebAssembly, Worker


def echo(scope: Any) -> None:
    """Give back what comes, until ``None`` does."""
    while (value := scope.receive()) is not None:
        scope.postMessage(value)


def engine(scope: Any) -> None:
    """Name the engine of a module that comes, and send it back."""
    module = scope.receive()
    scope.postMessage([module.engine, module])


def nothing() -> None:
    """End at once."""


def instance(scope: Any) -> None:
    """Run exports of a module on a memory: ``module, memory, then [name, arguments]`` as often as they come."""
    module, memory = scope.receive()
    exports = WebAssembly.Instance(module, {"env": {"memory": memory}}).exports
    while (call := scope.receive()) is not None:
        name, arguments = call
        scope.postMessage(exports[name](*arguments))


def fail(scope: Any) -> None:
    """Raise an exception of the class whose name comes."""
    name = scope.receive()
    raise (getattr(WebAssembly, name, None) or getattr(builtins, name))("it failed")


def end_by(scope: Any) -> None:
    """End in the way that comes."""
    way = scope.receive()
    scope.postMessage("last words")
    if way == "exit":
        os._exit(3)
    elif way == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif way == "crash":
        ctypes.string_at(0)
    elif way == "sys.exit":
        sys.exit(4)
    elif way == "grandchild":
        # It keeps the sockets open that it inherits.
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(2)"], close_fds=False)
        os._exit(5)
    elif way == "fork":
        if os.fork() == 0:
            time.sleep(2)
        os._exit(6)


def hang(scope: Any) -> None:
    """Never end, in the way that comes."""
    way, memory = scope.receive()
    cells = Int32Array(memory.buffer)
    if way == "lock":
        memory._memory.block.lock.__enter__()
    Atomics.store(cells, 0, 1)
    if way == "wait":
        Atomics.wait(cells, 1, 0)
    while way != "receive":
        if way == "sleep":
            time.sleep(1000)
    scope.receive()


def make_memory(scope: Any) -> None:
    """Send a memory of this process's own, and go on using it."""
    memory = WebAssembly.Memory(initial=1, maximum=3, shared=True)
    cells = Int32Array(memory.buffer)
    cells[0] = 42
    scope.postMessage(memory)
    Atomics.wait(cells, 1, 0)
    memory.grow(1)
    buffer = SharedArrayBuffer(8, {"maxByteLength": 64})
    scope.postMessage([memory, memory.buffer, buffer])
    scope.receive()


def through_port(scope: Any) -> None:
    """Get a port, and answer through it."""
    event = scope.receive()
    port = event["port"]
    port.start()
    port.postMessage([event["name"], "is here"])
    port.postMessage(port.receive())
    scope.receive()


def make_port(scope: Any) -> None:
    """Send one end of a channel, and say what comes through it."""
    channel = MessageChannel()
    scope.postMessage(channel.port2, [channel.port2])
    scope.postMessage(channel.port1.receive())


def nest(scope: Any) -> None:
    """Have the work done by a worker of this worker's own."""
    atexit.register(scope.postMessage, "at exit")
    with Worker(f"{__name__}:echo", kind="process") as inner:
        inner.postMessage(scope.receive())
        scope.postMessage(inner.receive())


def describe(scope: Any) -> None:
    """Where this worker is."""
    scope.postMessage(
        [os.getpid(), os.getcwd(), sys.argv, os.environ.get("PYJSAPI_TEST"), sys.path]
    )


def queue_user(queue: Any, answers: Any, memory: Any, module: Any) -> None:
    """A process of `multiprocessing`."""
    Atomics.add(Int32Array(memory.buffer), 0, 1)
    again = queue.get()
    Atomics.add(Int32Array(again.buffer), 0, 1)
    exports = WebAssembly.Instance(module, {"env": {"memory": memory}}).exports
    answers.put([again is not memory, exports.add(8, 5), again.grow(1)])
