"""A Go library, compiled with TinyGo: gofmt from npm formats Go.

npm install @wasm-fmt/gofmt
python tinygo_gofmt.py [gofmt.wasm [file.go]]
"""

import sys
from pathlib import Path

from pyjsapi import Uint8Array, WebAssembly

PUBLISHED = "node_modules/@wasm-fmt/gofmt/gofmt.wasm"
UNTIDY = """package main
import "fmt"
func  main( ) {
for i,v:=range []int{1,2 ,3}{ fmt.Println(i , v) }
}
"""


class Gofmt:
    """The library with texts of Python."""

    def __init__(self, wasm: bytes) -> None:
        # This one needs nothing of its host. A program that prints or looks at the clock imports
        # `wasi_snapshot_preview1` for that, and what it calls in JavaScript `gojs`.
        self.go = WebAssembly.Instance(WebAssembly.Module(wasm)).exports
        self.go._initialize()  # Go's run-time system: the heap, then the `init` of all packages

    def format(self, source: str) -> str:
        """The same program, well formatted."""
        data = source.encode()
        address = self.go.alloc(
            len(data)
        )  # Go keeps it until `dispose`, or its collector would take it
        try:
            Uint8Array(self.go.memory.buffer, address, len(data))[:] = data
            status = self.go.format()
            if status == 0:
                return source  # it is well formatted
            # Not the view from above: the memory may have grown while Go ran.
            output = Uint8Array(self.go.memory.buffer, self.go.output_ptr(), self.go.output_len())
            text = output.tobytes().decode()
        finally:
            self.go.dispose()
        if status != 1:
            raise SyntaxError(text)
        return text


def main(wasm: str = PUBLISHED, path: str | None = None) -> None:
    """Format a file, or the program above; and one that is none."""
    gofmt = Gofmt(Path(wasm).read_bytes())
    print(gofmt.format(Path(path).read_text(encoding="utf-8") if path else UNTIDY), end="")
    try:
        gofmt.format("package main\nfunc {")
    except SyntaxError as error:
        print("refused:", error)


if __name__ == "__main__":
    main(*sys.argv[1:])
