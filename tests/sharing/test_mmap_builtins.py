"""The builtin set ``mmap`` (option 1)."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import pyjsapi
from pyjsapi import RangeError, WebAssembly, null, wat2wasm
from pyjsapi.blocks import paging
from pyjsapi.blocks.paging import page_size
from pyjsapi.sharing import HostResource
from pyjsapi.sharing.builtins.mmap import BUILTINS
from tests.sharing.guests import PAGE, handing_out, imported, traps

FIELDS = """(memory (export "memory") 4 8)
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))"""
READ, BOTH = 1, 3

needs_mmap = pytest.mark.skipif(
    not hasattr(os, "memfd_create"), reason="files in memory are Linux's"
)


def _guest(fields: str = FIELDS, **members: Any) -> Any:
    return WebAssembly.Instance(handing_out("mmap", BUILTINS, fields), **members)


def test_o1_1_a_guest_maps_writes_and_unmaps_and_the_host_reads_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(2 * PAGE))
    text = f"""(module {imported("mmap", BUILTINS, ("map", "unmap", "sync"))} (memory 4)
      (func (export "write") (param $res externref) (result i32) (local $at i32)
        (local.set $at (call $map (local.get $res)
          (i64.const {PAGE}) (i32.const {PAGE}) (i32.const {PAGE}) (i32.const 3)))
        (i32.store offset=100 (local.get $at) (i32.const 0x01020304))
        (memory.fill (i32.add (local.get $at) (i32.const 200)) (i32.const 7) (i32.const 3))
        (drop (call $sync (local.get $at) (i32.const {PAGE})))
        (i32.add (local.get $at) (call $unmap (local.get $at) (i32.const {PAGE}))))
      (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))"""
    exports = WebAssembly.Instance(WebAssembly.Module(wat2wasm(text), builtins=["mmap"])).exports
    with HostResource.file(path, trusted=True) as resource:
        assert exports.write(resource) == PAGE
    found = path.read_bytes()
    assert (
        found[PAGE + 100 : PAGE + 104] == b"\4\3\2\1"
        and found[PAGE + 200 : PAGE + 204] == b"\7\7\7\0"
    )
    assert found[:PAGE] == bytes(PAGE)
    assert exports.load(PAGE + 100) == 0


@pytest.mark.parametrize("storage", [None, "guarded", "reserve"])
@pytest.mark.parametrize("files", [True, False])
@needs_mmap
def test_o1_2_a_mapping_survives_memory_grow(
    storage: str | None, files: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not files:  # as in Windows and Pyodide
        monkeypatch.setattr(paging, "paging", lambda: None)
    instance = _guest(memory_overrides={0: {"storage": storage}})
    exports = instance.exports
    resource = HostResource.memfd(PAGE)
    assert exports.map(resource, 0, 2 * PAGE, PAGE, BOTH) == 2 * PAGE
    assert exports.grow() == 4
    exports.store(2 * PAGE + 8, 99)
    assert resource.read(8, 1) == b"c"
    resource.write(12, b"\5")
    assert (exports.load(2 * PAGE + 12), exports.load(4 * PAGE)) == (5, 0)
    (mapping,) = exports.memory.mappings
    assert mapping.zero_copy
    assert mapping.strategy == ("mmap" if storage == "reserve" and files else "segment")


# Party P of three writes to cells 3n + P, and reads from any; each of them maps the bytes elsewhere.
PARTY = f"""(module {imported("mmap", BUILTINS, ("map",))} (memory 8)
  (func (export "map") (param $res externref) (param $at i32) (result i32)
    (call $map (local.get $res) (i64.const 0) (local.get $at) (i32.const {PAGE}) (i32.const 3)))
  (func (export "run") (param $at i32) (param $party i32) (param $seed i32) (param $count i32) (result i32)
    (local $sum i32)
    (loop $more
      (local.set $seed (i32.add (i32.mul (local.get $seed) (i32.const 1103515245)) (i32.const 12345)))
      (i32.store
        (i32.add (local.get $at) (i32.mul (i32.const 4) (i32.add (local.get $party) (i32.mul (i32.const 3)
          (i32.rem_u (i32.shr_u (local.get $seed) (i32.const 8)) (i32.const 5400))))))
        (local.get $seed))
      (local.set $sum (i32.add (local.get $sum) (i32.load (i32.add (local.get $at)
        (i32.and (i32.shr_u (local.get $seed) (i32.const 3)) (i32.const 0xfffc))))))
      (br_if $more (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $sum))
  (export "memory" (memory 0)))"""
OTHER_PROCESS = """
import sys
from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.sharing import HostResource
name, text = sys.argv[1:]
exports = WebAssembly.Instance(WebAssembly.Module(wat2wasm(text), builtins=["mmap"])).exports
at = exports.map(HostResource.shm(name, trusted=True), 5 * 65536)
print(at, flush=True)
sys.stdin.readline()
exports.run(at, 2, 1002, 33334)
print("done", flush=True)
sys.stdin.readline()
print(bytes(exports.memory.view("B", at, 65536)).hex())
"""


def _model(counts: dict[int, int]) -> bytes:
    cells = [0] * (PAGE // 4)
    for party, count in counts.items():
        seed = 1000 + party
        for _ in range(count):
            seed = (seed * 1103515245 + 12345) & 0xFFFF_FFFF
            cells[party + 3 * ((seed >> 8) % 5400)] = seed
    return b"".join(cell.to_bytes(4, "little") for cell in cells)


@pytest.mark.skipif(sys.platform == "win32", reason="shared memory of POSIX")
def test_o1_3_two_instances_and_another_process_see_the_same_bytes() -> None:
    with HostResource.shm(size=PAGE) as resource:
        command = [sys.executable, "-c", OTHER_PROCESS, str(resource.name), PARTY]
        environment = {**os.environ, "PYTHONPATH": str(Path(pyjsapi.__file__).parents[1])}
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        ) as other:
            assert other.stdin is not None and other.stdout is not None
            module = WebAssembly.Module(wat2wasm(PARTY), builtins=["mmap"])
            parties = [WebAssembly.Instance(module).exports for _ in range(2)]
            places = [
                party.map(resource, at) for party, at in zip(parties, (PAGE, 7 * PAGE), strict=True)
            ]
            assert [*places, int(other.stdout.readline())] == [PAGE, 7 * PAGE, 5 * PAGE]
            other.stdin.write("go\n")
            other.stdin.flush()
            for number, (party, at) in enumerate(zip(parties, places, strict=True)):
                party.run(at, number, 1000 + number, 33_333)
            assert other.stdout.readline() == "done\n"
            other.stdin.write("go\n")
            other.stdin.flush()
            views = [
                bytes(party.memory.view("B", at, PAGE))
                for party, at in zip(parties, places, strict=True)
            ]
            views.append(bytes.fromhex(other.stdout.readline()))
        assert other.returncode == 0
    model = hashlib.sha256(_model({0: 33_333, 1: 33_333, 2: 33_334})).hexdigest()
    assert [hashlib.sha256(view).hexdigest() for view in views] == [model] * 3


@pytest.mark.parametrize("kind", ["memfd", "buffer", "file"])
def test_o1_4_a_store_into_what_is_mapped_for_reading_traps(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abcd" * (PAGE // 4))
    resource = {
        "memfd": lambda: HostResource.memfd(PAGE),
        "buffer": lambda: HostResource.buffer(path.read_bytes()),
        "file": lambda: HostResource.file(path, writable=False),
    }[kind]()
    exports = _guest().exports
    assert exports.map(resource, 0, PAGE, PAGE, READ) == PAGE
    assert exports.load(PAGE) == int.from_bytes(resource.read(0, 4), "little")
    traps("read-only", lambda: exports.store(PAGE, 1), lambda: exports.store(2 * PAGE - 4, 1))
    exports.store(2 * PAGE, 1)
    assert exports.unmap(PAGE, PAGE) == 0
    exports.store(PAGE, 5)
    assert exports.load(PAGE) == 5


@pytest.mark.parametrize("foreign", [None, 7, "resource", bytearray(8), object()])
def test_o1_5_null_and_what_is_no_resource_trap(foreign: object) -> None:
    exports = _guest().exports
    for call in ("map", "map64"):
        traps("the reference is not a resource", lambda c=call: exports[c](foreign, 0, 0, 8, BOTH))  # type: ignore[misc]
        traps("null resource", lambda c=call: exports[c](null, 0, 0, 8, BOTH))  # type: ignore[misc]
    traps("null resource", lambda: exports.size(null))


@pytest.mark.parametrize(
    ("offset", "address", "length", "prot", "reason"),
    [
        (0, 0, 4 * PAGE + 1, BOTH, "the resource has"),
        (0, 3 * PAGE, 2 * PAGE, BOTH, "the memory has 262144 bytes"),
        (0, -65537, 8, BOTH, "the memory has 262144 bytes"),
        (3 * PAGE, 0, PAGE + 1, BOTH, "the resource has"),
        (-1, 0, 8, BOTH, "the resource has"),
        (0, 0, 0, BOTH, "0 bytes cannot be mapped"),
        (0, 0, -1, BOTH, "the resource has"),
        (0, 0, 8, 2, "prot is 2: it must be 1"),
        (0, PAGE, PAGE, BOTH, "overlap"),
    ],
)
def test_o1_5_what_cannot_be_mapped_gives_minus_1_and_the_reason(
    offset: int, address: int, length: int, prot: int, reason: str
) -> None:
    instance = _guest()
    resource = HostResource.buffer(bytearray(4 * PAGE))
    assert instance.last_mmap_error is None
    assert instance.exports.map(resource, 0, PAGE, 100, BOTH) == PAGE
    assert instance.exports.map(resource, offset, address, length, prot) == -1
    assert reason in str(instance.last_mmap_error)
    assert len(instance.exports.memory.mappings) == 1


def test_read_only_and_closed_resources_give_minus_1() -> None:
    instance = _guest()
    resource = HostResource.buffer(b"constant")
    assert instance.exports.map(resource, 0, 0, 8, BOTH) == -1
    assert "read-only" in instance.last_mmap_error
    resource.close()
    assert instance.exports.map(resource, 0, 0, 8, READ) == -1
    assert "closed" in instance.last_mmap_error


def test_addresses_are_rounded_down_and_chosen_by_the_host() -> None:
    exports = _guest().exports
    data = bytearray(b"bytes")
    resource = HostResource.buffer(data)
    at = exports.map(resource, 1, 70_000, 3, BOTH)
    assert at == 70_000 // page_size() * page_size()
    assert exports.load(at) == int.from_bytes(b"yte\0", "little")
    exports.store(at, 0)  # of which the fourth byte is the memory's own
    assert data == bytearray(b"b\0\0\0s")
    assert [exports.map(resource, 0, -1, 5, READ) for _ in range(2)] == [0, PAGE]
    assert exports.size(resource) == 5


def test_a_mapping_is_unmapped_in_part() -> None:
    instance = _guest()
    exports, data = instance.exports, bytearray(b"\1" * 3 * PAGE)
    exports.map(HostResource.buffer(data), 0, 0, 3 * PAGE, BOTH)
    assert exports.unmap(PAGE, PAGE) == 0
    assert [exports.load(n * PAGE) for n in range(3)] == [0x01010101, 0, 0x01010101]
    exports.store(PAGE, 7)
    assert data[PAGE] == 1
    assert exports.unmap(3 * PAGE, 4) == 0  # nothing is there
    assert (exports.unmap(0, 0), exports.unmap(4 * PAGE, 1)) == (-1, -1)
    assert "the memory has" in instance.last_mmap_error


def test_sync_writes_to_a_file_that_is_copied(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(PAGE))
    exports = _guest().exports
    resource = HostResource.file(path)  # which anybody could make shorter
    assert exports.map(resource, 0, 0, PAGE, BOTH) == 0
    exports.store(4, 9)
    assert path.read_bytes()[4] == 0
    assert (exports.sync(8 * PAGE, 1), exports.sync(0, PAGE), path.read_bytes()[4]) == (-1, 0, 9)


def test_the_variants_for_64_bit_addresses() -> None:
    fields = FIELDS.replace(" 4 8)", " i64 4 8)")
    fields = fields.replace("(local.get 0)", "(i64.extend_i32_u (local.get 0))")
    fields = fields.replace("(i32.const 1)))", "(i64.const 1)))").replace(
        '"grow") (result i32)', '"grow") (result i64)'
    )
    instance = _guest(fields)
    exports, data = instance.exports, bytearray(PAGE)
    resource = HostResource.buffer(data)
    assert exports.map64(resource, 0, PAGE, PAGE, BOTH) == PAGE
    exports.store(PAGE, 5)
    assert data[0] == 5
    assert (exports.sync64(PAGE, 8), exports.unmap64(PAGE, PAGE), exports.load(PAGE)) == (0, 0, 0)
    assert exports.map64(resource, 0, -1, PAGE, READ) == 0
    assert exports.map64(resource, 0, 1 << 40, PAGE, READ) == -1
    assert exports.map(resource, 0, PAGE, PAGE, READ) == -1
    assert instance.last_mmap_error == "memory 0 has 64-bit addresses: use map64"


def test_a_reference_says_into_which_memory() -> None:
    exports = _guest().exports
    memory, data = WebAssembly.Memory(initial=1), bytearray(b"\0" * 8)
    assert exports.map_in(memory, HostResource.buffer(data), 0, 4096, 8, BOTH) == 4096
    memory.view("B", 4096, 1)[0] = 6
    assert data[0] == 6
    assert (exports.sync_in(memory, 0, 8), exports.unmap_in(memory, 4096, 8)) == (0, 0)
    assert memory.mappings == ()
    traps(
        "null memory reference", lambda: exports.map_in(null, HostResource.anon(8), 0, 0, 8, BOTH)
    )


def test_a_memory_with_direct_access_maps_what_needs_no_calls() -> None:
    instance = _guest(memory_overrides={0: {"storage": "reserve"}})
    run = instance.exports.map
    if hasattr(os, "memfd_create"):
        assert run(HostResource.memfd(PAGE), 0, 0, PAGE, BOTH) == 0
    assert not instance.exports.memory._memory.by_calls
    text = f"""(module {imported("mmap", BUILTINS, ("map",))} (memory 1)
      (func (export "f") (param externref) (result i32)
        (call $map (local.get 0) (i64.const 0) (i32.const 0) (i32.const 8) (i32.const 1))
        (i32.store (i32.const 16) (i32.const 1))))"""
    module = WebAssembly.Module(wat2wasm(text), builtins=["mmap"])
    instance = WebAssembly.Instance(module, memory_overrides={0: {"storage": "heap"}})
    assert instance.exports.f(HostResource.buffer(bytearray(8))) == -1
    assert "storage='guarded'" in str(instance.last_mmap_error)


def test_an_imported_memory_of_which_code_is_running_is_told_of() -> None:
    child = WebAssembly.Module(
        wat2wasm(
            f"""(module {imported("mmap", BUILTINS, ("map",))} (import "m" "memory" (memory 1))
              (func (export "f") (param externref) (result i32)
                (call $map (local.get 0) (i64.const 0) (i32.const 0) (i32.const 8) (i32.const 1))))"""
        ),
        builtins=["mmap"],
    )
    found: list[Any] = []

    def host() -> None:
        instance = WebAssembly.Instance(child, {"m": parent.exports})
        found.append(instance.exports.f(HostResource.buffer(bytearray(8))))
        found.append(instance.last_mmap_error)

    parent = WebAssembly.Instance(
        WebAssembly.Module(
            wat2wasm(
                """(module (import "m" "host" (func $host)) (memory (export "memory") 1)
                  (func (export "f") (result i32) (call $host) (i32.load (i32.const 0))))"""
            )
        ),
        {"m": {"host": host}},
    )
    parent.exports.f()
    assert found[0] == -1 and "is running" in found[1]


def test_an_import_of_another_type_is_a_compile_error() -> None:
    data = wat2wasm('(module (import "pyjsapi:mmap" "size" (func (param externref) (result i32))))')
    with pytest.raises(WebAssembly.CompileError, match="must be imported as a function of type"):
        WebAssembly.Module(data, builtins=["mmap"])
    with pytest.raises(RangeError):
        WebAssembly.Memory(initial=1).map(HostResource.anon(8), at=PAGE)
