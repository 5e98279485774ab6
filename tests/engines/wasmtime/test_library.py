"""The library: what is loaded when, and libraries that are refused (EN-2, EN-4, EN-33)."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from typing import Any

import pytest

from pyjsapi import engines
from pyjsapi.engines.wasmtime import engine, instances, library, self_test


def _run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_en_2_nothing_is_loaded_before_the_engine_is_asked_for() -> None:
    program = """
import sys
from pyjsapi import WebAssembly, engines, wat2wasm
WebAssembly.Instance(WebAssembly.Module(wat2wasm("(module (func (export \\"f\\")))"))).exports.f()
engines.names()
print("ctypes" in sys.modules, any(name.startswith("pyjsapi.engines.wasmtime") for name in sys.modules))
"""
    assert _run(program) == "False False"


def test_the_package_itself_is_not_imported() -> None:
    program = """
import sys
from pyjsapi import WebAssembly, wat2wasm
module = WebAssembly.Module(wat2wasm("(module (func (export \\"f\\")))"), engine="wasmtime")
WebAssembly.Instance(module).exports.f()
print(module.engine, "wasmtime" in sys.modules)
"""
    assert _run(program) == "wasmtime False"


def test_en_4_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    with pytest.raises(engines.EngineUnavailable, match=r"pip install 'pyjsapi\[wasmtime\]'"):
        library.library_path()


def test_en_33_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "49.0.0")
    with pytest.raises(engines.EngineUnavailable, match=r"wasmtime 49\.0\.0 is installed, 50"):
        library.library_path()


def test_en_33_another_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(engines.EngineUnavailable, match=r"no library for .* on riscv64"):
        library.library_path()


def test_en_33_the_self_test_passes_and_finds_what_is_different(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    self_test.self_test()

    def other(*arguments: Any) -> Any:
        found = instances.instantiate(*arguments)
        exports: Any = found.exports
        exports["table"].set(0, exports["grow"])
        return found

    monkeypatch.setattr(self_test, "instantiate", other)
    with pytest.raises(engines.EngineUnavailable, match="the identity of a function"):
        engine.WasmtimeEngine()
