"""Hosts for the published libraries: what their JavaScript does, in Python, on any engine.

A `Library` is the exports of one library by the library's own names, whether its module stands
alone or is merged into another, so the same function here calls both.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

from real.binary import summarize
from real.component_host import Engine

Library = Mapping[str, Any]
HEAP = 16 * 1024
"""Bytes of input that hash-wasm takes at once."""


class HostFailure(Exception):
    """A library called an import that it calls only when something is wrong."""


def _failing(name: str) -> Callable[..., None]:
    def fail(*arguments: Any) -> None:
        raise HostFailure(f"{name}{arguments}")

    return fail


def imports_of(data: bytes, on_mapping: Callable[..., None] | None = None) -> dict[str, Any]:
    """Imports for a module: ``on_mapping`` gets source-map's mappings, everything else fails."""
    imports: dict[str, dict[str, Any]] = {}
    for module, name, kind in summarize(data).imports:
        if kind != "function":
            raise ValueError(f"import {module}.{name} is a {kind}, a function is expected")
        function = _failing(name)
        if name == "mapping_callback" and on_mapping is not None:
            function = on_mapping
        imports.setdefault(module, {})[name] = function
    return imports


def alone(engine: Engine, data: bytes, on_mapping: Callable[..., None] | None = None) -> Library:
    """A library's own module."""
    return engine.instantiate(data, imports_of(data, on_mapping))


def members(
    engine: Engine,
    data: bytes,
    names: Mapping[str, Mapping[str, str]],
    on_mapping: Callable[..., None] | None = None,
) -> dict[str, Library]:
    """The libraries in a merged module; ``names`` is what `libraries.merge` returned."""
    exports = engine.instantiate(data, imports_of(data, on_mapping))
    return {
        member: {own: exports[merged] for own, merged in table.items()}
        for member, table in names.items()
    }


