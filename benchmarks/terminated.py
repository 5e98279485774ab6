"""What the workers do that `benchmarks.terminate` terminates. A module of its own, which processes import fast."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from typing import Any, Final

from pyjsapi import Atomics, Int32Array, MessageChannel, WebAssembly

STEPS, BYSTANDER, ANSWERS, OWN = range(0, 64, 16)
"""Elements: what the worker counts, where others wait for notifications and count them, and where the worker waits."""

MARK: Final = b"another module?!"
"""What is replaced in the bytes of a module, so that nobody has compiled it before."""
ACTIVITIES: Final = ("waits", "asynchronous_waits", "messages", "growth", "compilation")


class Doing:
    """What a worker has to do something with. Every method is an activity: one step of it, with a random choice."""

    def __init__(self, scope: Any, job: dict[str, Any]) -> None:
        self.scope = scope
        self.memory = job["memory"]
        self.large: bytes = job["large"]
        self.cells = Int32Array(self.memory.buffer)
        self.random = random.Random(job["seed"])
        imports = {"env": {"memory": self.memory}}
        self.exports = WebAssembly.Instance(job["module"], imports).exports

    def step(self) -> None:
        """Count one."""
        Atomics.add(self.cells, STEPS, 1)

    def waits(self) -> None:
        """Block: for a moment, or until notified."""
        way = self.random.randrange(4)
        if way == 0:
            Atomics.wait(self.cells, OWN, 0)
        elif way == 1:
            self.exports.wait(4 * OWN, -1)
        elif way == 2:
            Atomics.wait(self.cells, OWN, 0, self.random.random())
        else:
            self.exports.wait(4 * OWN, self.random.randrange(10**6))

    def promises(self) -> list[Any]:
        """Asynchronous waits: for ever, for a moment and for long."""
        timeouts: list[Any] = [None, 1, None, 10**6, 2]
        return [Atomics.waitAsync(self.cells, OWN, 0, timeout).value for timeout in timeouts]

    def asynchronous_waits(self) -> None:
        """Wait without an event loop; some are cancelled, some are asked for their result."""
        promises = self.promises()
        self.step()
        self.random.choice(promises[2:]).cancel()
        with contextlib.suppress(TimeoutError):
            promises[self.random.randrange(2)].result(0.001)

    def messages(self) -> None:
        """Post and receive, with ports and memories."""
        channel = MessageChannel()
        self.scope.postMessage([self.memory, {"port": channel.port2}, bytes(99)], [channel.port2])
        self.step()
        channel.port1.postMessage("for nobody")
        with contextlib.suppress(TimeoutError):
            self.scope.receive(0 if self.random.random() < 0.5 else 0.001)

    def growth(self) -> None:
        """Grow by a page, and look at the last one."""
        self.exports.grow()
        self.step()
        self.exports.last()
        if self.random.random() < 0.5:
            with contextlib.suppress(WebAssembly.RuntimeError, ValueError):
                self.memory.grow(1)

    def compilation(self) -> None:
        """Compile a module that nobody has compiled before, and run it."""
        new = self.large.replace(MARK, self.random.randbytes(len(MARK)))
        module = WebAssembly.Module(new)
        self.step()
        exports = WebAssembly.Instance(module).exports
        for n in range(0, 40, 9):
            exports[f"f{n}"](1)
            self.step()


def work(scope: Any) -> Any:
    """A worker: do what the message says, for ever."""
    job = scope.receive()
    doing = Doing(scope, job)
    if job["activity"] == "asynchronous_waits" and job["seed"] % 2:
        return _await(doing)
    do: Callable[[], None] = getattr(doing, job["activity"])
    while True:
        doing.step()
        do()


async def _await(doing: Doing) -> None:
    """Asynchronous waits on an event loop."""
    while True:
        doing.step()
        promises = doing.promises()
        doing.step()
        doing.random.choice(promises[2:]).cancel()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(doing.random.choice(promises[:2])), 0.001)


def stand_by(scope: Any) -> None:
    """A worker that lives: count every notification."""
    cells = Int32Array(scope.receive().buffer)
    while True:
        Atomics.wait(cells, BYSTANDER, 0)
        Atomics.add(cells, ANSWERS, 1)
        Atomics.notify(cells, ANSWERS)


def nothing() -> None:
    """A worker that ends at once."""
