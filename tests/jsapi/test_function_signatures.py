"""What `help` and `inspect.signature` say of exported functions."""

from __future__ import annotations

import inspect
import pickle
import pydoc
from typing import Any

from pyjsapi import WebAssembly, wat2wasm

TEXT = """(module
  (import "m" "given" (func $given (param $imported i32)))
  (func $add (export "add") (export "plus") (param $left i32) (param i64) (param $if f64)
    (result i32) (local $other i32) (unreachable))
  (func (export "none"))
  (func $pair (param externref) (result f32 i64) (unreachable))
  (func (export "twins") (param $x i32) (param i32))
  (export "given" (func $given))
  (table (export "table") funcref (elem $pair)))"""


def exports(data: bytes) -> Any:
    imports = {"m": {"given": lambda value: None}}
    return WebAssembly.Instance(WebAssembly.Module(data), imports).exports


def test_a_signature_has_the_types_and_names_of_the_module() -> None:
    found = exports(wat2wasm(TEXT))
    shown = {name: str(inspect.signature(found[name])) for name in ("add", "plus", "none", "twins")}
    assert shown == {
        "add": "(left: i32, a1: i64, a2: f64, /) -> i32",
        "plus": "(left: i32, a1: i64, a2: f64, /) -> i32",
        "none": "() -> None",
        "twins": "(x: i32, a1: i32, /) -> None",
    }
    assert str(inspect.signature(found.table.get(0))) == "(a0: externref, /) -> [f32, i64]"


def test_functions_from_elsewhere_and_modules_without_names_have_numbers() -> None:
    assert str(inspect.signature(exports(wat2wasm(TEXT)).given)) == "(a0: i32, /) -> None"
    bare = exports(wat2wasm(TEXT, names=False))
    assert str(inspect.signature(bare.add)) == "(a0: i32, a1: i64, a2: f64, /) -> i32"


def test_help_shows_the_signature_and_what_the_function_is_called() -> None:
    text = pydoc.plain(pydoc.render_doc(exports(wat2wasm(TEXT)).plus))
    assert "1(left: i32, a1: i64, a2: f64, /) -> i32\n" in text
    assert "WebAssembly function 1: [i32 i64 f64] -> [i32], exported as 'add'" in text


def test_a_signature_is_one_of_pythons() -> None:
    signature = inspect.signature(exports(wat2wasm(TEXT)).add)
    assert isinstance(signature, inspect.Signature)
    assert signature.bind(1, 2, 3.0).arguments == {"left": 1, "a1": 2, "a2": 3.0}
    assert signature.parameters["a2"].annotation == "f64"
    plain = pickle.loads(pickle.dumps(signature))
    assert type(plain) is inspect.Signature and plain == signature
    assert str(signature.replace(return_annotation="x")).endswith(" -> 'x'")
