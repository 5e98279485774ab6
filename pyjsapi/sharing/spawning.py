"""A host function with which guests start other guests and give them memories, while both are running.

The guest holds a module and memories as references: ``(import "host" "spawn" (func (param externref externref)
(result i32)))``. Each child is a worker (thread, process or Web Worker), whose module imports the memories.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final, Self

from pyjsapi.agents.agent import Agent
from pyjsapi.agents.kinds import WorkerKind
from pyjsapi.agents.scope import WorkerScope
from pyjsapi.agents.worker import Worker
from pyjsapi.ecmascript.conversions import shown
from pyjsapi.jsapi.errors import LinkError
from pyjsapi.jsapi.instance import Instance
from pyjsapi.jsapi.memory import Memory
from pyjsapi.jsapi.module import Module

_TARGET: Final = f"{__name__}:run_child"


class Spawner:
    """The function ``spawn(module, memory…)``, to be given to guests as an import.

    It starts a worker of ``kind`` in which the module is instantiated: its memory imports, in order, are the memories,
    and it has no other imports than those that its compile options satisfy. Then ``entry`` is called, if the module
    exports it, without arguments. Gives the number of the child, from 1, once it is instantiated (or at once in an
    agent that must not block). Raises `TypeError` for what is no module or no memory, `DataCloneError` for a memory
    that is not shared, `LinkError` for a wrong number of memories, `WorkerError` for a child that cannot be
    instantiated. Leaving it as a context ends the children.
    """

    def __init__(self, *, kind: WorkerKind | None = None, entry: str = "run") -> None:
        self._kind = kind
        self._entry = entry
        self.children: list[Worker] = []
        """The workers, in the order in which they were started."""

    def __call__(self, module: Any, *memories: Any) -> int:
        if not isinstance(module, Module):
            raise TypeError(
                f"spawn(): argument 0 must be a WebAssembly.Module, not {shown(module)}"
            )
        for position, memory in enumerate(memories, 1):
            if not isinstance(memory, Memory):
                raise TypeError(
                    f"spawn(): argument {position} must be a WebAssembly.Memory, not {shown(memory)}"
                )
        wanted = _memory_imports(module)
        if len(wanted) != len(memories):
            raise LinkError(
                f"spawn(): the module imports {len(wanted)} memories, {len(memories)} were given"
            )
        worker = Worker(_TARGET, kind=self._kind, name=f"child {len(self.children) + 1}")
        try:
            worker.postMessage([module, list(memories), self._entry])
            if Agent.current().can_block:
                worker.receive()
        except BaseException:
            worker.terminate()
            raise
        self.children.append(worker)
        return len(self.children)

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end of all children, for each at most ``timeout`` seconds; whether they ended.

        Raises `WorkerError` for a child that failed.
        """
        ended = [child.join(timeout) for child in self.children]
        return all(ended)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for child in self.children:
            child.__exit__(kind, error, traceback)


def _memory_imports(module: Module) -> list[dict[str, Any]]:
    return [each for each in Module.imports(module) if each["kind"] == "memory"]


def run_child(scope: WorkerScope) -> None:
    """What a child's worker runs."""
    module, memories, entry = scope.receive()
    imports: dict[str, dict[str, Any]] = {}
    for each, memory in zip(_memory_imports(module), memories, strict=True):
        imports.setdefault(each["module"], {})[each["name"]] = memory
    exports = Instance(module, imports).exports
    scope.postMessage("instantiated")
    if entry in exports:
        exports[entry]()
