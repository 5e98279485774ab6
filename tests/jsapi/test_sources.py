"""Modules from where Python programs have them, and what becomes of modules in pickles and copies."""

from __future__ import annotations

import asyncio
import concurrent.futures
import copy
import io
import mmap
import multiprocessing
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import WebAssembly, wat2wasm

SEVEN = wat2wasm('(func (export "f") (result i32) (i32.const 7))')


def call(source: Any) -> Any:
    """By instantiate; from bytes a module and an instance come."""
    result = asyncio.run(WebAssembly.instantiate(source))
    return result.instance.exports.f()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "seven.wasm"
    found.write_bytes(SEVEN)
    return found


def test_a_path_is_read(path: Path) -> None:
    assert call(path) == 7
    assert WebAssembly.validate(path)
    assert WebAssembly.Instance(WebAssembly.Module(path)).exports.f() == 7
    assert isinstance(asyncio.run(WebAssembly.compile(path)), WebAssembly.Module)


def test_a_path_that_leads_nowhere_is_told_by_the_promise(tmp_path: Path) -> None:
    promise = WebAssembly.compile(tmp_path / "gone.wasm")
    with pytest.raises(FileNotFoundError, match=r"gone\.wasm"):
        asyncio.run(promise)
    with pytest.raises(FileNotFoundError):
        WebAssembly.Module(tmp_path / "gone.wasm")


def test_a_file_is_read_when_the_function_is_called(path: Path) -> None:
    with path.open("rb") as file:
        promise = WebAssembly.instantiate(file)
    assert asyncio.run(promise).instance.exports.f() == 7
    assert call(io.BytesIO(SEVEN)) == 7
    file_after_something = io.BytesIO(b"xx" + SEVEN)
    file_after_something.seek(2)
    assert call(file_after_something) == 7


def test_what_is_bytes_and_a_file_is_bytes(path: Path) -> None:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        mapped.seek(5)
        assert call(mapped) == 7


def test_a_url_is_fetched_whatever_its_type(path: Path, tmp_path: Path) -> None:
    untyped = tmp_path / "seven"
    untyped.write_bytes(SEVEN)
    for place in (path, untyped):
        assert call(place.as_uri()) == 7
        assert isinstance(asyncio.run(WebAssembly.compile(place.as_uri())), WebAssembly.Module)
    with pytest.raises(TypeError, match="cannot read"):
        call((tmp_path / "gone").as_uri())


@pytest.mark.parametrize("text", ["", "seven.wasm", "/seven.wasm", "ftp://a/b", "(module)", "x:y"])
def test_other_text_is_refused_as_in_javascript(text: str) -> None:
    for function in (WebAssembly.compile, WebAssembly.instantiate):
        promise = function(text)
        with pytest.raises(TypeError, match="bytes-like object, not str"):
            asyncio.run(promise)
    with pytest.raises(TypeError, match="bytes-like object, not str"):
        WebAssembly.validate(text)  # type: ignore[arg-type]


# ---- pickles and copies


def seven_of(module: WebAssembly.Module) -> int:
    """What processes run."""
    result: int = WebAssembly.Instance(module).exports.f()
    return result


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_module_is_pickled_with_its_options_and_restrictions(protocol: int) -> None:
    text = """(import "wasm:js-string" "length" (func (param externref) (result i32)))
        (import "s" "hello" (global (ref extern)))
        (func (export "f") (result i32) (call 0 (global.get 0)))"""
    module = WebAssembly.Module(
        wat2wasm(text),
        builtins=["js-string"],
        importedStringConstants="s",
        features={"simd": False},
        limits={"memories": 3},
    )
    other = pickle.loads(pickle.dumps(module, protocol))
    assert WebAssembly.Module.imports(other) == [] and seven_of(other) == 5
    assert other._compiled.settings == module._compiled.settings
    assert repr(other) == repr(module)


def test_a_module_is_sent_to_processes() -> None:
    module = WebAssembly.Module(SEVEN)
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        assert list(pool.map(seven_of, [module, module])) == [7, 7]


def test_the_namespace_is_found_by_its_name_where_nothing_is_imported() -> None:
    code = "import sys; __import__(sys.argv[1]); print(sys.modules[sys.argv[1]].Module)"
    command = [sys.executable, "-c", code, WebAssembly.__name__]
    done = subprocess.run(
        command, env={"PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True, text=True
    )
    assert done.stdout == f"{WebAssembly.Module}\n", done.stderr
    assert sys.modules[WebAssembly.__name__] is WebAssembly


def test_a_copy_of_a_module_is_the_module() -> None:
    module = WebAssembly.Module(SEVEN)
    assert copy.copy(module) is module
    assert copy.deepcopy([module])[0] is module


def test_a_pickle_that_was_changed_is_refused() -> None:
    changed = pickle.dumps(WebAssembly.Module(SEVEN)).replace(b"\0asm\1", b"\0asm\7")
    with pytest.raises(WebAssembly.CompileError, match="unknown binary version"):
        pickle.loads(changed)
