"""Workers that add to one counter with atomic instructions: none of their additions is lost.

As every program of this folder: a script for workers of every kind, and ``run(kind)``, which starts them and gives what
came out. It uses what `pyjsapi` exports and nothing else. The module's text is in the file of the same name.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyjsapi import Int32Array, WebAssembly, Worker, wat2wasm
from pyjsapi.agents.kinds import WorkerKind

COUNTER = 64


def work(scope: Any) -> None:
    """Count as often as the message says, in the memory that it brings."""

    def count(event: Any) -> None:
        job = event.data
        imports = {"env": {"memory": job["memory"]}}
        WebAssembly.Instance(job["module"], imports).exports.count(job["times"])
        scope.postMessage("done")
        scope.close()

    scope.onmessage = count


async def run(kind: WorkerKind, workers: int = 3, times: int = 500) -> int:
    """The counter, after each of the workers counted ``times`` times."""
    module = WebAssembly.Module(wat2wasm(Path(__file__).with_suffix(".wat").read_text()))
    memory = WebAssembly.Memory(initial=1, maximum=1, shared=True)
    started = [Worker(__file__, kind=kind, name=f"counter {n}") for n in range(workers)]
    try:
        for worker in started:
            worker.postMessage({"module": module, "memory": memory, "times": times})
        for worker in started:
            await worker.receive_async()
    finally:
        for worker in started:
            worker.terminate()
    return Int32Array(memory.buffer)[COUNTER // 4]


if __name__ == "__worker__":
    work(self)  # type: ignore[name-defined]  # noqa: F821
