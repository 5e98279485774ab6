"""How far long work is: lines now and then, a bar in a terminal, or nothing."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyjsapi import wat2wasm
from pyjsapi.cli import progress
from pyjsapi.cli.main import main
from pyjsapi.syntax.watching import watched, watching

BAR = ("functions", 3)


class Terminal(io.StringIO):
    """A stream that somebody looks at."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")


def worked(stream: io.StringIO, seconds: float, **options: bool) -> str:
    """What is shown of work on three items that take some time each, by a clock of its own."""
    now = [0.0]
    with progress.shown(stream=stream, clock=lambda: now[0], **options):
        for _ in watched("functions", range(3)):
            now[0] += seconds
    return stream.getvalue()


def test_who_does_not_watch_gets_the_items_themselves() -> None:
    items = [1, 2]
    assert watched("items", items) is items


def test_watchers_are_told_of_each_item_and_of_the_end() -> None:
    found: list[tuple[str, int, int]] = []
    with watching(lambda *told: found.append(told)):
        assert list(watched("items", "ab")) == ["a", "b"]
    assert found == [("items", 0, 2), ("items", 1, 2), ("items", 2, 2)]
    assert list(watched("items", "ab")) == ["a", "b"] and len(found) == 3


def test_what_is_over_soon_is_not_shown() -> None:
    assert worked(io.StringIO(), 1.0) == ""
    assert worked(Terminal(), 0.1) == ""


def test_lines_where_nobody_looks() -> None:
    assert worked(io.StringIO(), 4.0) == (
        "pyjsapi: functions: 2 of 3\n"
    )  # after 8 s; at 12 s it is too soon
    assert worked(io.StringIO(), 6.0).count("\n") == 3


def test_a_bar_in_a_terminal() -> None:
    pytest.importorskip("rich")
    shown = worked(Terminal(), 1.0)
    assert "functions" in shown and "3/3" in shown and "pyjsapi:" not in shown


@pytest.mark.parametrize(("name", "value"), [("CI", "true"), ("TERM", "dumb")])
def test_lines_in_terminals_that_nobody_looks_at(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert worked(Terminal(), 6.0).startswith("pyjsapi: functions: 1 of 3\n")


def test_lines_where_rich_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "find_spec", lambda _: None)
    assert worked(Terminal(), 6.0).startswith("pyjsapi: functions: 1 of 3\n")


def test_nothing_if_it_is_to_be_quiet() -> None:
    assert worked(Terminal(), 60.0, quiet=True) == ""


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What a command tells of its work, in a folder with a module."""
    monkeypatch.chdir(tmp_path)
    text = '(module (memory 1) (memory 1) (func (drop (i32.load (i32.const 0)))) (func (export "_initialize")))'
    # Another one in each test: what is compiled already is not validated again.
    Path("m.wasm").write_bytes(
        wat2wasm(text.replace("_initialize", f'{tmp_path}") (export "_initialize', 1))
    )
    Path("m.wast").write_text("(module)")
    found: list[str] = []
    monkeypatch.setattr(progress._Lines, "told", lambda _, what, *__: found.append(what))
    yield found


@pytest.mark.parametrize(
    ("arguments", "work"),
    [
        (["compile", "m.wasm", "-o", "m.py"], {"functions validated"}),
        (["validate", "m.wasm"], {"functions validated"}),
        (
            ["lower", "m.wasm", "-o", "l.wasm"],
            {"functions validated", "functions read", "functions lowered"},
        ),
        (["snapshot", "m.wasm", "-o", "m.snap"], {"functions validated", "pages kept"}),
        (["wast", "m.wast"], {"functions validated", "scripts run"}),
    ],
)
def test_commands_tell_of_their_work(arguments: list[str], work: set[str], told: list[str]) -> None:
    assert main(arguments) == 0
    assert set(told) == work
    told.clear()
    assert main([*arguments, "--quiet"]) == 0
    assert told == []


def test_programs_are_told_nothing(told: list[str]) -> None:
    for arguments in (["validate", "m.wasm", "--json"], ["inspect", "m.wasm", "--json"]):
        assert main(arguments) == 0
    main(["run", "m.wasm"])
    assert told == []


@pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes")
def test_rich_is_not_imported_for_what_is_over_soon(tmp_path: Path) -> None:
    (tmp_path / "m.wasm").write_bytes(wat2wasm("(module)"))
    code = "import sys; from pyjsapi.cli.main import main; main(); assert 'rich' not in sys.modules"
    done = subprocess.run(
        [sys.executable, "-c", code, "validate", "m.wasm"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
