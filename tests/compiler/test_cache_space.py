"""How much the code cache keeps, what goes first, and that a large module's validity is remembered."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pyjsapi.cli import main
from pyjsapi.compiler.cache import VARIABLE
from pyjsapi.compiler.cache_space import (
    DEFAULT_MIB,
    SIZE_VARIABLE,
    clear,
    kept_files,
    most_bytes,
    trim,
    used,
)
from pyjsapi.engines.python import compile_module
from pyjsapi.syntax.errors import ValidationError
from pyjsapi.text import wat2wasm

MIB = 1 << 20

with_files = pytest.mark.skipif(sys.platform == "emscripten", reason="Pyodide keeps no files")


def body(count: int, result: str = "local.get 0") -> bytes:
    """A module whose one function has this many additions."""
    return wat2wasm(
        f"(module (func (param i32) (result i32) local.get 0 {'local.get 0 i32.add ' * count}"
        f"drop {result}))"
    )


def kept(folder: Path, name: str, size: int, time: int) -> Path:
    path = folder / f"{name}.wasmcode"
    with path.open("wb") as file:
        file.truncate(size)
    os.utime(path, (time, time))
    return path


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        (None, DEFAULT_MIB * MIB),
        ("3", 3 * MIB),
        ("0", 0),
        ("-5", 0),
        ("much", DEFAULT_MIB * MIB),
        ("", DEFAULT_MIB * MIB),
    ],
)
def test_the_most_is_a_number_of_mib(
    setting: str | None, wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SIZE_VARIABLE, raising=False)
    if setting is not None:
        monkeypatch.setenv(SIZE_VARIABLE, setting)
    assert most_bytes() == wanted


def test_what_was_not_used_for_longest_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SIZE_VARIABLE, "3")
    old, older = kept(tmp_path, "old", MIB, 2000), kept(tmp_path, "older", MIB, 1000)
    new = kept(tmp_path, "new", MIB, 3000)
    other = tmp_path / "notes.txt"
    other.write_text("not the cache's")
    trim(tmp_path, new)
    assert older.exists()
    used(older)
    newest = kept(tmp_path, "newest", MIB, 500)
    trim(tmp_path, newest)
    assert {path.stem for path in tmp_path.glob("*.wasmcode")} == {"newest", "older", "new"}
    assert not old.exists() and other.exists()


def test_a_file_that_alone_is_too_large_goes_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SIZE_VARIABLE, "1")
    newest = kept(tmp_path, "newest", 2 * MIB, 1000)
    trim(tmp_path, newest)
    assert not newest.exists()


def test_parts_that_a_process_left_behind_are_removed(tmp_path: Path) -> None:
    newest = kept(tmp_path, "newest", 10, 10_000)
    for name, time in (("left", 1000), ("running", 9_990)):
        part = tmp_path / f"{name}.part"
        part.touch()
        os.utime(part, (time, time))
    trim(tmp_path, newest)
    assert {path.name for path in tmp_path.iterdir()} == {"newest.wasmcode", "running.part"}


def test_a_folder_that_is_gone_or_cannot_be_read_is_empty(tmp_path: Path) -> None:
    assert kept_files(tmp_path / "nowhere") == []
    assert list(clear(tmp_path / "nowhere")) == []


@with_files
def test_a_large_module_is_validated_once_even_if_it_never_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    data = body(30_000)
    assert not compile_module(data).cache.known_valid
    assert len(kept_files(tmp_path)) == 1

    def never(*_: object, **__: object) -> None:
        raise AssertionError("validated again")

    monkeypatch.setattr("pyjsapi.validation.module.validate_function", never)
    again = compile_module(data)
    assert again.cache.known_valid
    again.compile_all()
    assert kept_files(tmp_path)[0].size > 10_000


def test_an_invalid_module_is_refused_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    for _ in range(2):
        with pytest.raises(ValidationError):
            compile_module(body(30_000, "f32.const 0"))
    assert kept_files(tmp_path) == []


def test_nothing_is_kept_where_nothing_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.setenv(SIZE_VARIABLE, "0")
    compile_module(body(30_000)).compile_all()
    assert kept_files(tmp_path) == []


@with_files
def test_the_verb_shows_and_clears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    compile_module(body(30_000)).compile_all()
    assert main(["cache"]) == 0
    shown = capsys.readouterr().out
    assert (
        str(tmp_path) in shown and "code of 1 module," in shown and "of at most 512.0 MiB" in shown
    )
    assert main(["cache", "--clear"]) == 0
    assert "1 file removed" in capsys.readouterr().out
    assert kept_files(tmp_path) == []
    monkeypatch.setenv(VARIABLE, "0")
    assert main(["cache"]) == 0
    assert capsys.readouterr().out.startswith("no cache")
