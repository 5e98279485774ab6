"""Web Workers: run inside Pyodide by `test_web_workers.py`, in this order."""

from __future__ import annotations

import asyncio
import gc
import importlib
import marshal
import sys
import weakref
from pathlib import Path
from typing import Any

from pyjsapi import (
    Atomics,
    DataCloneError,
    Int32Array,
    MessageChannel,
    WebAssembly,
    Worker,
    javascript,
    wat2wasm,
)
from pyjsapi.agents.worker import WorkerError
from pyjsapi.bridge.workers.link import WebLink
from tests.bridge.inside.helpers import PAGE, raises, run_soon, shared

PLAIN = WebAssembly.Memory(initial=1, maximum=2, shared=True)
"""Made before anybody asked for memories of JavaScript: its bytes are in Python."""

javascript.enable()

PROGRAM = """
from pyjsapi import Atomics, Int32Array, WebAssembly

memory = None

def onmessage(event):
    global memory
    data = event.data
    if data == "fail":
        raise ValueError("told to")
    elif data == "forget":
        memory = None
    elif data == "wait":
        print("a worker can print")
        array = Int32Array(memory.buffer)
        Atomics.store(array, 1, 1)
        self.postMessage([Atomics.wait(array, 0, 0), Atomics.wait(array, 0, 0, 1), Atomics.wait(array, 0, 9)])
    elif data == "block":
        try:
            self.receive()
        except TypeError as error:
            self.postMessage(str(error))
    elif data == "grow":
        self.postMessage([memory.grow(1), len(Int32Array(memory.buffer))])
    elif data == "forever":
        array = Int32Array(memory.buffer)
        Atomics.store(array, 1, 2)
        Atomics.wait(array, 0, 0)
    else:
        again = memory is data["memory"]
        memory = data["memory"]
        port = data["port"]
        port.postMessage([again, memory.buffer.growable, data["module"].__class__.__name__])
"""


