"""What the build needs to know of a module: imports, exports, memories. Nothing is validated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

KINDS = ("function", "table", "memory", "global")
_IMPORTS, _MEMORIES, _EXPORTS = 2, 5, 7
_MEMORY_KIND = KINDS.index("memory")


@dataclass(frozen=True)
class Summary:
    """Imports (module, name, kind), exports (name, kind), and the number of memories."""

    imports: tuple[tuple[str, str, str], ...]
    exports: tuple[tuple[str, str], ...]
    memories: int


class _Reader:
    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def number(self) -> int:
        """An unsigned LEB128 number."""
        result = shift = 0
        while True:
            byte = self.byte()
            result |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return result

    def take(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]

    def name(self) -> str:
        return self.take(self.number()).decode()

    def limits(self) -> None:
        flags = self.byte()
        self.number()
        if flags & 1:
            self.number()

    def sections(self) -> Iterator[tuple[int, _Reader]]:
        while self.at < len(self.data):
            kind = self.byte()
            yield kind, _Reader(self.take(self.number()))


def _read_imports(reader: _Reader) -> Iterator[tuple[str, str, str]]:
    for _ in range(reader.number()):
        module, name, kind = reader.name(), reader.name(), reader.byte()
        if kind == 0:
            reader.number()
        elif kind == 1:
            reader.byte()
            reader.limits()
        elif kind == _MEMORY_KIND:
            reader.limits()
        elif kind == 3:
            reader.take(2)
        else:
            raise ValueError(f"import {module}.{name} is of the unexpected kind {kind}")
        yield module, name, KINDS[kind]


def summarize(data: bytes) -> Summary:
    """Reads the sections of a module that matter here; raises `ValueError` if it is none."""
    if data[:8] != b"\0asm\1\0\0\0":
        raise ValueError("not a WebAssembly module of version 1")
    imports: tuple[tuple[str, str, str], ...] = ()
    exports: tuple[tuple[str, str], ...] = ()
    memories = 0
    for kind, reader in _Reader(data, 8).sections():
        if kind == _IMPORTS:
            imports = tuple(_read_imports(reader))
            memories += sum(kind == "memory" for _, _, kind in imports)
        elif kind == _MEMORIES:
            memories += reader.number()
        elif kind == _EXPORTS:
            found = []
            for _ in range(reader.number()):
                name, export_kind = reader.name(), KINDS[reader.byte()]
                reader.number()
                found.append((name, export_kind))
            exports = tuple(found)
    return Summary(imports, exports, memories)
