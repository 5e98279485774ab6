"""Memories that stand on a resource as a whole (O2-5, UC-16), and on storage of a kind (UC-22)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import RangeError, Uint8Array, WebAssembly, wat2wasm
from pyjsapi.sharing import HostResource
from tests.sharing.accessing import PAGE, guest

numpy = pytest.importorskip("numpy")


def test_uc_16_an_array_is_a_memory() -> None:
    array = numpy.zeros(2 * PAGE // 4, numpy.float32)
    memory = WebAssembly.Memory(backing=array, maximum=3)
    assert (memory.type()["minimum"], memory.stats.bytes_copied) == (2, 0)
    exports = guest(memory)
    exports["f32.store"](PAGE, 1.5)
    assert array[PAGE // 4] == 1.5
    assert numpy.shares_memory(array, numpy.asarray(memory.view("B")))
    assert memory.address_of(0) == array.ctypes.data
    assert exports["memory.grow"](1) == -1
    with pytest.raises(RangeError):
        memory.grow(1)


def test_a_member_that_is_none_is_missing() -> None:
    for descriptor in ({"initial": 1, "backing": None}, {"initial": 1, "storage": None}):
        assert WebAssembly.Memory(descriptor).buffer.byteLength == PAGE
    assert WebAssembly.Memory(initial=1, backing=None).buffer.byteLength == PAGE


def test_a_memory_grows_as_far_as_its_resource() -> None:
    data = bytearray(3 * PAGE + 100)
    memory = WebAssembly.Memory(initial=1, backing=data)
    exports = guest(memory)
    assert exports["memory.grow"](2) == 1
    exports["i32.store8"](3 * PAGE - 1, 4)
    assert (exports["memory.grow"](1), data[3 * PAGE - 1]) == (-1, 4)
    with pytest.raises(RangeError, match="backing"):
        WebAssembly.Memory(initial=4, backing=data)


def test_a_file_survives_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(PAGE))
    with pytest.raises(RangeError, match="trusted=True"):
        WebAssembly.Memory(initial=1, backing=HostResource.file(path))
    for run in range(2):
        memory = WebAssembly.Memory(backing=HostResource.file(path, trusted=True))
        exports = guest(memory)
        assert exports["i32.load"](8) == run
        exports["i32.store"](8, run + 1)
        del exports, memory
    assert path.read_bytes()[8] == 2


def test_read_only_bytes_make_a_read_only_memory(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"constant" + bytes(PAGE))
    resource = HostResource.file(path, writable=False, trusted=True)
    exports = guest(WebAssembly.Memory(backing=resource))
    assert exports["i32.load8_u"](0) == ord("c")
    with pytest.raises(WebAssembly.RuntimeError, match="read-only"):
        exports["i32.store8"](0, 1)
    with pytest.raises(RangeError, match="read-only"):
        WebAssembly.Memory(initial=1, maximum=1, shared=True, backing=resource)


_CHILD = """
import sys
from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.sharing import HostResource
resource = HostResource.shm(sys.argv[1], trusted=True)
memory = WebAssembly.Memory(initial=1, maximum=1, shared=True, backing=resource)
text = sys.argv[2]
exports = WebAssembly.Instance(WebAssembly.Module(wat2wasm(text)), {"h": {"m": memory}}).exports
for _ in range(5000):
    exports.add()
"""


def test_a_shared_memory_on_shared_memory_of_the_system_is_atomic_for_all_processes() -> None:
    text = """(module (import "h" "m" (memory 1 1 shared))
      (func (export "add") (drop (i32.atomic.rmw.add (i32.const 64) (i32.const 1)))))"""
    with HostResource.shm(size=PAGE) as resource:
        memory: Any = WebAssembly.Memory(initial=1, maximum=1, shared=True, backing=resource)
        if memory._memory.block.backend != "libatomic":
            pytest.skip("the machine's atomic accesses cannot be had here")
        exports = WebAssembly.Instance(
            WebAssembly.Module(wat2wasm(text)), {"h": {"m": memory}}
        ).exports
        command = [sys.executable, "-c", _CHILD, resource.name or "", text]
        children = [subprocess.Popen(command) for _ in range(2)]
        for _ in range(5000):
            exports.add()
        assert [child.wait() for child in children] == [0, 0]
        assert Uint8Array(memory.buffer)[64:68].tobytes() == (15000).to_bytes(4, "little")


@pytest.mark.parametrize("storage", ["auto", "heap", "reserve", "guarded"])
def test_uc_22_every_kind_of_storage_has_the_same_results(storage: Any) -> None:
    memory = WebAssembly.Memory(initial=1, maximum=5, storage=storage)
    exports = guest(memory)
    exports["i32.store"](0, 0x01020304)
    assert exports["memory.grow"](3) == 1
    exports["memory.copy"](4 * PAGE - 4, 0, 4)
    assert Uint8Array(memory.buffer)[-4 + 4 * PAGE :].tobytes() == b"\4\3\2\1"
    assert memory.grow(1) == 4
    with pytest.raises(TypeError, match="storage"):
        WebAssembly.Memory(initial=1, storage="magic")  # type: ignore[arg-type]
