"""Mappings in memories that several agents of a process have: all of them see the same bytes."""

from __future__ import annotations

from typing import Any

import pytest

from pyjsapi import WebAssembly, structuredClone, wat2wasm
from pyjsapi.sharing import HostResource, SharedHeap

PAGE = 65536
MODULE = WebAssembly.Module(
    wat2wasm("""(module (memory (import "m" "m") 2 4 shared)
      (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
      (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1))))""")
)


def _memory(**members: Any) -> WebAssembly.Memory:
    return WebAssembly.Memory(initial=2, maximum=4, shared=True, **members)


def _guest(memory: WebAssembly.Memory) -> Any:
    return WebAssembly.Instance(MODULE, {"m": {"m": memory}}).exports


@pytest.mark.parametrize("resource", ["memfd", "buffer"])
@pytest.mark.parametrize("posted_before", [False, True])
def test_all_agents_see_what_is_mapped(resource: str, posted_before: bool) -> None:
    memory = _memory()
    clones = [structuredClone(memory)] if posted_before else []
    guests = [_guest(memory), *map(_guest, clones)]
    data = HostResource.memfd(PAGE) if resource == "memfd" else HostResource.buffer(bytearray(PAGE))
    data.write(5, b"!")
    mapping = memory.map(data, at=PAGE)
    assert (
        mapping.strategy
        == {
            ("memfd", False): "mmap",
            ("memfd", True): "mmap",
            ("buffer", False): "segment",
            ("buffer", True): "copy",
        }[resource, posted_before]
    )
    guests.append(_guest(structuredClone(memory)))
    assert [guest.load(PAGE + 5) for guest in guests] == [ord("!")] * len(guests)
    guests[-1].store(PAGE + 6, 7)
    assert [guest.load(PAGE + 6) for guest in guests] == [7] * len(guests)
    mapping.unmap()
    assert [guest.load(PAGE + 6) for guest in guests] == [0] * len(guests)
    assert data.read(5, 2) == b"!\7"


def test_what_others_would_not_see_is_refused() -> None:
    memory = _memory()
    other = structuredClone(memory)
    for change in (
        lambda: memory.map(bytearray(8), at=5, strategy="segment"),
        lambda: memory.map(bytearray(8), at=5, mode="r"),
        lambda: memory.protect(0, PAGE, "r"),
        lambda: memory.attach_heap(SharedHeap(PAGE)),
    ):
        with pytest.raises(WebAssembly.RuntimeError, match="other agents have the memory already"):
            change()
    assert memory.mappings == ()
    _guest(other).store(5, 1)
    del other
    memory.protect(0, PAGE, "r")
    assert _guest(memory).load(5) == 1


def test_a_memory_that_is_guarded_from_the_start_can_be_protected_after_it_was_posted() -> None:
    memory = _memory(storage="guarded")
    theirs = _guest(structuredClone(memory))
    memory.map(bytearray(b"mine"), at=70_001)
    memory.protect(0, PAGE, "none")
    assert theirs.load(70_001) == ord("m")
    with pytest.raises(WebAssembly.RuntimeError, match="protected"):
        theirs.load(0)
