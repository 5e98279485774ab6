"""Memories that become guarded, or move to where files can be mapped, while other threads call their code."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pyjsapi import Uint32Array, WebAssembly, wat2wasm
from pyjsapi.sharing import HostResource

PAGE = 65536
MODULE = WebAssembly.Module(
    wat2wasm("""
  (module (import "host" "memory" (memory 2)) (import "host" "call" (func $call))
    (func (export "count") (param $at i32) (local $left i32)
      (local.set $left (i32.const 3))
      (loop $more
        (i32.store (local.get $at) (i32.add (i32.load (local.get $at)) (i32.const 1)))
        (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
    (func (export "within") (result i32)
      (i32.store (i32.const 8) (i32.const 1))
      (call $call)
      (i32.add (i32.load (i32.const 8)) (i32.load (i32.const 65536)))))""")
)


@pytest.fixture(autouse=True)
def _switching_often() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def instance(memory: Any, call: Callable[[], object]) -> Any:
    return WebAssembly.Instance(MODULE, {"host": {"memory": memory, "call": call}}).exports


@pytest.mark.parametrize("strategy", ["segment", "mmap"])
def test_nothing_is_lost_while_the_way_to_the_bytes_changes(strategy: str) -> None:
    """Whoever runs finds the bytes where they are, or the map is refused."""
    with HostResource.memfd(PAGE) as resource:
        for _ in range(60):
            memory = WebAssembly.Memory(initial=2, maximum=3)
            guest = instance(memory, lambda: None)
            guest.count(0)
            calls, failures, done = [0], [], threading.Event()

            def run(guest: Any = guest, calls: list[int] = calls, done: Any = done) -> None:
                try:
                    while not done.is_set():
                        guest.count(8)
                        calls[0] += 1
                except BaseException as error:
                    failures.append(error)  # noqa: B023

            thread = threading.Thread(target=run)
            thread.start()
            for _ in range(20):
                try:
                    memory.map(resource, at=PAGE, strategy=strategy)
                    break
                except WebAssembly.RuntimeError:
                    assert not memory.mappings
            done.set()
            thread.join()
            assert failures == []
            guest.count(8)
            assert Uint32Array(memory.buffer)[2] == 3 * calls[0] + 3


def test_a_memory_does_not_move_under_code_of_another_thread() -> None:
    memory = WebAssembly.Memory(initial=2, maximum=3)
    reserved = WebAssembly.Memory(initial=2, maximum=3, storage="reserve")
    there, leave = threading.Event(), threading.Event()

    def wait() -> None:
        there.set()
        leave.wait()

    with HostResource.memfd(PAGE) as resource:
        for place, refused in ((memory, True), (reserved, False)):
            there.clear()
            leave.clear()
            guest, found = instance(place, wait), list[int]()
            thread = threading.Thread(target=lambda guest=guest, f=found: f.append(guest.within()))
            thread.start()
            there.wait()
            if refused:
                with pytest.raises(WebAssembly.RuntimeError, match="code of another thread is"):
                    place.map(resource, at=PAGE)
            else:
                place.map(resource, at=PAGE)
                resource.view()[0] = 41
            leave.set()
            thread.join()
            assert found == [1 if refused else 42]
        assert memory.map(resource, at=PAGE).strategy == "mmap"


def test_a_function_of_the_host_that_code_calls_may_map_files() -> None:
    memory = WebAssembly.Memory(initial=2, maximum=3)
    with HostResource.memfd(PAGE) as resource:
        resource.view()[0] = 41
        guest = instance(memory, lambda: memory.map(resource, at=PAGE))
        assert guest.within() == 42
