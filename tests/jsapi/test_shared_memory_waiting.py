"""Waiting in WebAssembly: beside ``Atomics`` in one queue, in agents that must not block, and for very long."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pyjsapi import (
    Agent,
    Atomics,
    BigInt64Array,
    Int32Array,
    RangeError,
    SharedArrayBuffer,
    WebAssembly,
    Worker,
    wat2wasm,
)
from pyjsapi.blocks.shared import SharedBlock
from pyjsapi.blocks.waiting import Parked, WaiterPolicy

SOON = 60.0
PAGE = 65536
TEXT = """
  (memory $m (import "env" "m") 1 9 shared)
  (func (export "wait32") (param i32 i32 i64) (result i32)
    (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "wait64") (param i32 i64 i64) (result i32)
    (memory.atomic.wait64 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "notify") (param i32 i32) (result i32)
    (memory.atomic.notify (local.get 0) (local.get 1)))
"""


def until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0)  # lets another thread run


def shared() -> WebAssembly.Memory:
    return WebAssembly.Memory(initial=1, maximum=9, shared=True)


def block_of(memory: WebAssembly.Memory) -> SharedBlock:
    buffer = memory.buffer
    assert isinstance(buffer, SharedArrayBuffer)
    return buffer._block


def wait_async(array: Int32Array, index: int) -> concurrent.futures.Future[str]:
    """The promise of a wait that begins where no event loop runs."""
    promise = Atomics.waitAsync(array, index, 0).value
    assert isinstance(promise, concurrent.futures.Future)
    return promise


def exports(memory: WebAssembly.Memory, text: str = TEXT) -> Any:
    return WebAssembly.Instance(WebAssembly.Module(wat2wasm(text)), {"env": {"m": memory}}).exports


@pytest.fixture
def agent() -> Iterator[Agent]:
    agent = Agent.current()
    policy = agent.waiter
    yield agent
    agent.waiter = policy


def test_sm_12_instructions_and_atomics_wait_in_one_queue() -> None:
    memory = shared()
    block = block_of(memory)
    array, wide = Int32Array(memory.buffer), BigInt64Array(memory.buffer)
    e = exports(memory)
    woken: list[str] = []

    def waiting(name: str, wait: Callable[[], Any], result: Any) -> threading.Thread:
        def run() -> None:
            assert wait() == result
            woken.append(name)

        thread = threading.Thread(target=run, daemon=True)
        position = block.waiting(8)
        thread.start()
        until(lambda: block.waiting(8) == position + 1)
        return thread

    threads = [waiting("a", lambda: e.wait32(8, 0, -1), 0)]
    promise = wait_async(array, 2)
    threads.append(waiting("b", lambda: e.wait64(8, 0, 1 << 62), 0))
    threads.append(waiting("c", lambda: Atomics.wait(wide, 1, 0), "ok"))
    assert e.notify(8, 0) == 0
    assert e.notify(8, 1) == 1
    threads[0].join(SOON)
    assert (woken, promise.done()) == (["a"], False)
    assert Atomics.notify(wide, 1, 1) == 1
    assert (woken, promise.result(SOON)) == (["a"], "ok")
    assert Atomics.notify(array, 2, 1) == 1
    threads[1].join(SOON)
    assert woken == ["a", "b"]
    assert e.notify(8, -1) == 1
    threads[2].join(SOON)
    assert woken == ["a", "b", "c"]
    assert e.notify(8, -1) == 0


@pytest.mark.parametrize("timeout", [(1 << 63) - 1, -1, -(1 << 63)], ids=hex)
def test_sm_13_the_longest_timeouts_wait_until_woken(timeout: int) -> None:
    memory = shared()
    results: list[int] = []
    e = exports(memory)
    thread = threading.Thread(target=lambda: results.append(e.wait64(16, 0, timeout)), daemon=True)
    thread.start()
    until(lambda: block_of(memory).waiting(16) == 1)
    assert e.notify(16, 9) == 1
    thread.join(SOON)
    assert results == [0]


def test_sm_14_expected_values_are_little_endian() -> None:
    memory = shared()
    array = memory.buffer.mv
    array[0:8] = bytes(range(1, 9))
    e = exports(memory)
    assert e.wait32(0, 0x04030201, 0) == 2
    assert e.wait32(0, 0x01020304, 0) == 1
    assert e.wait64(0, 0x0807060504030201, 0) == 2
    assert e.wait64(0, 0x0102030405060708, 0) == 1


def test_sm_19_an_agent_that_must_not_block_traps(agent: Agent) -> None:
    memory = shared()
    array = Int32Array(memory.buffer)
    e = exports(memory)
    assert agent.can_block
    agent.can_block = False
    assert not agent.can_block
    for expected in (0, 1):
        for timeout in (0, -1):
            with pytest.raises(WebAssembly.RuntimeError, match="must not block"):
                e.wait32(0, expected, timeout)
        with pytest.raises(TypeError, match="must not block"):
            Atomics.wait(array, 0, expected, 0)
    # What is found before that.
    with pytest.raises(WebAssembly.RuntimeError, match="unaligned atomic"):
        e.wait32(1, 0, 0)
    with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
        e.wait32(PAGE, 0, 0)
    promise = wait_async(array, 0)
    assert e.notify(0, 1) == 1
    assert promise.result(0) == "ok"
    agent.can_block = True
    assert e.wait32(0, 0, 0) == 2


def test_sm_19_a_worker_that_must_not_block() -> None:
    def work(scope: Any) -> None:
        def handle(event: Any) -> None:
            found = []
            for wait in (
                lambda: exports(event.data).wait32(0, 1, 0),
                lambda: Atomics.wait(Int32Array(event.data.buffer), 0, 1),
                lambda: scope.receive(),
            ):
                try:
                    wait()
                except Exception as error:
                    found.append(error)
            scope.postMessage([Agent.current().can_block, *found])
            scope.close()

        scope.onmessage = handle

    memory = shared()
    with Worker(work, can_block=False) as worker:
        worker.postMessage(memory)
        # Its handlers must run all the same: only what a program calls may not block.
        can_block, trap, *others = worker.receive(SOON)
    assert can_block is False
    assert isinstance(trap, WebAssembly.RuntimeError)
    assert [type(error) for error in others] == [TypeError, TypeError]


def test_an_agent_waits_as_its_policy_says(agent: Agent) -> None:
    class Impatient(WaiterPolicy):
        asked: list[int] = []  # noqa: RUF012

        def park(self, lock: Parked, timeout: int) -> bool:
            self.asked.append(timeout)
            return super().park(lock, 0)

    agent.waiter = Impatient()
    memory = shared()
    assert exports(memory).wait32(0, 0, -1) == 2
    assert Atomics.wait(Int32Array(memory.buffer), 0, 0, 5) == "timed-out"
    assert Impatient.asked == [-1, 5_000_000]
    assert block_of(memory).waiting() == 0


def test_only_an_agent_itself_changes_how_it_waits(agent: Agent) -> None:
    raised: list[BaseException] = []

    def run() -> None:
        assert Agent.current() is not agent
        try:
            agent.can_block = False
        except RuntimeError as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert len(raised) == 1
    assert agent.can_block
    assert agent.cluster is Agent.current().cluster


def test_wt_7_a_prober_of_the_last_word_never_traps_while_the_memory_grows() -> None:
    text = """(memory (import "env" "m") 1 300 shared)
      (func (export "grow") (loop $l (br_if $l (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0)))))
      (func (export "probe") (result i32) (local $sum i32)
        (loop $l
          (local.set $sum (i32.or (local.get $sum)
            (i32.load (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4)))))
          (local.set $sum (i32.or (local.get $sum)
            (i32.atomic.load (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4)))))
          (memory.fill (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 8)) (i32.const 0) (i32.const 8))
          (br_if $l (i32.lt_u (memory.size) (i32.const 300))))
        (local.get $sum))"""
    memory = WebAssembly.Memory(initial=1, maximum=300, shared=True)
    results: list[int] = []
    probers = [
        threading.Thread(target=lambda: results.append(exports(memory, text).probe()), daemon=True)
        for _ in range(2)
    ]
    for thread in probers:
        thread.start()
    exports(memory, text).grow()
    for thread in probers:
        thread.join(SOON)
    assert results == [0, 0]


def test_unaligned_atomics_trap_at_every_width() -> None:
    for size, prefix in (
        (2, "i32.atomic.load16_u"),
        (4, "i32.atomic.load"),
        (8, "i64.atomic.load"),
    ):
        e = exports(
            shared(),
            f'(memory (import "env" "m") 1 9 shared) (func (export "f") (param i32) (drop ({prefix} (local.get 0))))',
        )
        e.f(size)
        for address in range(1, size):
            with pytest.raises(WebAssembly.RuntimeError, match="unaligned atomic"):
                e.f(address)


def test_the_host_waits_and_notifies_as_the_instructions_do() -> None:
    memory = shared()
    results: list[int] = []
    for wait in (memory.atomic_wait32, memory.atomic_wait64):
        assert wait(8, 1) == 1
        assert wait(8, 0, 0) == 2
        for timeout in (-1, 1 << 80):
            thread = threading.Thread(target=lambda w=wait, t=timeout: results.append(w(8, 0, t)))
            thread.start()
            until(lambda: block_of(memory).waiting(8) == 1)
            assert memory.atomic_notify(8) == 1
            thread.join(SOON)
    assert results == [0] * 4
    assert memory.atomic_notify(8, 5) == 0
    for address, message in ((2, "unaligned"), (PAGE, "out of bounds")):
        with pytest.raises(WebAssembly.RuntimeError, match=message):
            memory.atomic_wait32(address, 0)
        with pytest.raises(WebAssembly.RuntimeError, match=message):
            memory.atomic_notify(address)
    with pytest.raises(RangeError):
        memory.atomic_notify(-4)
    unshared = WebAssembly.Memory(initial=1)
    assert unshared.atomic_notify(0) == 0
    with pytest.raises(WebAssembly.RuntimeError, match="expected shared memory"):
        unshared.atomic_wait64(0, 0)
