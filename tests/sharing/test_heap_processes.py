"""A heap whose bytes another process has as well: one process gives out blocks, the other is told their addresses."""

from __future__ import annotations

import mmap
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pyjsapi import Worker
from pyjsapi.sharing import HostResource
from pyjsapi.sharing.block_errors import BlockError, Failure
from pyjsapi.sharing.heap import SharedHeap
from pyjsapi.sharing.memory_blocks import MemoryBlock
from tests.sharing.heap_modules import Guest, guest_with_storage

PAGE = mmap.PAGESIZE
ROOT = Path(__file__).resolve().parents[2]

CHILD = """
import sys
from pyjsapi.sharing import HostResource, SharedHeap
from tests.sharing.heap_modules import Guest

name, size, address = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
heap = SharedHeap(size, backing=HostResource.shm(name, trusted=True))
guest = Guest()
guest.memory.attach_heap(heap)
assert heap.malloc(8) == 0
guest.call("i64.store", address + 8, guest.call("i64.load", address) * 2)
print("done", flush=True)
sys.stdin.read()
"""


def shared_memory(size: int) -> HostResource:
    try:
        return HostResource.shm(size=size)
    except NotImplementedError as error:
        pytest.skip(str(error))


def child(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("killed", [False, True])
def test_another_process_attaches_the_heap(killed: bool) -> None:
    size = 2 * PAGE
    with shared_memory(size) as segment:
        heap = SharedHeap(size, backing=segment, managed=True)
        guest = Guest()
        guest.memory.attach_heap(heap)
        heap.malloc(100)
        address = heap.malloc(16)
        guest.call("i64.store", address, 21)
        with child(segment.name, size, address) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "done\n"
            if killed:
                process.kill()
        assert (process.returncode == 0) is not killed
        assert guest.call("i64.load", address + 8) == 42
        heap.free(address)
        assert heap.malloc(16) == address


def test_a_worker_that_is_terminated_gives_its_block_back() -> None:
    block = MemoryBlock(8)
    attached = threading.Event()
    guest, other = guest_with_storage(), guest_with_storage()

    def work() -> None:
        with block.attach(guest.memory, write=True) as area:
            area.put(b"half")
            attached.set()
            while True:
                guest.call("i32.load8_u", area.addr)

    worker = Worker(work, kind="thread")
    attached.wait()
    with pytest.raises(BlockError) as caught:
        block.attach(other.memory)
    assert caught.value.failure is Failure.BUSY
    worker.terminate()
    assert worker.join(60)
    with block.attach(other.memory) as area:
        assert area.valid == 0


def test_the_host_takes_a_block_from_whoever_does_not_give_it_back() -> None:
    block = MemoryBlock(8)
    lent = block.clone()
    guest, other = guest_with_storage(), guest_with_storage()
    area = lent.attach(guest.memory, write=True)
    lent.close()
    assert guest.call("i32.store8", area.addr, 1) is None
    with block.attach(other.memory) as seen:
        assert seen.read(0, 1) == b"\0"
