"""Machine code that is kept between processes (EN-36)."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.embedding.settings import DEFAULT_SETTINGS
from pyjsapi.engines.wasmtime import artifacts, factories, modules
from pyjsapi.engines.wasmtime.native_engine import NativeEngine

_numbers = itertools.count()


def _data() -> bytes:
    """A module that no other test has."""
    functions = "".join(
        f'(func (export "f{i}") (param i32) (result i32) (i32.div_u (i32.const {i}) (local.get 0)))'
        for i in range(200)
    )
    return wat2wasm(f"(module {functions} (global i32 (i32.const {next(_numbers)})))")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    found = tmp_path / "cache"
    monkeypatch.setenv("PYJSAPI_CACHE", str(found))
    return found


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many bytes were compiled, each time."""
    found: list[int] = []

    def counted(engine: NativeEngine, data: bytes) -> int:
        found.append(len(data))
        return factories.compiled(engine, data)

    monkeypatch.setattr(modules, "compiled", counted)
    yield found


def _run(data: bytes) -> int:
    """Run it as a process that has not seen it does."""
    modules._natives.clear()
    exports = WebAssembly.Instance(WebAssembly.Module(data)).exports
    return exports.f42(2)  # type: ignore[no-any-return]


def test_en_36_what_was_compiled_is_not_compiled_again(
    folder: Path, compilations: list[int]
) -> None:
    data = _data()
    assert _run(data) == 21
    assert len(compilations) == 1
    (kept,) = folder.iterdir()
    assert kept.stat().st_mode & 0o077 == 0
    assert _run(data) == 21
    module = WebAssembly.Module(data)
    with pytest.raises(WebAssembly.RuntimeError, match="divide by zero") as trapped:
        WebAssembly.Instance(module).exports.f42(0)
    offset = trapped.value.wasm_frames[0].offset
    assert offset is not None
    assert data[offset] == 0x6E  # i32.div_u
    assert len(compilations) == 1


def test_en_36_another_process_finds_it(folder: Path) -> None:
    data = _data()
    program = f"""
from pyjsapi import WebAssembly
from pyjsapi.engines.wasmtime import modules
compiled, count = modules.compiled, []
modules.compiled = lambda *arguments: count.append(1) or compiled(*arguments)
module = WebAssembly.Module({data!r}, engine="wasmtime")
print(len(count) - 1, WebAssembly.Instance(module).exports.f42(2))
"""
    for expected in ("1 21", "0 21"):  # the self-test is compiled each time
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        assert done.stdout.strip() == expected, done.stderr


@pytest.mark.parametrize("damage", ["truncated", "altered", "empty", "other"])
def test_en_36_what_is_damaged_is_ignored(
    folder: Path, compilations: list[int], damage: str
) -> None:
    data = _data()
    _run(data)
    (kept,) = folder.iterdir()
    whole = kept.read_bytes()
    altered = whole[:-5] + bytes((whole[-5] ^ 1,)) + whole[-4:]
    found = {"truncated": whole[:-1], "altered": altered, "empty": b"", "other": b"\x7fELF" * 99}
    kept.write_bytes(found[damage])
    assert _run(data) == 21
    assert len(compilations) == 2
    assert kept.read_bytes() == whole


def test_en_36_what_others_can_write_is_ignored(folder: Path, compilations: list[int]) -> None:
    data = _data()
    _run(data)
    (kept,) = folder.iterdir()
    kept.chmod(0o666)
    assert _run(data) == 21
    assert len(compilations) == 2


def test_en_36_code_for_another_processor_is_ignored(folder: Path, compilations: list[int]) -> None:
    data = _data()
    _run(data)
    key = artifacts.key_of(data, DEFAULT_SETTINGS)
    artifacts.write(key, data, artifacts.Artifact(0, b"\x7fELF and something else"))
    assert _run(data) == 21
    assert len(compilations) == 2


def test_en_36_writers_at_the_same_time(folder: Path) -> None:
    data = _data()
    found: list[int] = []

    def work() -> None:
        module = WebAssembly.Module(data, engine="wasmtime")
        found.append(WebAssembly.Instance(module).exports.f42(2))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [21] * 4
    assert len(list(folder.iterdir())) == 1


def test_en_36_settings_have_code_of_their_own(folder: Path, compilations: list[int]) -> None:
    data = _data()
    _run(data)
    WebAssembly.Module(data, limits={"max_table_elements": 7})
    assert len(compilations) == 2


def test_modules_that_are_the_same_share_their_code(compilations: list[int]) -> None:
    small = wat2wasm(
        f'(module (func (export "f") (result i32) (i32.const {77_000 + next(_numbers)})))'
    )
    first, second = WebAssembly.Module(small), WebAssembly.Module(small)
    assert len(compilations) == 1
    assert WebAssembly.Instance(first).exports.f() == WebAssembly.Instance(second).exports.f()
