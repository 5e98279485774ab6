"""Wasmtime's WASI, called by function as `tests.wasi.guests.Guest` calls ours."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from pyjsapi.wasi.abi import Errno
from pyjsapi.wasi.calls.table import TABLE

_NAMES = [row.name for row in TABLE if row.name != "proc_exit"]


def _text() -> str:
    """A module that exports functions which call those that it imports."""
    lines, calls = [], []
    for row in TABLE:
        if row.name in _NAMES:
            types = " ".join("i32" if letter == "i" else "i64" for letter in row.parameters)
            lines.append(
                f'(import "wasi_snapshot_preview1" "{row.name}" (func ${row.name} '
                f"(param {types}) (result i32)))"
            )
            given = " ".join(f"(local.get {index})" for index in range(len(row.parameters)))
            calls.append(
                f'(func (export "{row.name}") (param {types}) (result i32) (call ${row.name} {given}))'
            )
    lines += ['(memory (export "memory") 3)']
    return f"(module {' '.join(lines + calls)})"


class WasmtimeGuest:
    """An instance with directories, all of them to be written."""

    def __init__(self, preopens: dict[str, Path]) -> None:
        import wasmtime

        engine = wasmtime.Engine()
        self._store = wasmtime.Store(engine)
        config = wasmtime.WasiConfig()
        for name, path in preopens.items():
            config.preopen_dir(str(path), name)
        self._store.set_wasi(config)
        linker = wasmtime.Linker(engine)
        linker.define_wasi()
        module = wasmtime.Module(engine, _text())
        self._exports: Any = linker.instantiate(self._store, module).exports(self._store)
        self._memory: Any = self._exports["memory"]
        self._widths = {row.name: row.parameters for row in TABLE}

    def errno(self, name: str, *arguments: int) -> Errno:
        """Call a function; what it gives."""
        given = [
            struct.unpack(
                "<i" if letter == "i" else "<q", struct.pack("<I" if letter == "i" else "<Q", value)
            )[0]
            for letter, value in zip(self._widths[name], arguments, strict=True)
        ]
        return Errno(self._exports[name](self._store, *given))

    def put(self, address: int, data: bytes) -> tuple[int, int]:
        """Write to the memory; address and length."""
        self._memory.write(self._store, data, address)
        return address, len(data)
