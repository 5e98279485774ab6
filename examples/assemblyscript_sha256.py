"""An AssemblyScript library: SHA-256 from npm.

npm install @chainsafe/as-sha256
python assemblyscript_sha256.py [optimized.wasm [file]]
"""

import sys
from pathlib import Path

from pyjsapi import Uint8Array, Uint32Array, WebAssembly

PUBLISHED = "node_modules/@chainsafe/as-sha256/build/optimized.wasm"


class Sha256:
    """The library, one digest after the other."""

    def __init__(self, wasm: bytes) -> None:
        # AssemblyScript imports one function at least: what a failed assertion calls.
        instance = WebAssembly.Instance(WebAssembly.Module(wasm), {"env": {"abort": self.abort}})
        self.assembly = instance.exports
        # Constants and variables that it exports are objects of WebAssembly.Global. Those of a class are
        # addresses, here of two arrays of bytes that everything passes through.
        self.room = self.assembly.INPUT_LENGTH.value
        self.input = Uint8Array(self.assembly.memory.buffer, self.assembly.input.value, self.room)
        self.output = Uint8Array(self.assembly.memory.buffer, self.assembly.output.value, 32)

    def digest(self, data: bytes) -> bytes:
        """The digest of all the bytes."""
        # These views stay: the library allocates all that it needs when it starts. If yours makes objects as
        # it runs, its memory may grow, and views have to be taken anew after each call.
        self.assembly.init()
        for start in range(0, len(data), self.room):
            piece = data[start : start + self.room]
            self.input[: len(piece)] = piece
            self.assembly.update(self.input.byteOffset, len(piece))
        self.assembly.final(self.output.byteOffset)
        return self.output.tobytes()

    def text(self, address: int) -> str:
        """A string of AssemblyScript: UTF-16, with the number of its bytes in the four bytes before it."""
        if address == 0:  # null
            return ""
        buffer = self.assembly.memory.buffer
        (size,) = Uint32Array(buffer, address - 4, 1)
        return Uint8Array(buffer, address, size).tobytes().decode("utf-16-le")

    def abort(self, message: int, file: int, line: int, column: int) -> None:
        """Raised here, the exception passes through the code of the library to whoever called it."""
        raise RuntimeError(f"{self.text(file)}:{line}:{column}: {self.text(message)}")


def main(wasm: str = PUBLISHED, path: str | None = None) -> None:
    """The digests of two texts, or of a file."""
    sha256 = Sha256(Path(wasm).read_bytes())
    if path:
        print(sha256.digest(Path(path).read_bytes()).hex(), path)
    else:
        for text in ("abc", "She sells sea shells by the sea shore. " * 50):
            print(sha256.digest(text.encode()).hex(), f"{len(text)} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
