"""Published libraries merged into one module, each with its memory, beside the same ones alone."""

from __future__ import annotations

import hashlib
import json
import random
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from real import library_host as host
from real.build import SOURCE_MAP, pack
from real.engines import PyjsapiEngine, WasmtimeEngine

Loader = Callable[[str], bytes]
MESSAGES = {
    "empty": b"",
    "abc": b"abc",
    "a block": bytes(range(64)),
    "two pieces": random.Random(7).randbytes(host.HEAP + 100),
}


def reference(name: str, data: bytes) -> bytes | None:
    """The digest by Python's standard library, where it has the function."""
    if name in ("adler32", "crc32"):
        value: int = getattr(zlib, name)(data)
        return value.to_bytes(4, "big")
    names = {"sha3": "sha3_512"}
    if name in ("md5", "sha1", "sha256", "sha512", "sha3", "blake2b", "blake2s"):
        return hashlib.new(names.get(name, name), data).digest()
    return None


@pytest.fixture(scope="module")
def hashes(engine: Any, library: Loader, manifest: dict[str, Any]) -> dict[str, host.Library]:
    return host.members(engine, library("hashes"), manifest["merged"]["hashes"])


@pytest.mark.parametrize("name", host.HASH_SETTINGS)
def test_a_merged_hash_gives_the_published_digest(
    hashes: dict[str, host.Library], name: str
) -> None:
    assert host.hash_digest(hashes[name], name, b"abc") == host.DIGESTS_OF_ABC[name]


@pytest.mark.parametrize("name", host.HASH_SETTINGS)
@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES.keys())
def test_a_merged_hash_equals_the_unmerged_one(
    pyjsapi: PyjsapiEngine,
    wasmtime: WasmtimeEngine,
    library: Loader,
    manifest: dict[str, Any],
    name: str,
    message: bytes,
) -> None:
    merged = _merged_hashes(pyjsapi, library, manifest)[name]
    digest = host.hash_digest(merged, name, message)
    assert digest == host.hash_digest(host.alone(pyjsapi, library(name)), name, message)
    assert digest == host.hash_digest(host.alone(wasmtime, library(name)), name, message)
    assert reference(name, message) in (digest, None)


_cached: dict[int, dict[str, host.Library]] = {}


def _merged_hashes(
    engine: Any, library: Loader, manifest: dict[str, Any]
) -> dict[str, host.Library]:
    """One instance for all tests: a digest must not depend on what was hashed before."""
    if id(engine) not in _cached:
        names = manifest["merged"]["hashes"]
        _cached[id(engine)] = host.members(engine, library("hashes"), names)
    return _cached[id(engine)]


def test_hashes_can_be_interleaved_for_each_has_its_own_memory(
    hashes: dict[str, host.Library],
) -> None:
    data = random.Random(8).randbytes(3000)
    for name, merged in hashes.items():
        host.hash_start(merged, name)
    for at in range(0, len(data), 1000):
        for merged in hashes.values():
            host.hash_update(merged, data[at : at + 1000])
    digests = {name: host.hash_finish(merged, name) for name, merged in hashes.items()}
    for name, digest in digests.items():
        assert reference(name, data) in (digest, None)
        assert digest == host.hash_digest(hashes[name], name, data)


def test_every_member_has_a_memory_of_its_own(hashes: dict[str, host.Library]) -> None:
    for number, merged in enumerate(hashes.values()):
        merged["memory"].write(500, bytes([number + 1]) * 3)
    for number, merged in enumerate(hashes.values()):
        assert merged["memory"].read(499, 5) == bytes([0, *[number + 1] * 3, 0])


INPUTS = {
    "text": b"many memories, " * 50,
    "noise": random.Random(9).randbytes(5000),
    "zeros": bytes(30_000),
}


@pytest.mark.parametrize("data", INPUTS.values(), ids=INPUTS.keys())
@pytest.mark.parametrize("seed", [0, 2**63 + 5])
def test_lz4_and_xxhash_merged_equal_the_two_alone(
    engine: Any, library: Loader, manifest: dict[str, Any], data: bytes, seed: int
) -> None:
    merged = host.members(engine, library("fingerprint"), manifest["merged"]["fingerprint"])
    lz4, xxhash = (host.alone(engine, library(name)) for name in ("lz4", "xxhash"))
    packed = host.lz4_compress(lz4, data)
    assert host.lz4_decompress(lz4, packed) == data
    assert host.lz4_compress(merged["lz4"], data) == packed
    assert host.lz4_decompress(merged["lz4"], packed) == data
    expected = host.xxhash64(xxhash, packed, seed)
    assert host.xxhash64(merged["xxhash"], packed, seed) == expected
    assert host.fingerprint(merged, data, seed) == expected
    assert merged["xxhash"]["mem"].read(0, len(packed)) == packed


def test_the_memory_of_xxhash_grows_for_what_lz4_hands_over(
    engine: Any, library: Loader, manifest: dict[str, Any]
) -> None:
    merged = host.members(engine, library("fingerprint"), manifest["merged"]["fingerprint"])
    assert merged["xxhash"]["mem"].byte_length == 65536
    data = random.Random(10).randbytes(70_000)
    value = host.fingerprint(merged, data, 1)
    assert merged["xxhash"]["mem"].byte_length == 2 * 65536
    packed = host.lz4_compress(merged["lz4"], data)
    assert host.xxhash64(merged["xxhash"], packed, 1) == value


def test_xxhash_gives_the_published_value(engine: Any, library: Loader) -> None:
    assert host.xxhash64(host.alone(engine, library("xxhash")), b"abc", 0) == 0x44BC2CF5AD770999


@pytest.fixture(scope="module")
def source_map() -> str:
    text: str = json.loads(SOURCE_MAP.read_text())["mappings"]
    return text


def test_a_source_map_is_parsed_as_its_standard_says(
    engine: Any, library: Loader, source_map: str
) -> None:
    found: list[tuple[int, ...]] = []
    mappings = host.alone(
        engine, library("mappings"), lambda *fields: found.append(host.short_mapping(*fields))
    )
    parsed = host.parse_mappings(mappings, source_map)
    mappings["by_generated_location"](parsed)
    assert sorted(found) == sorted(host.decode_mappings(source_map))
    assert [m[:2] for m in found] == sorted(m[:2] for m in found)


@pytest.mark.parametrize(("text", "code"), [("A!", 4), ("D", 1), ("gggggggggggC", 2), ("g", 3)])
def test_bad_mappings_give_source_maps_error_codes(
    engine: Any, library: Loader, text: str, code: int
) -> None:
    mappings = host.alone(engine, library("mappings"))
    assert host.parse_mappings(mappings, text) == 0
    assert mappings["get_last_error"]() == code


def test_brotli_and_source_map_merged_equal_the_two_alone(
    engine: Any, library: Loader, manifest: dict[str, Any], source_map: str
) -> None:
    packed = pack(source_map.encode())
    brotli = host.alone(engine, library("brotli"))
    assert host.brotli_decompress(brotli, packed).decode() == source_map

    found: list[tuple[int, ...]] = []

    def on_mapping(*fields: int) -> None:
        found.append(host.short_mapping(*fields))

    names = manifest["merged"]["packed_mappings"]
    merged = host.members(engine, library("packed_mappings"), names, on_mapping)
    assert host.brotli_decompress(merged["brotli"], packed).decode() == source_map
    parsed = host.parse_packed(merged, packed)
    merged["mappings"]["by_generated_location"](parsed)
    assert sorted(found) == sorted(host.decode_mappings(source_map))