async def case_a_worker_lives_and_ends() -> None:
    path = Path("/worker_program.py")
    path.write_text(PROGRAM)
    worker = Worker(str(path), kind="web", name="one")
    messages = []
    worker.onerror = lambda event: messages.append(event.message)
    memory = shared()
    array = Int32Array(memory.buffer)

    # Only what JavaScript can have crosses.
    assert "enable()" in raises(DataCloneError, worker.postMessage, PLAIN)
    raises(DataCloneError, worker.postMessage, {"both": [memory, PLAIN]})
    raises(DataCloneError, worker.postMessage, print)

    # An uncaught error is told, and the worker goes on.
    worker.postMessage("fail")
    module = WebAssembly.Module(wat2wasm("(module)"))
    for _ in range(2):
        channel = MessageChannel()
        message = {"memory": memory, "module": module, "port": channel.port2}
        worker.postMessage(message, [channel.port2])
        answer = await channel.port1.receive_async()
        assert answer == [False, False, "Module"], answer
    assert messages == ["told to"], messages

    # It waits, and is woken from here.
    worker.postMessage("wait")
    while Atomics.load(array, 1) != 1 or not Atomics.notify(array, 0):
        await asyncio.sleep(0.01)
    assert await worker.receive_async() == ["ok", "timed-out", "not-equal"]

    # Nothing can arrive while it blocks, which it is told.
    worker.postMessage("block")
    assert "await receive_async()" in await worker.receive_async()

    # It grows the memory.
    worker.postMessage("grow")
    assert await worker.receive_async() == [1, PAGE // 2]
    assert memory.buffer.byteLength == 2 * PAGE

    # It ends while it waits.
    worker.postMessage("forever")
    while Atomics.load(array, 1) != 2:
        await asyncio.sleep(0.01)
    worker.terminate()
    await run_soon()
    assert worker.join(0)
    assert "ended" in repr(worker)
    worker.postMessage("nobody hears it")
    worker.terminate()

    # Nothing is left of it.
    backend = weakref.ref(worker._backend)
    del worker, channel, message
    await run_soon()
    gc.collect()
    assert backend() is None, gc.get_referrers(backend())


async def case_workers_start_from_a_snapshot() -> None:
    await javascript.prepare_workers()
    await javascript.prepare_workers()
    path = Path("/worker_random.py")
    path.write_text(
        "import random, sys\npostMessage([random.random(), 'pyjsapi.bridge.face.api' in sys.modules])"
    )
    workers = [Worker(str(path), kind="web") for _ in range(2)]
    answers = [await worker.receive_async() for worker in workers]
    assert [imported for _, imported in answers] == [True, True]
    assert answers[0] != answers[1]


async def case_the_programs_run() -> None:
    counter, mutex, ring, growth = (
        importlib.import_module(name) for name in ("counter", "mutex", "ring_buffer", "grow_race")
    )
    assert await counter.run("web", workers=2, times=2000) == 4000
    counted, taken, grown = await asyncio.gather(
        mutex.run("web", workers=2, times=300),
        ring.run("web", count=200),
        growth.run("web", workers=2, times=60, maximum=100),
    )
    assert counted == 600
    assert taken == list(range(200))
    sizes, words, final = grown
    succeeded = sorted(size for found in sizes for size in found if size >= 0)
    assert succeeded == list(range(1, 100))
    assert (words, final) == (0, 100)


ARMING = """
from pyjsapi import Atomics, Int32Array
array = Int32Array((await self.receive_async()).buffer)
Atomics.waitAsync(array, 0, 0)
Atomics.waitAsync(array, 0, 0, 10**7)
Atomics.waitAsync(array, 0, 0).value.cancel()
"""


async def case_a_worker_that_has_ended_takes_its_waiters_along() -> None:
    path = Path("/arming_program.py")
    path.write_text(ARMING)
    array = Int32Array((memory := shared()).buffer)
    worker = Worker(str(path), kind="web")
    worker.postMessage(memory)
    while not worker.join(0):
        await asyncio.sleep(0.01)
    while Atomics.notify(array, 0):  # its thread may be ending still
        await asyncio.sleep(0.01)
    live = Atomics.waitAsync(array, 0, 0)["value"]
    assert Atomics.notify(array, 0, 1) == 1
    assert await live == "ok"


def case_messages_are_buffers_and_no_views() -> None:
    """A view takes Deno a microsecond a byte to receive."""
    import js

    sent: list[Any] = []
    WebLink(lambda data, memories: sent.append(data), starter=True).transmit(("x", b"y" * 100))
    assert [js.ArrayBuffer.isView(data) for data in sent] == [False]
    assert marshal.loads(sent[0].to_bytes()) == ("x", b"y" * 100)


def case_other_kinds_are_refused() -> None:
    assert "outside Pyodide only" in raises(ValueError, lambda: Worker("a:b", kind="thread"))


async def case_targets_are_functions_of_modules_and_packages() -> None:
    package = Path("/programs/package_of_workers")
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "names.py").write_text("OWN = 'names'\n")
    (package / "work.py").write_text(
        "from .names import OWN\ndef main(scope):\n    scope.postMessage([OWN, scope.name])\n"
    )
    sys.path.insert(0, "/programs")
    worker = Worker("package_of_workers.work:main", kind="web", name="its name")
    assert await worker.receive_async() == ["names", "its name"]
    raises(DataCloneError, lambda: Worker(lambda: None, kind="web"))


async def case_failures_are_told() -> None:
    path = Path("/worker_failure.py")
    path.write_text(
        "import js, asyncio\n"
        "js.setTimeout(js.Function.new('throw new Error(\"of JavaScript\")'))\n"
        "await asyncio.sleep(100)\n"
    )
    for target, text in (("nowhere:main", "nowhere"), (str(path), "of JavaScript")):
        worker = Worker(target, kind="web")
        try:
            await worker.receive_async()
        except WorkerError as error:
            assert text in str(error), error
        else:
            raise AssertionError(target)


async def case_a_worker_starts_workers_and_may_be_kept_from_blocking() -> None:
    path = Path("/worker_nested.py")
    path.write_text(
        "from pyjsapi import Atomics, Int32Array, Worker\n"
        "memory = await self.receive_async()\n"
        "if self.name == 'outer':\n"
        "    worker = Worker(__file__, kind='web', name='inner', can_block=False)\n"
        "    worker.postMessage(memory)\n"
        "    postMessage(await worker.receive_async())\n"
        "else:\n"
        "    array = Int32Array(memory.buffer)\n"
        "    try:\n"
        "        Atomics.wait(array, 0, 0, 1)\n"
        "    except TypeError:\n"
        "        postMessage(Atomics.add(array, 0, 2))\n"
    )
    memory = shared()
    worker = Worker(str(path), kind="web", name="outer")
    worker.postMessage(memory)
    assert await worker.receive_async() == 0
    assert Int32Array(memory.buffer)[0] == 2
