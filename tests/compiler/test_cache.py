"""The code cache: what is kept, and when it is not trusted."""

from __future__ import annotations

import gc
import os
import pickle
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import WebAssembly
from pyjsapi.compiler import cache as cache_module
from pyjsapi.compiler.cache import VARIABLE, FileCache, cache_folder, engine_version, open_cache
from pyjsapi.compiler.options import DEFAULT_OPTIONS, Options
from pyjsapi.embedding.settings import Settings
from pyjsapi.engines.python import CompiledModule, compile_module, instantiate, invoke
from pyjsapi.runtime import FuncInst
from pyjsapi.syntax.errors import ValidationError
from pyjsapi.syntax.features import Features
from pyjsapi.text import wat2wasm
from pyjsapi.validation.limits import Limits

MODULE = wat2wasm(f"""(module (memory 1)
  (type $t (func (param i32) (result i32))) (table funcref (elem 0 1))
  (func (export "f") (param i32) (result i32)
    (call_indirect (type $t) (local.get 0) (i32.const 1)))
  (func (export "g") (param i32) (result i32)
    (if (local.get 0) (then (return_call 0 (i32.const 0)))) (i32.const 7))
  {"(func (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))" * 600})""")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "codes"
    monkeypatch.setenv(VARIABLE, str(path))
    yield path


def compiled() -> CompiledModule:
    return compile_module(MODULE)


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.exists() else []


def test_the_second_start_translates_and_validates_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled().compile_all()
    assert len(files(folder)) == 1

    def never(*_: object, **__: object) -> None:
        raise AssertionError("translated again")

    monkeypatch.setattr("pyjsapi.compiler.function.compile_function", never)
    monkeypatch.setattr("pyjsapi.validation.module.validate_function", never)
    again = compiled()
    assert again.cache.known_valid
    exports = instantiate(again, ()).exports
    assert invoke(exports["f"], (5,)) == (7,)  # type: ignore[arg-type]
    assert invoke(exports["f"], (0,)) == (7,)  # type: ignore[arg-type]


def test_that_a_module_is_valid_is_kept_although_nothing_was_called(folder: Path) -> None:
    first = compiled()
    instantiate(first, ())
    assert isinstance(first.cache, FileCache)
    first.cache.flush()
    assert len(files(folder)) == 1
    del first
    gc.collect()
    assert compiled().cache.known_valid


def test_lazily_translated_functions_are_kept_at_exit(folder: Path) -> None:
    program = (
        "import sys; from pyjsapi.engines.python import *\n"
        "data = sys.stdin.buffer.read()\n"
        "exports = instantiate(compile_module(data), ()).exports\n"
        "print(invoke(exports['g'], (0,)))\n"
    )
    environment = {VARIABLE: str(folder), "PYTHONPATH": os.pathsep.join(sys.path)}
    for _ in range(2):
        run = subprocess.run(
            [sys.executable, "-c", program], input=MODULE, capture_output=True, env=environment,
            check=True,
        )  # fmt: skip
        assert run.stdout.strip() == b"(7,)"
    variant = compiled().default_variant
    assert [variant.has(index) for index in range(3)] == [False, True, False]


def test_what_is_stored_is_added_to(folder: Path) -> None:
    first, second = compiled(), compiled()
    first.default_variant.function(0)
    second.default_variant.function(1)
    for module in (first, second):
        assert isinstance(module.cache, FileCache)
        module.cache.flush()
    del first, second, module
    gc.collect()
    variant = compiled().default_variant
    assert [variant.has(index) for index in range(3)] == [True, True, False]


def test_a_module_that_nobody_ever_calls_is_known_as_valid(folder: Path) -> None:
    assert not compiled().cache.known_valid
    assert compiled().cache.known_valid  # written when the first one went


def test_files_and_folder_are_closed_to_others(folder: Path) -> None:
    compiled().compile_all()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(files(folder)[0].stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o755])
def test_a_folder_that_others_can_use_is_not_used(folder: Path, mode: int) -> None:
    folder.mkdir()
    folder.chmod(mode)
    assert cache_folder() is None
    compiled().compile_all()
    assert files(folder) == []


def test_a_link_is_not_used(folder: Path, tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir(mode=0o700)
    folder.symlink_to(real)
    assert cache_folder() is None


def test_a_folder_of_somebody_else_is_not_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir(mode=0o700)
    assert cache_folder() == folder
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    assert cache_folder() is None


def test_a_file_that_others_can_write_is_not_read(folder: Path) -> None:
    compiled().compile_all()
    files(folder)[0].chmod(0o666)
    assert not compiled().cache.known_valid


@pytest.mark.parametrize("cut", [0, 5, 40, 1000])
def test_a_damaged_file_is_ignored(folder: Path, cut: int) -> None:
    compiled().compile_all()
    path = files(folder)[0]
    content = path.read_bytes()
    path.write_bytes(content[:cut] + b"?" + content[cut + 1 :])
    assert not compiled().cache.known_valid
    path.write_bytes(content[:cut])
    assert not compiled().cache.known_valid


def test_zero_switches_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "0")
    assert cache_folder() is None


def test_it_is_off_in_pyodide(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "emscripten")
    assert cache_folder() is None


def test_a_folder_that_cannot_be_made_only_costs_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file" / "below"))
    module = compiled()
    module.compile_all()
    function = instantiate(module, ()).exports["g"]
    assert isinstance(function, FuncInst)
    assert invoke(function, (0,)) == (7,)
    assert files(tmp_path) == [tmp_path / "file"]


def test_whatever_decides_about_code_is_part_of_the_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def path_of(data: bytes, features: Features, limits: Limits, options: Options) -> Path:
        opened = open_cache(data, Settings(features, limits), options)
        assert isinstance(opened, FileCache)
        return opened.path

    plain = (MODULE, Features(), Limits(), DEFAULT_OPTIONS)
    paths = {
        path_of(*plain),
        path_of(MODULE + b"\0\1\0", *plain[1:]),
        path_of(MODULE, Features(tail_call=False), *plain[2:]),
        path_of(MODULE, Features(), Limits(locals=7), DEFAULT_OPTIONS),
        path_of(MODULE, Features(), Limits(), Options(facts=False)),
    }
    monkeypatch.setattr(cache_module, "engine_version", lambda: "another")
    paths.add(path_of(*plain))
    assert len(paths) == 6
    assert len(engine_version() or "") == 64


def test_a_module_that_is_not_valid_stays_so(folder: Path) -> None:
    broken = MODULE.replace(b"\x41\x03\x6c", b"\x1a\x01\x6c")
    for _ in range(2):
        with pytest.raises(ValidationError):
            compile_module(broken)
    assert files(folder) == []


def test_what_was_translated_is_kept_when_a_module_is_pickled(folder: Path) -> None:
    module = WebAssembly.Module(MODULE)
    exports: Any = WebAssembly.Instance(module).exports
    assert exports.g(4) == 7
    assert files(folder) == []
    pickle.dumps(module)
    assert len(files(folder)) == 1
