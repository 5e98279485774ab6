"""The JS API on an engine that is one file (second_engine.py), and engines in use."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pyjsapi
from pyjsapi import WebAssembly, engines, wat2wasm
from pyjsapi.engines import choosing
from pyjsapi.engines.python_engine import PythonEngine
from tests.engines.second_engine import SecondEngine, SecondModule

TESTS = Path(__file__).parents[1]


@pytest.mark.long
def test_the_tests_of_the_js_api_pass_on_it() -> None:
    paths = [str(TESTS.parent), str(Path(pyjsapi.__file__).parents[1])]
    command = [sys.executable, "-m", "pytest", "-p", "tests.engines.second_engine", "-q", "jsapi"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "-p", "no:randomly"],
        cwd=TESTS,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.search(r"second engine: \{(.*)\}", done.stdout)
    assert told is not None
    asked = {name: int(count) for name, count in re.findall(r"'(\w+)': (\d+)", told[1])}
    assert set(asked) == {"compile", "instantiate", "new_memory"}
    assert asked["compile"] > 100


def test_it_is_one_short_file() -> None:
    assert len(TESTS.joinpath("engines", "second_engine.py").read_text().splitlines()) < 200


def test_a_module_is_instantiated_by_the_engine_that_compiled_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(choosing, "_of_process", {})
    second = SecondEngine()
    text = '(module (func (export "f") (result i32) (i32.const 7)))'
    first_module = WebAssembly.Module(wat2wasm(text))
    assert engines.use(second) is None
    module = WebAssembly.Module(wat2wasm(text))
    assert isinstance(module._compiled, SecondModule)
    assert engines.use(PythonEngine()) is second
    assert WebAssembly.Instance(module).exports.f() == 7
    assert second.asked == {"compile": 1, "instantiate": 1}
    assert WebAssembly.Instance(first_module).exports.f() == 7
    assert second.asked["instantiate"] == 1
