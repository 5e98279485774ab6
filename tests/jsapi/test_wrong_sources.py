"""What is said of things that are no modules: what they are, and what to do with them."""

from __future__ import annotations

import io
from typing import Any

import pytest

from pyjsapi import WebAssembly, wat2wasm

START = "WebAssembly.Module(): "
KIND = START + "argument 0 must be an ArrayBuffer, a view of one or a bytes-like object, not "
MAGIC = START + "magic header not detected: a module starts with b'\\x00asm' (at offset 0x0)"
TEXT = "; this looks like the text format: convert it with wat2wasm"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x.wasm", f"{KIND}str; for a file give pathlib.Path('x.wasm')"),
        ("C:\\x.wasm", f"{KIND}str; for a file give pathlib.Path('C:\\\\x.wasm')"),
        ("http://a/x", f"{KIND}str; what is at a URL comes later: await WebAssembly.compile(url)"),
        (" (module)", f"{KIND}str; convert the text format: wat2wasm(text)"),
        (7, f"{KIND}int"),
        (b"", f"{START}unexpected end of section or function (at offset 0x0); the bytes are empty"),
        (b"(module)", MAGIC + TEXT),
        (b"\n;; a comment\n(module)", MAGIC + TEXT),
        (b"\xef\xbb\xbf(module)", MAGIC + TEXT),
        (b"<html>...", MAGIC),
        (io.StringIO("(module)"), START + "argument 0 is a text file; open it in binary mode: open(path, 'rb')"),
        (b"\0asm\x0d\0\1\0\0\0",
         f"{START}unknown binary version: b'\\r\\x00\\x01\\x00' instead of b'\\x01\\x00\\x00\\x00' (at offset 0x4); "
         "this is a component, not a module: `jco transpile` makes modules and their glue of it"),
    ],
)  # fmt: skip
def test_the_message_says_what_to_do(source: Any, message: str) -> None:
    with pytest.raises((TypeError, WebAssembly.CompileError)) as caught:
        WebAssembly.Module(source)
    assert str(caught.value) == message


def test_a_function_that_is_not_valid_is_named() -> None:
    text = "(module (func) (func $fib (result i32) (i64.const 1)))"
    with pytest.raises(WebAssembly.CompileError) as caught:
        WebAssembly.Module(wat2wasm(text))
    assert str(caught.value) == (
        f"{START}1:53: type mismatch: instruction requires [i32] but stack has [i64] "
        "(in function #1 $fib, at end, at offset 0x21)\n"
        f"  {text}\n  {' ' * 52}^"
    )


@pytest.mark.parametrize(("names", "function"), [(True, "#1 $fib"), (False, "#1")])
def test_bytes_from_elsewhere_have_no_lines_but_names(names: bool, function: str) -> None:
    text = "(module (func) (func $fib (result i32) (i64.const 1)))"
    another = wat2wasm(text, names=names) + b"\0\2\1x"
    with pytest.raises(WebAssembly.CompileError) as caught:
        WebAssembly.Module(another)
    assert str(caught.value) == (
        f"{START}type mismatch: instruction requires [i32] but stack has [i64] "
        f"(in function {function}, at end, at offset 0x21)"
    )
