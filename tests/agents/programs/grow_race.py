"""Workers that make one memory grow at once: each growth gives another size, and new bytes are there for all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyjsapi import WebAssembly, Worker, wat2wasm
from pyjsapi.agents.kinds import WorkerKind


def work(scope: Any) -> None:
    """Grow as often as the message says, and probe the last word each time: the sizes before, the sum of the words."""

    def handle(event: Any) -> None:
        job = event.data
        imports = {"env": {"memory": job["memory"]}}
        exports = WebAssembly.Instance(job["module"], imports).exports
        sizes, words = [], 0
        for _ in range(job["times"]):
            sizes.append(exports.grow())
            words += exports.last()
        scope.postMessage([sizes, words])
        scope.close()

    scope.onmessage = handle


async def run(
    kind: WorkerKind, workers: int = 4, times: int = 250, maximum: int = 1000
) -> tuple[list[list[int]], int, int]:
    """For each worker the sizes before its growths; the sum of all words probed; the final size, in pages."""
    module = WebAssembly.Module(wat2wasm(Path(__file__).with_suffix(".wat").read_text()))
    memory = WebAssembly.Memory(initial=1, maximum=maximum, shared=True)
    started = [Worker(__file__, kind=kind, name=f"grower {n}") for n in range(workers)]
    try:
        for worker in started:
            worker.postMessage({"module": module, "memory": memory, "times": times})
        found = [await worker.receive_async() for worker in started]
    finally:
        for worker in started:
            worker.terminate()
    return [sizes for sizes, _ in found], sum(words for _, words in found), memory.grow(0)


if __name__ == "__worker__":
    work(self)  # type: ignore[name-defined]  # noqa: F821
