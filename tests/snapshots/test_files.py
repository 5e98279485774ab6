"""Snapshots in files: what anybody may have written is read safely."""

from __future__ import annotations

import os
import pickle
import struct
import zlib
from binascii import crc32
from pathlib import Path
from random import Random
from typing import Any

import pytest

from pyjsapi import RangeError, WebAssembly, wat2wasm
from pyjsapi.snapshots import Snapshot, SnapshotError, file_format, snapshot
from pyjsapi.snapshots.file_format import Content, decoded, encoded
from pyjsapi.snapshots.images import ZLIB, Image

MIXED = """(module
  (type $s (struct (field (mut i32)) (field (mut anyref)))) (type $a (array (mut i16)))
  (import "e" "f" (func $f (result i32)))
  (memory 2 4) (data $d "abcd") (table $t 3 funcref) (table $x 2 externref) (table $u 1 anyref)
  (global $v (mut v128) (v128.const i64x2 3 4)) (global $g (mut (ref null $s)) (ref.null $s))
  (global $h (mut f64) (f64.const 2.5)) (elem $e anyref (item (ref.i31 (i32.const 5))))
  (func $own (result i32) (i32.const 3)) (elem (i32.const 0) $f $own)
  (func (export "make")
    (memory.init $d (i32.const 70000) (i32.const 0) (i32.const 4)) (i32.store (i32.const 12) (i32.const 77))
    (memory.fill (i32.const 5000) (i32.const 65) (i32.const 600))
    (global.set $g (struct.new $s (i32.const 6) (array.new $a (i32.const 7) (i32.const 5))))
    (table.set $u (i32.const 0) (global.get $g)))
  (func (export "put") (param externref) (table.set $x (i32.const 0) (local.get 0)))
  (func (export "use") (param i32) (result i32)
    (i32.add (i32.load (i32.const 70000)) (call_indirect $t (result i32) (local.get 0)))))"""
IMPORTS: Any = {"e": {"f": lambda: 1}}


@pytest.fixture(scope="module")
def module() -> WebAssembly.Module:
    return WebAssembly.Module(wat2wasm(MIXED))


@pytest.fixture(scope="module")
def taken(module: WebAssembly.Module) -> Snapshot:
    instance = WebAssembly.Instance(module, IMPORTS)
    instance.exports.make()
    instance.exports.put("text")
    return snapshot(instance)


def _outcome(data: bytes, module: WebAssembly.Module) -> str:
    """Whether bytes are refused; if not, an instance that goes on from them does nothing but what modules can do."""
    try:
        exports = Snapshot.from_bytes(data).instantiate(module, IMPORTS).exports
    except (SnapshotError, RangeError):
        return "refused"
    for index in (0, 1, 2):
        try:
            exports.use(index)
        except WebAssembly.RuntimeError:
            return "trapped"
    exports.make()
    return "ran"


def _resealed(data: bytes) -> bytes:
    """Bytes whose head was changed, with the right checksum."""
    magic, version, _, length = struct.unpack_from("<8sIIQ", data)
    end = min(len(data), 24 + length)
    return struct.pack("<8sIIQ", magic, version, crc32(data[24:end]), length) + data[24:]


def test_a_snapshot_comes_back_from_its_file(
    tmp_path: Path, module: WebAssembly.Module, taken: Snapshot
) -> None:
    path = tmp_path / "warm.snap"
    taken.save(path)
    assert [each.name for each in tmp_path.iterdir()] == ["warm.snap"]
    again = Snapshot.load(path)
    assert again.to_bytes() == path.read_bytes() == taken.to_bytes()
    exports = again.instantiate(again.module(), IMPORTS).exports
    assert exports.use(1) == int.from_bytes(b"abcd", "little") + 3
    assert len(path.read_bytes()) < 4096


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_files_have_the_usual_mode(tmp_path: Path, taken: Snapshot) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    taken.save(tmp_path / "snap")
    assert (tmp_path / "snap").stat().st_mode == plain.stat().st_mode


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path, taken: Snapshot) -> None:
    with pytest.raises(OSError):
        taken.save(tmp_path / "none" / "warm.snap")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        taken.save(tmp_path / "folder")
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


def test_the_module_may_be_left_out(module: WebAssembly.Module, taken: Snapshot) -> None:
    data = taken.to_bytes(with_module=False)
    assert wat2wasm(MIXED) not in data
    again = Snapshot.from_bytes(data)
    with pytest.raises(SnapshotError, match="has not its module in it"):
        again.module()
    assert again.instantiate(module, IMPORTS).exports.use(0)


def test_snapshots_are_sent_as_their_bytes(module: WebAssembly.Module, taken: Snapshot) -> None:
    again = pickle.loads(pickle.dumps(Snapshot.from_bytes(taken.to_bytes())))
    assert again.to_bytes() == taken.to_bytes()
    assert again.instantiate(module, IMPORTS).exports.use(0)


