"""``pyjsapi run --engine`` and ``pyjsapi engines``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyjsapi import engines, wat2wasm
from pyjsapi.cli.main import main
from pyjsapi.engines import choosing, registry
from tests.engines.second_engine import SecondEngine
from tests.engines.test_choosing import PickyEngine

HINT = "its package is not installed: pip install 'pyjsapi[absent]'"


def _absent() -> SecondEngine:
    raise engines.EngineUnavailable("absent", HINT)


@pytest.fixture(autouse=True)
def second(monkeypatch: pytest.MonkeyPatch) -> Iterator[SecondEngine]:
    made = SecondEngine()
    known = {name: registry._BUILT_IN[name] for name in ("python", "lowered")}
    monkeypatch.setattr(registry, "_BUILT_IN", known)
    monkeypatch.setattr(registry, "_makers", {})
    monkeypatch.setattr(registry, "_made", {})
    monkeypatch.setattr(choosing, "_of_process", {})
    monkeypatch.delenv("PYJSAPI_ENGINE", raising=False)
    engines.offer("second", lambda: made)
    engines.offer("picky", PickyEngine)
    engines.offer("absent", _absent)
    yield made


@pytest.fixture
def half(tmp_path: Path) -> Path:
    path = tmp_path / "half.wasm"
    text = '(module (func (export "f") (param f32) (result f32) (f32.div (local.get 0) (f32.const 2))))'
    path.write_bytes(wat2wasm(text))
    return path


def test_a_module_is_run_by_the_engine_that_is_named(
    half: Path, second: SecondEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["run", str(half), "--engine", "second", "--invoke", "f", "5"]
    assert main(command) == 0
    assert capsys.readouterr().out == "2.5\n"
    assert second.asked == {"compile": 1, "instantiate": 1}
    assert engines.use(None) is None  # it is as it was


def test_several_are_tried_in_their_order(half: Path, second: SecondEngine) -> None:
    command = ["run", str(half), "--engine=absent, picky,second", "--invoke", "f", "5"]
    with pytest.warns(engines.EngineFallback, match="'picky' refuses it: it has no floats"):
        assert main(command) == 0
    assert second.asked == {"compile": 1, "instantiate": 1}


@pytest.mark.parametrize(
    ("engine", "code", "message"),
    [
        ("absent", 1, f"pyjsapi: --engine: the engine 'absent' is not available: {HINT}\n"),
        ("secnd", 2, "pyjsapi: --engine: there is no engine 'secnd'; the engines are "),
        (",", 2, "pyjsapi: --engine: an empty list names no engine\n"),
    ],
)
def test_an_engine_that_is_not_there_says_so(
    half: Path, engine: str, code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(half), f"--engine={engine}", "--invoke", "f", "5"]) == code
    assert capsys.readouterr().err.startswith(message)


def test_a_module_that_the_engine_refuses_says_so(
    half: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(half), "--engine=picky", "--invoke", "f", "5"]) == 1
    assert capsys.readouterr().err == f"pyjsapi: {half}: it has no floats\n"


def test_the_environment_is_heeded_and_its_mistakes_are_told(
    half: Path,
    second: SecondEngine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["run", str(half), "--invoke", "f", "5"]
    monkeypatch.setenv("PYJSAPI_ENGINE", "second")
    assert main(command) == 0
    assert second.asked["compile"] == 1
    for value, code, message in (("absent", 1, HINT), ("secnd", 2, "there is no engine 'secnd'")):
        monkeypatch.setattr(choosing, "_of_process", {})
        monkeypatch.setenv("PYJSAPI_ENGINE", value)
        assert main(command) == code
        assert message in capsys.readouterr().err


def test_engines_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    engines.use("second")
    assert main(["engines"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "  python   available",
        "  lowered  available",
        "* second   available",
        "  picky    available",
        f"  absent   not available: {HINT}",
    ]
    assert main(["engines", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["used"] == ["second"]
    assert found["engines"]["absent"] == HINT
    assert found["engines"]["python"] is None
