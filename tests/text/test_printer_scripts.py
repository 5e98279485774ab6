"""Every valid module of the specification's scripts comes back from its text, byte for byte."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pyjsapi.binary.decoder import decode_module
from pyjsapi.binary.encoder import encode_module
from pyjsapi.binary.names import SECTION_NAME
from pyjsapi.syntax.module import Code, Module
from pyjsapi.syntax.types import ValType
from pyjsapi.text import wasm2wat, wat2wasm
from pyjsapi.text.lexer import decode_source
from pyjsapi.wast.script import AssertFails, DefineModule, ModuleSource, read_script

_VALID = ("assert_unlinkable", "assert_trap", "assert_exhaustion")


def _spec_scripts() -> ModuleType:
    """The module that knows where the scripts are and which of them are in scope."""
    path = Path(__file__).resolve().parents[1] / "wast" / "test_spec_scripts.py"
    spec = importlib.util.spec_from_file_location("spec_scripts", path)
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_SPEC: Any = _spec_scripts()


def _valid_modules(script: str) -> Iterator[tuple[int, ModuleSource]]:
    """The modules of a script that its commands say are valid, with their lines."""
    beyond = _SPEC.EXPECTATIONS.failures.get(script, {})
    for form in read_script(decode_source((_SPEC.FOLDER / script).read_bytes())):
        if form.line in beyond or form.keyword not in ("module", *_VALID):
            continue
        command = form.parse()
        if isinstance(command, DefineModule):
            yield form.line, command.module
        elif isinstance(command, AssertFails) and isinstance(command.subject, ModuleSource):
            yield form.line, command.subject


def _without_what_has_no_text(module: Module) -> Module:
    """Neighbouring groups of locals of one type are one, and a data count stands where it is needed."""
    for func in module.funcs:
        code = func.code.load()
        groups: list[tuple[int, ValType]] = []
        for count, type_ in code.locals:
            if groups and groups[-1][1] == type_:
                groups[-1] = (groups[-1][0] + count, type_)
            elif count:
                groups.append((count, type_))
        func.code = Code(tuple(groups), code.body)
    module.data_count = None
    return module


@pytest.mark.parametrize("script", _SPEC._SCRIPTS)
def test_text_is_a_fixed_point(script: str) -> None:
    if _SPEC.FOLDER is None:
        if os.environ.get("CI") == "true":
            pytest.fail(_SPEC._ABSENT)
        pytest.skip(_SPEC._ABSENT)
    for line, source in _valid_modules(script):
        data = source.encode()
        module = _without_what_has_no_text(decode_module(data))
        canonical = encode_module(module)
        text = wasm2wat(data)
        again = wat2wasm(text)
        assert again == canonical, f"line {line}: {text}"
        assert wasm2wat(again) == text, f"line {line}"
        module.customs = [custom for custom in module.customs if custom.name != SECTION_NAME]
        numbers_only = wasm2wat(data, names=False)
        assert wat2wasm(numbers_only) == encode_module(module), f"line {line}: {numbers_only}"