def test_memories_are_compressed_when_asked_for(taken: Snapshot) -> None:
    sizes = [len(taken.to_bytes(level=level)) for level in (0, 1, 9)]
    assert sizes[0] - sizes[1] > 500
    assert sizes[2] <= sizes[1]


def test_every_truncation_is_refused(module: WebAssembly.Module, taken: Snapshot) -> None:
    data = taken.to_bytes(level=1)
    for end in range(len(data)):
        with pytest.raises(SnapshotError):
            Snapshot.from_bytes(data[:end])
    with pytest.raises(SnapshotError, match="must have"):
        Snapshot.from_bytes(data + b"\0")


def test_every_flipped_byte_is_refused(module: WebAssembly.Module, taken: Snapshot) -> None:
    data = bytearray(taken.to_bytes())
    module_at = bytes(data).index(wat2wasm(MIXED))
    module_end = module_at + len(wat2wasm(MIXED))
    for position in range(len(data)):
        data[position] ^= 0x41
        with pytest.raises(SnapshotError):
            again = Snapshot.from_bytes(bytes(data))
            assert module_at <= position < module_end
            again.module()
        data[position] ^= 0x41


@pytest.mark.parametrize("seed", range(4))
def test_changed_heads_with_right_checksums_are_refused_or_harmless(
    module: WebAssembly.Module, taken: Snapshot, seed: int
) -> None:
    random = Random(seed)
    data = taken.to_bytes(level=seed & 1, with_module=False)
    length = struct.unpack_from("<Q", data, 16)[0]
    outcomes = set()
    for _ in range(100):
        changed = bytearray(data)
        for _ in range(random.randint(1, 3)):
            at = random.randrange(24 + 32, 24 + length)
            changed[at] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))
        if random.random() < 0.2:
            at = random.randrange(24 + 32, 24 + length)
            del changed[at : at + random.randint(1, 4)]
            struct.pack_into("<Q", changed, 16, length - (len(data) - len(changed)))
        outcomes.add(_outcome(_resealed(bytes(changed)), module))
    assert "refused" in outcomes


@pytest.mark.parametrize("value", [0, 1, 2, 3, 8, 0x7F, 0x80, 0xFF])
def test_every_byte_of_the_state_can_be_anything(
    module: WebAssembly.Module, taken: Snapshot, value: int
) -> None:
    content = decoded(taken.to_bytes(with_module=False))
    for position in range(len(content.state)):
        state = bytearray(content.state)
        state[position] = value
        changed = Content(content.digest, None, False, content.images, bytes(state))
        assert _outcome(encoded(changed), module)


def test_what_is_compressed_must_have_its_length(
    module: WebAssembly.Module, taken: Snapshot
) -> None:
    content = decoded(taken.to_bytes(with_module=False))
    (image,) = content.images
    right = bytes(image.stored)
    for data in (
        zlib.compress(bytes(1 << 26)),
        zlib.compress(right)[:-5],
        zlib.compress(right[:-1]),
        zlib.compress(right) + b"x",
        b"nothing",
    ):
        changed = Image(image.byte_length, image.runs, data, ZLIB)
        bad = encoded(Content(content.digest, None, False, (changed,), content.state))
        with pytest.raises(SnapshotError, match=r"bytes (cannot be decompressed|have another)"):
            Snapshot.from_bytes(bad).instantiate(module, IMPORTS)


def test_a_size_that_no_memory_may_have_is_refused_before_it_takes_room(
    module: WebAssembly.Module, taken: Snapshot
) -> None:
    content = decoded(taken.to_bytes(with_module=False))
    huge = Image(1 << 40, ((0, 1 << 40),), zlib.compress(b"x"), ZLIB)
    bad = encoded(Content(content.digest, None, False, (huge,), content.state))
    with pytest.raises(SnapshotError, match="memory 0 had 16777216 pages, but may have 4 here"):
        Snapshot.from_bytes(bad).instantiate(module, IMPORTS)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "this is no snapshot"),
        (b"\0asm\1\0\0\0", "this is no snapshot"),
        (file_format.MAGIC, "ends within its header"),
    ],
)
def test_what_is_no_snapshot_is_told(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "x.snap"
    path.write_bytes(data)
    with pytest.raises(SnapshotError, match=f"x.snap: .*{message}"):
        Snapshot.load(path)


def test_another_version_is_named(taken: Snapshot) -> None:
    data = bytearray(taken.to_bytes())
    data[8] = 2
    with pytest.raises(SnapshotError, match="of version 2 of the format; this pyjsapi reads"):
        Snapshot.from_bytes(data)
