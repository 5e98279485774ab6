"""The text format."""

from __future__ import annotations

from pyjsapi.compat.wasmtime.errors import NO_COMPONENTS, WasmtimeError, refusal
from pyjsapi.syntax.errors import ParseError


def wat2wasm(wat: str | bytes) -> bytearray:
    """Convert a module from the text to the binary format. Raises `WasmtimeError` with the place of a mistake."""
    from pyjsapi.text import wat2wasm as convert

    try:
        text = wat if isinstance(wat, str) else bytes(wat).decode()
        if text.lstrip().startswith("(component"):
            raise refusal("text of components", NO_COMPONENTS)
        return bytearray(convert(text))
    except (ParseError, UnicodeDecodeError) as error:
        raise WasmtimeError(str(error)) from None


def to_wasm(wasm: object) -> bytes:
    """The binary format of a module in any. Raises `TypeError` for what is neither text nor bytes."""
    if isinstance(wasm, str) and wasm and wasm[0] != "\0":
        wasm = wat2wasm(wasm)
    if isinstance(wasm, bytes) and wasm and wasm[0]:
        wasm = wat2wasm(wasm)
    if not isinstance(wasm, bytes | bytearray):
        raise TypeError("expected wasm bytes")
    return bytes(wasm)
