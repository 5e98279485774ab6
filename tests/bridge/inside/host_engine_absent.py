"""The engine of JavaScript where a policy forbids to make code from text (EN-47)."""

import warnings

from pyjsapi import WebAssembly, engines
from pyjsapi.text import wat2wasm

DATA = wat2wasm('(module (func (export "f") (result i32) (i32.const 7)))')


def case_en_47_it_says_that_it_is_not_available_and_why() -> None:
    assert "'unsafe-eval'" in str(engines.available()["host"])
    for _ in range(2):
        try:
            WebAssembly.Module(DATA, engine="host")
        except engines.EngineUnavailable as error:
            assert error.name == "host" and "'unsafe-eval'" in error.reason
        else:
            raise AssertionError("it is there")


def case_en_47_nothing_is_half_working() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", engines.EngineFallback)
        module = WebAssembly.Module(DATA, engine=["host", "python"])
    assert module.engine == "python"
    assert WebAssembly.Instance(module).exports.f() == 7
    assert WebAssembly.Memory(initial=1).buffer.byteLength == 65536