# hash-wasm: parameter of Hash_Init and of Hash_Final, bytes in the buffer before Hash_Init, size
# of the digest in bytes
HASH_SETTINGS: dict[str, tuple[int, int, bytes, int]] = {
    "adler32": (0, 0, b"", 4),
    "blake2b": (512, 0, b"", 64),
    "blake2s": (256, 0, b"", 32),
    "blake3": (0, 256 // 8, b"", 32),
    "crc32": (0xEDB88320, 0, b"", 4),
    "crc64": (0, 0, struct.pack("<Q", 0xC96C5795D7870F42), 8),
    "md4": (0, 0, b"", 16),
    "md5": (0, 0, b"", 16),
    "ripemd160": (0, 0, b"", 20),
    "sha1": (0, 0, b"", 20),
    "sha256": (256, 0, b"", 32),
    "sha3": (512, 6, b"", 64),
    "sha512": (512, 0, b"", 64),
    "sm3": (0, 0, b"", 32),
    "whirlpool": (0, 0, b"", 64),
    "xxhash32": (0, 0, b"", 4),
    "xxhash64": (0, 0, bytes(8), 8),
    "xxhash3": (0, 0, bytes(8), 8),
    "xxhash128": (0, 0, bytes(8), 16),
}

_DIGESTS = {
    "adler32": "024d0127",
    "blake2b": "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
    "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
    "blake2s": "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982",
    "blake3": "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
    "crc32": "352441c2",
    "crc64": "2cd8094a1a277627",
    "md4": "a448017aaf21d8525fc10ae87aa6729d",
    "md5": "900150983cd24fb0d6963f7d28e17f72",
    "ripemd160": "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc",
    "sha1": "a9993e364706816aba3e25717850c26c9cd0d89d",
    "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "sha3": "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
    "10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
    "sha512": "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    "sm3": "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
    "whirlpool": "4e2448a4c6f486bb16b6562c73b4020bf3043e3a731bce721ae1b303d97e6d4c"
    "7181eebdb6c57e277d0e34957114cbd6c797fc9d95d8b582d225292076d4eef5",
    "xxhash32": "32d153ff",
    "xxhash64": "44bc2cf5ad770999",
    "xxhash3": "78af5f94892f3950",
    "xxhash128": "06b05ab6733a618578af5f94892f3950",
}
DIGESTS_OF_ABC: dict[str, bytes] = {name: bytes.fromhex(text) for name, text in _DIGESTS.items()}
"""The published digests of the three bytes ``abc``."""


def hash_start(library: Library, name: str) -> None:
    """Hash_Init with the settings of `HASH_SETTINGS`."""
    init, _, seed, _ = HASH_SETTINGS[name]
    if seed:
        library["memory"].write(library["Hash_GetBuffer"](), seed)
    library["Hash_Init"](init)


def hash_update(library: Library, data: bytes) -> None:
    """Hash_Update in pieces of `HEAP` bytes."""
    for at in range(0, len(data), HEAP):
        piece = data[at : at + HEAP]
        library["memory"].write(library["Hash_GetBuffer"](), piece)
        library["Hash_Update"](len(piece))


def hash_finish(library: Library, name: str) -> bytes:
    """Hash_Final and the digest."""
    _, final, _, size = HASH_SETTINGS[name]
    library["Hash_Final"](final)
    digest: bytes = library["memory"].read(library["Hash_GetBuffer"](), size)
    return digest


def hash_digest(library: Library, name: str, data: bytes) -> bytes:
    """The digest of ``data`` by the function ``name`` of hash-wasm."""
    hash_start(library, name)
    hash_update(library, data)
    return hash_finish(library, name)


def _lz4_call(lz4: Library, function: str, data: bytes) -> bytes:
    frame = lz4["__wbindgen_add_to_stack_pointer"](-16)
    at = lz4["__wbindgen_malloc"](len(data))
    lz4["memory"].write(at, data)
    lz4[function](frame, at, len(data))
    pointer, length = struct.unpack("<II", lz4["memory"].read(frame, 8))
    result: bytes = lz4["memory"].read(pointer, length)
    lz4["__wbindgen_free"](pointer, length)
    lz4["__wbindgen_add_to_stack_pointer"](16)
    return result


def lz4_compress(lz4: Library, data: bytes) -> bytes:
    """A block of LZ4 with its size (32 bits) before it."""
    return _lz4_call(lz4, "compress", data)


def lz4_decompress(lz4: Library, data: bytes) -> bytes:
    """The opposite of `lz4_compress`."""
    return _lz4_call(lz4, "decompress", data)


def xxhash64(xxhash: Library, data: bytes, seed: int) -> int:
    """XXH64 by xxhash-wasm, whose memory must hold ``data`` from address 0."""
    xxhash["mem"].write(0, data)
    value: int = xxhash["xxh64"](0, len(data), seed)
    return value % 2**64


def fingerprint(fingerprinted: Mapping[str, Library], data: bytes, seed: int) -> int:
    """The merged `fingerprint`: XXH64 of ``data`` compressed, which crosses the memories."""
    lz4 = fingerprinted["lz4"]
    at = lz4["__wbindgen_malloc"](len(data))
    lz4["memory"].write(at, data)
    value: int = fingerprinted["fingerprint"]["fingerprint"](at, len(data), seed)
    return value % 2**64


def brotli_decompress(brotli: Library, data: bytes) -> bytes:
    """The bytes that a Brotli stream stands for."""
    at = brotli["__wbindgen_malloc"](len(data), 1)
    brotli["memory"].write(at, data)
    pointer, length, _, failed = brotli["decompress"](at, len(data))
    if failed:
        raise HostFailure("brotli: bad stream")
    result: bytes = brotli["memory"].read(pointer, length)
    brotli["__wbindgen_free"](pointer, length, 1)
    return result


def parse_mappings(mappings: Library, text: str) -> int:
    """The address of the parsed mappings in source-map's memory, 0 if they are bad."""
    at = mappings["allocate_mappings"](len(text))
    mappings["memory"].write(at, text.encode())
    parsed: int = mappings["parse_mappings"](at)
    return parsed


def parse_packed(packed: Mapping[str, Library], data: bytes) -> int:
    """The merged `parse_packed`: the same from a Brotli stream, which crosses the memories."""
    brotli = packed["brotli"]
    at = brotli["__wbindgen_malloc"](len(data), 1)
    brotli["memory"].write(at, data)
    parsed: int = packed["packed_mappings"]["parse_packed"](at, len(data))
    return parsed


_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def decode_mappings(text: str) -> list[tuple[int, ...]]:
    """The mappings of a source map by the standard's own rules.

    A mapping is generated line and column, then source, original line, original column and name
    where there are such. All count from 0.
    """
    found = []
    source = line = column = name = 0
    for generated_line, segments in enumerate(text.split(";")):
        generated_column = 0
        for segment in filter(None, segments.split(",")):
            fields = _decode_segment(segment)
            generated_column += fields[0]
            mapping = [generated_line, generated_column]
            if len(fields) > 1:
                source, line, column = source + fields[1], line + fields[2], column + fields[3]
                mapping += [source, line, column]
            if len(fields) > 4:
                name += fields[4]
                mapping.append(name)
            found.append(tuple(mapping))
    return found


def _decode_segment(segment: str) -> list[int]:
    fields = []
    value = shift = 0
    for digit in map(_DIGITS.index, segment):
        value |= (digit & 31) << shift
        shift += 5
        if digit < 32:
            fields.append(-(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    return fields


def short_mapping(*fields: int) -> tuple[int, ...]:
    """What `decode_mappings` gives for one call of source-map's callback."""
    line, column, _, _, has_original, source, original_line, original_column, has_name, name = (
        fields
    )
    mapping = [line, column]
    if has_original:
        mapping += [source, original_line, original_column]
    if has_original and has_name:
        mapping.append(name)
    return tuple(mapping)


class Sqlite:
    """SQLite in sql.js's module, with a database in memory."""

    def __init__(self, engine: Engine, data: bytes, names: Mapping[str, str]) -> None:
        """``names`` are the short names of the exports (`libraries.sqlite_names`)."""
        imports: dict[str, dict[str, Any]] = {}
        for module, name, _ in summarize(data).imports:
            # A database in memory needs no system call; what is called gets 0.
            imports.setdefault(module, {})[name] = lambda *_: 0
        self._exports = engine.instantiate(data, imports)
        self._names = names
        kinds = dict(summarize(data).exports)
        self.memory = self._exports[next(name for name in kinds if kinds[name] == "memory")]
        # Emscripten's first exported function runs the constructors.
        self._exports[next(name for name in kinds if kinds[name] == "function")]()
        slot = self._call("malloc", 4)
        if self._call("sqlite3_open", self._text(":memory:"), slot):
            raise HostFailure("sqlite3_open")
        (self._database,) = struct.unpack("<I", self.memory.read(slot, 4))

    def _call(self, name: str, *arguments: Any) -> int:
        result: int = self._exports[self._names[name]](*arguments)
        return result

    def _text(self, text: str) -> int:
        data = text.encode() + b"\0"
        at = self._call("malloc", len(data))
        self.memory.write(at, data)
        return at

    def _string_at(self, at: int) -> str:
        data = bytearray()
        while (byte := self.memory.read(at + len(data), 1)) != b"\0":
            data += byte
        return data.decode()

    def execute(self, sql: str) -> None:
        """Runs statements without results; raises `HostFailure` with SQLite's message."""
        at = self._text(sql)
        if self._call("sqlite3_exec", self._database, at, 0, 0, 0):
            raise HostFailure(self._string_at(self._call("sqlite3_errmsg", self._database)))
        self._call("free", at)

    def query(self, sql: str) -> list[tuple[str, ...]]:
        """The rows of a query, every column as text."""
        at, slot = self._text(sql), self._call("malloc", 4)
        if self._call("sqlite3_prepare_v2", self._database, at, -1, slot, 0):
            raise HostFailure(self._string_at(self._call("sqlite3_errmsg", self._database)))
        (statement,) = struct.unpack("<I", self.memory.read(slot, 4))
        rows = []
        while self._call("sqlite3_step", statement) == SQLITE_ROW:
            count = self._call("sqlite3_column_count", statement)
            columns = [self._call("sqlite3_column_text", statement, k) for k in range(count)]
            rows.append(tuple(map(self._string_at, columns)))
        self._call("sqlite3_finalize", statement)
        self._call("free", at)
        self._call("free", slot)
        return rows


SQLITE_ROW = 100
