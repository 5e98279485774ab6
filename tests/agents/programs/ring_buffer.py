"""A worker that puts values into a ring and one that takes them out: all arrive, in order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyjsapi import WebAssembly, Worker, wat2wasm
from pyjsapi.agents.kinds import WorkerKind


def work(scope: Any) -> None:
    """Put the values 0, 1, 2, … or take as many, as the message says."""

    def handle(event: Any) -> None:
        job = event.data
        imports = {"env": {"memory": job["memory"]}}
        exports = WebAssembly.Instance(job["module"], imports).exports
        if job["role"] == "put":
            for value in range(job["count"]):
                exports.put(value)
            scope.postMessage("done")
        else:
            scope.postMessage([exports.take() for _ in range(job["count"])])
        scope.close()

    scope.onmessage = handle


async def run(kind: WorkerKind, count: int = 300) -> list[int]:
    """What arrived at the taker."""
    module = WebAssembly.Module(wat2wasm(Path(__file__).with_suffix(".wat").read_text()))
    memory = WebAssembly.Memory(initial=1, maximum=1, shared=True)
    workers = {role: Worker(__file__, kind=kind, name=role) for role in ("take", "put")}
    try:
        for role, worker in workers.items():
            worker.postMessage({"module": module, "memory": memory, "role": role, "count": count})
        await workers["put"].receive_async()
        taken: list[int] = await workers["take"].receive_async()
    finally:
        for worker in workers.values():
            worker.terminate()
    return taken


if __name__ == "__worker__":
    work(self)  # type: ignore[name-defined]  # noqa: F821
