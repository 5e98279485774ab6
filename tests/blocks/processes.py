"""Processes that share a memory with the test that starts them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import Worker
from pyjsapi.agents.process import ProcessBackend
from pyjsapi.agents.worker import WorkerError
from pyjsapi.blocks.processes import locks
from pyjsapi.blocks.shared import SharedBlock
from pyjsapi.blocks.shared import shared as shared_block
from pyjsapi.jsapi.memory import memory_object
from pyjsapi.runtime.memory import MemInst, new_memory
from pyjsapi.syntax.types import I32, MemType
from pyjsapi.validation.limits import Limits

PAGE = 65536

WITHOUT_END = (1 << 64) - 1


def shared(minimum: int, maximum: int) -> MemInst:
    memory = new_memory(MemType(I32, minimum, maximum, shared=True), Limits())
    assert isinstance(memory, MemInst)
    return memory


def block_of(memory: MemInst) -> SharedBlock:
    return shared_block(memory.block)


def start(memory: MemInst, code: str) -> Worker:
    """Another process that shares the memory and runs ``code``."""
    worker = Worker("tests.blocks.process_child:run", kind="process")
    worker.postMessage([memory_object(memory), code])
    return worker


def result(worker: Worker) -> Any:
    """What the code called ``result``, once its process has ended well."""
    found = worker.receive()
    assert worker.join(60)
    return found


def number(worker: Worker) -> int:
    """That of its process."""
    backend = worker._backend
    assert isinstance(backend, ProcessBackend)
    until(lambda: backend.process is not None)
    assert backend.process is not None
    return backend.process


def state(process: int) -> str:
    """A letter: ``T`` of one that has been stopped."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


def stop(worker: Worker, memory: MemInst) -> None:
    """Let the process stand still, where it does not hold the lock of the memory: nobody could go on then."""
    lock = block_of(memory).lock
    assert isinstance(lock, locks.RobustMutex)
    process = number(worker)
    while True:
        os.kill(process, signal.SIGSTOP)
        until(lambda: state(process) == "T")
        if not lock._functions.trylock(lock._address):
            lock.__exit__()
            return
        os.kill(process, signal.SIGCONT)
        until(lambda: state(process) != "T")


def kill(worker: Worker) -> None:
    """End the process at once."""
    os.kill(number(worker), signal.SIGKILL)
    died(worker)


def died(worker: Worker) -> None:
    """Wait for the end of a process that kills itself."""
    with pytest.raises(WorkerError, match="SIGKILL"):
        worker.receive()
    assert worker.join(60)


def until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0)  # lets others run
