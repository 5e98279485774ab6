"""A Rust library, made for JavaScript by wasm-bindgen: Brotli from npm unpacks what a web server sent.

npm install brotli-dec-wasm
python wasm_bindgen_brotli.py [brotli_dec_wasm_bg.wasm [packed.br]]
"""

import base64
import sys
from pathlib import Path
from typing import Any

from pyjsapi import Uint8Array, Uint32Array, WebAssembly, null

PUBLISHED = "node_modules/brotli-dec-wasm/pkg/brotli_dec_wasm_bg.wasm"
PACKED = (
    "G28A4I2TY+123EoFoSvdXKrLdRPD+PlBLbrBAXuVpPkiLwCDh6x10vfGnLIPXzcI"
    "+bEWfrQn5BI9jNONPaGnh6/qzzUoIx35o9r/dAI="
)


class Glue:
    """What wasm-bindgen writes into `brotli_dec_wasm.js`, in Python."""

    def __init__(self, wasm: bytes) -> None:
        module = WebAssembly.Module(wasm)
        # The names of imports end in a hash, which every version of the package has anew, so we go by what
        # stands before it. A value of type externref is any Python object: here, exceptions.
        host = {
            "__wbg_Error": lambda at, size: ValueError(self.text(at, size)),
            "__wbg_new": RuntimeError,  # new Error, of which a panic takes the stack
            "__wbg_stack": lambda at, error: self.give(at, repr(error)),
            "__wbg_error": lambda at, size: print(self.taken(at, size).decode(), file=sys.stderr),
            "__wbg___wbindgen_throw": self.throw,
            "__wbindgen_init_externref_table": self.init_table,
        }
        imports: dict[str, dict[str, Any]] = {}
        for entry in WebAssembly.Module.imports(module):
            name = entry["name"]
            meant = name if name in host else name.rpartition("_")[0]
            imports.setdefault(entry["module"], {})[name] = host[meant]
        # Exports are taken by subscript here: in a class, Python reads `exports.__name` as another name.
        self.rust = WebAssembly.Instance(module, imports).exports
        self.rust["__wbindgen_start"]()

    # Bytes and texts cross as an address and a number of bytes. Whoever gets them has to free them.

    def given(self, data: bytes) -> int:
        """The address of a copy of the bytes, aligned to 1, in the memory of Rust."""
        address: int = self.rust["__wbindgen_malloc"](len(data), 1)
        Uint8Array(self.rust.memory.buffer)[address : address + len(data)] = data
        return address

    def taken(self, address: int, size: int) -> bytes:
        """The bytes there, which Rust has left to us."""
        data = Uint8Array(self.rust.memory.buffer, address, size).tobytes()
        self.rust["__wbindgen_free"](address, size, 1)
        return data

    def text(self, address: int, size: int) -> str:
        """The text there, which stays with Rust."""
        return Uint8Array(self.rust.memory.buffer, address, size).tobytes().decode()

    def give(self, result: int, text: str) -> None:
        """A text as the result of an import: its address and its size, where Rust looks for them."""
        data = text.encode()
        address = self.given(data)
        Uint32Array(self.rust.memory.buffer, result, 2)[:] = [address, len(data)]

    # Objects cross as an index into a table, where they cannot be of type externref.

    def init_table(self) -> None:
        """Put the four constants where Rust expects them."""
        table = self.rust["__wbindgen_externrefs"]
        table.set(0, None)
        first = table.grow(4)
        for index, value in enumerate([None, null, True, False]):
            table.set(first + index, value)

    def object(self, index: int) -> Any:
        """The object with that index, which Rust has left to us."""
        value = self.rust["__wbindgen_externrefs"].get(index)
        self.rust["__externref_table_dealloc"](index)
        return value

    def throw(self, address: int, size: int) -> None:
        """An exception passes through the Rust code to our caller."""
        raise RuntimeError(self.text(address, size))


def decompress(glue: Glue, packed: bytes) -> bytes:
    """`Result<Vec<u8>, JsError>` comes as four values: address and size, or an error and that it is one."""
    address, size, error, failed = glue.rust.decompress(glue.given(packed), len(packed))
    if failed:
        raise glue.object(error)
    return glue.taken(address, size)


def main(wasm: str = PUBLISHED, packed: str | None = None) -> None:
    """Unpack a file, or the text above; and see what an error looks like."""
    glue = Glue(Path(wasm).read_bytes())
    data = Path(packed).read_bytes() if packed else base64.b64decode(PACKED)
    print(decompress(glue, data).decode(), end="")
    try:
        decompress(glue, b"no Brotli")
    except ValueError as error:
        print("refused:", error)


if __name__ == "__main__":
    main(*sys.argv[1:])
