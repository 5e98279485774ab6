"""What the addresses of a memory stand for, described."""

from __future__ import annotations

from typing import Any

import pytest

from pyjsapi import WebAssembly
from pyjsapi.blocks.paging import paging
from pyjsapi.sharing import HostResource, Region, SharedHeap, layout
from pyjsapi.sharing.control import map_pages

PAGE = 65536


def told(memory: Any) -> list[tuple[Any, ...]]:
    return [(r.start // PAGE, r.end // PAGE, r.owner, r.offset, r.access) for r in layout(memory)]


def test_a_memory_of_its_own_is_one_region() -> None:
    assert layout(WebAssembly.Memory(initial=2)) == (Region(0, 2 * PAGE),)
    assert layout(WebAssembly.Memory(initial=0)) == ()


@pytest.mark.parametrize("strategy", ["mmap", "segment", "copy"])
def test_what_is_mapped_is_the_resources(strategy: str, tmp_path: Any) -> None:
    if strategy == "mmap" and paging() is None:
        pytest.skip("the system maps no files into memories")
    path = tmp_path / "file"
    path.write_bytes(bytes(4 * PAGE))
    memory = WebAssembly.Memory(initial=5)
    with HostResource.file(path, trusted=True) as file:
        mapping = memory.map(file, 3 * PAGE, at=PAGE, offset=PAGE, strategy=strategy)
        assert told(memory) == [
            (0, 1, None, 0, "rw"),
            (1, 4, file, PAGE, "rw"),
            (4, 5, None, 0, "rw"),
        ]
        assert layout(memory)[1].strategy == strategy
        memory.unmap(2 * PAGE, PAGE)
        assert told(memory)[1:4] == [
            (1, 2, file, PAGE, "rw"),
            (2, 3, None, 0, "rw"),
            (3, 4, file, 3 * PAGE, "rw"),
        ]
        memory.protect(PAGE, 1, "r")
        assert told(memory)[1] == (1, 2, file, PAGE, "r")
        mapping.unmap()
        assert {region.owner for region in layout(memory)} == {None}


def test_protection_and_heaps_are_told() -> None:
    memory = WebAssembly.Memory(initial=4, noAccess=1, readOnly=2)
    heap = SharedHeap(PAGE)
    memory.attach_heap(heap)
    assert told(memory) == [
        (0, 1, None, 0, "none"),
        (1, 3, None, 0, "r"),
        (3, 4, None, 0, "rw"),
        (65535, 65536, heap, 0, "rw"),
    ]
    memory.detach_heap()
    assert len(told(memory)) == 3


def test_a_virtual_memory_has_what_is_mapped() -> None:
    memory = WebAssembly.Memory(initial=1 << 20, address="i64", virtual=True)
    map_pages(memory._memory, 7 * PAGE, PAGE, "r")
    assert told(memory) == [
        (0, 7, None, 0, "none"),
        (7, 8, None, 0, "r"),
        (8, 1 << 20, None, 0, "none"),
    ]


def test_a_memory_that_stands_on_a_resource_is_its() -> None:
    resource = HostResource.anon(2 * PAGE)
    memory = WebAssembly.Memory(initial=1, maximum=2, backing=resource)
    assert told(memory) == [(0, 1, resource, 0, "rw")]
    memory.protect(0, 1, "r")
    assert told(memory) == [(0, 1, resource, 0, "r")]
