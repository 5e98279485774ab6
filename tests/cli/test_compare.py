"""``pyjsapi compare FOLDER``: what it prints and writes, and the exit codes that continuous integration looks at."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from pyjsapi.cli import exits
from pyjsapi.cli.main import main

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "compare"
FEW = ("--engine", "lowered")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "m.wat").write_text('(module (func (export "f") (result i32) (i32.const 1)))')
    return tmp_path


def cases(folder: Path, expected: int) -> None:
    steps = f'{{ instantiate = "m.wat" }}, {{ invoke = "f", expect = {expected} }}'
    (folder / "c.toml").write_text(f'[[case]]\ntitle = "t"\nsteps = [{steps}]')


def test_the_example_is_equal_everywhere(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["compare", str(EXAMPLE), "--report", str(tmp_path / "r"), *FEW]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split()[2:5] == ["5", "0", "0"]
    assert lines[3].split()[2:5] == ["3", "0", "2"]
    assert json.loads((tmp_path / "r" / "report.json").read_text("utf-8"))["differs"] is False
    assert "A text is turned around" in (tmp_path / "r" / "report.html").read_text("utf-8")


def test_what_differs_has_an_exit_code_of_its_own(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases(folder, 2)
    assert main(["compare", str(folder), "--engine", "none"]) == exits.DIFFERENT == 3
    assert "  python: f(): 1, expected 2" in capsys.readouterr().out
    assert main(["compare", str(folder), "--engine", "none", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["cases"][0]["status"] == "different"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["gone"], 66, "cannot read gone: it is no folder"),
        (
            [".", "--browser", "netscape"],
            2,
            "--browser: a browser is one of chromium, firefox, webkit",
        ),
        (
            [".", "--browser", "chromium=/no/such"],
            2,
            "/no/such is no file: chromium needs the path of its program",
        ),
        ([".", "--engine", "v9"], 2, "--engine: there is no v9 here; there are lowered"),
        ([".", "--timeout", "0"], 2, "--timeout is a number of seconds above 0"),
        ([".", "--what"], 2, "unrecognized arguments: --what"),
        (
            [".", "--engine", "none"],
            65,
            "c.toml: case 1, step 0: get 'g': nothing is instantiated yet",
        ),
    ],
)
def test_what_is_wrong_is_said(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    said: str,
) -> None:
    (folder / "c.toml").write_text('[[case]]\ntitle = "t"\nsteps = [{ get = "g" }]')
    monkeypatch.chdir(folder)
    assert main(["compare", *arguments]) == code
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""


def test_a_browser_without_playwright_is_explained(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cases(folder, 1)
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    assert main(["compare", str(folder), "--engine", "none", "--browser", "chromium"]) == 2
    assert "--browser needs Playwright" in capsys.readouterr().err


def test_without_the_javascript_of_the_faces_it_says_where_to_get_it(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cases(folder, 1)
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    main(
        [
            "compare",
            str(folder),
            "--engine",
            "none",
            "--browser",
            "firefox",
            "--polyfill",
            str(folder),
        ]
    )
    assert "npm install @pyjsapi/polyfill pyodide" in capsys.readouterr().err
