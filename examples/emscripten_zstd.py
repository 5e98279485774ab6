"""A C library, compiled with Emscripten: Zstandard from npm packs bytes and unpacks them again.

npm install @bokuweb/zstd-wasm
python emscripten_zstd.py [zstd.wasm]
"""

import sys
from pathlib import Path
from typing import Any

from pyjsapi import Uint8Array, WebAssembly

PUBLISHED = "node_modules/@bokuweb/zstd-wasm/dist/web/zstd.wasm"
PAGE = 65536

# Emscripten has shortened all names. The file with the same name and the ending .js says what they mean:
# `_malloc = wasmExports['s']`. Here: what we use of it.
EXPORTS = {
    "memory": "f",
    "run_constructors": "g",
    "is_error": "h",
    "compress_bound": "i",
    "compress": "m",
    "content_size": "p",
    "decompress": "r",
    "malloc": "s",
    "free": "t",
}


class Zstd:
    """The library with the bytes of Python in place of pointers."""

    def __init__(self, wasm: bytes) -> None:
        # What the C code needs of its host, by the names in `wasmImports`. Only the last one is ever called
        # while all goes well; the others tell us if it does not.
        host = {
            "a": self._exit,  # proc_exit
            "b": lambda: None,  # emscripten_runtime_keepalive_clear
            "c": lambda: self._exit(134),  # abort
            "d": lambda which, milliseconds: 0,  # setitimer: no timers, so none has to end
            "e": self._resize_heap,
        }
        instance = WebAssembly.Instance(WebAssembly.Module(wasm), {"a": host})
        self.c: dict[str, Any] = {name: instance.exports[short] for name, short in EXPORTS.items()}
        self.c["run_constructors"]()  # what C and C++ do before main

    def compress(self, data: bytes, level: int = 3) -> bytes:
        """The bytes as one frame of Zstandard."""
        return self._call(self.c["compress"], data, self.c["compress_bound"](len(data)), level)

    def decompress(self, frame: bytes) -> bytes:
        """The bytes in a frame that says how many they are."""
        source = self._copy_in(frame)
        size = self.c["content_size"](source, len(frame))
        self.c["free"](source)
        return self._call(self.c["decompress"], frame, size)

    def _call(self, function: Any, data: bytes, capacity: int, *more: int) -> bytes:
        """Call `function(target, capacity, source, size, ...)`, as C libraries have it."""
        source = self._copy_in(data)
        target = self.c["malloc"](capacity)
        size = function(target, capacity, source, len(data), *more)
        failed = self.c["is_error"](size)
        result = self._view()[
            target : target + max(size, 0)
        ].tobytes()  # a copy: the memory goes on
        self.c["free"](source)
        self.c["free"](target)
        if failed:
            raise ValueError(f"Zstandard's error {-size}")
        return result

    def _copy_in(self, data: bytes) -> int:
        address: int = self.c["malloc"](len(data))
        self._view()[address : address + len(data)] = data
        return address

    def _view(self) -> Uint8Array:
        # Taken anew each time: any call into C may grow the memory, and a view from before is detached then.
        return Uint8Array(self.c["memory"].buffer)

    def _resize_heap(self, size: int) -> int:
        """C needs a heap of `size` bytes: 1 if it has it now, 0 if `malloc` has to fail."""
        memory = self.c["memory"]
        missing = (size % 2**32) - memory.buffer.byteLength  # an i32 comes signed
        try:
            memory.grow(-(-missing // PAGE))
        except ValueError:  # JavaScript's RangeError: there is no more
            return 0
        return 1

    def _exit(self, status: int) -> None:
        raise RuntimeError(f"the C code ended with status {status}")


def main(wasm: str = PUBLISHED) -> None:
    """Pack a text, and then more than the memory can hold at first."""
    zstd = Zstd(Path(wasm).read_bytes())

    text = b"She sells sea shells by the sea shore. " * 50
    frame = zstd.compress(text, level=10)
    print(f"{len(text)} bytes packed: {frame.hex()}")
    print("unpacked the same:", zstd.decompress(frame) == text)

    before = zstd._view()
    large = bytes(9_000_000)
    frame = zstd.compress(large, level=1)
    print(
        f"{len(large)} zeros packed: {len(frame)} bytes; unpacked the same:",
        zstd.decompress(frame) == large,
    )
    print(
        "a view from before the memory grew has", len(before), "bytes, a new one", len(zstd._view())
    )

    try:
        zstd.decompress(frame[:-1])
    except ValueError as error:
        print("cut short:", error)


if __name__ == "__main__":
    main(*sys.argv[1:])
