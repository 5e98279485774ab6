"""Every module of the specification's scripts is as valid on Wasmtime as on the Python engine, and as wrong."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyjsapi import WebAssembly, engines
from pyjsapi.syntax.errors import ParseError
from pyjsapi.text.lexer import decode_source
from pyjsapi.wast.script import AssertFails, DefineModule, ModuleSource, read_script

ROOT = Path(__file__).resolve().parents[3]
SPEC_TESTS = Path(os.environ.get("PYJSAPI_SPEC_TESTS") or ROOT.parent / "shared" / "spec-tests")
SCRIPTS = sorted(SPEC_TESTS.rglob("*.wast"))
MOST_BYTES = 200_000
"""Of a module: compiling those that are there to be large is no part of this."""


def modules(path: Path) -> Iterator[tuple[int, bytes]]:
    """The modules of a script that are to be compiled, with their lines."""
    for form in read_script(decode_source(path.read_bytes())):
        try:
            command = form.parse()
            if isinstance(command, DefineModule):
                data = command.module.encode()
            elif isinstance(command, AssertFails) and isinstance(command.subject, ModuleSource):
                data = command.subject.encode()
            else:
                continue
        except ParseError:
            continue  # it is the text that is wrong
        if len(data) < MOST_BYTES:
            yield form.line, data


def said(data: bytes, engine: str) -> str:
    """What is wrong with a module, if anything is; nothing of what an engine cannot run."""
    try:
        WebAssembly.Module(data, engine=engine)
    except WebAssembly.CompileError as error:
        return "" if isinstance(error.__cause__, engines.Refusal) else str(error)
    return ""


@pytest.mark.long
@pytest.mark.skipif(not SCRIPTS, reason=f"no scripts in {SPEC_TESTS}: set PYJSAPI_SPEC_TESTS")
def test_en_6_mistakes_in_the_specifications_scripts_are_told_in_the_same_words() -> None:
    different, wrong = [], 0
    for path in SCRIPTS:
        for line, data in modules(path):
            ours, theirs = said(data, "python"), said(data, "wasmtime")
            wrong += bool(ours)
            if ours != theirs:
                different.append(f"{path.name}:{line}: {ours!r}, {theirs!r}")
    assert different == []
    assert wrong > 3000
