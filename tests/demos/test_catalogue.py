"""How demonstrations are found, what they say, and the exit status that they have."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.cli.main import main as command
from pyjsapi.demos import catalogue
from pyjsapi.demos.catalogue import PASSED, SKIPPED, Demo, demo, names
from pyjsapi.demos.needs import Missing
from pyjsapi.demos.report import FAILED, Line, Report, seconds


def played(play: Callable[[Report], Any], needs: str = "") -> tuple[int, list[str]]:
    lines: list[Line] = []
    return demo(needs=needs)(play)(lines.append), [str(line) for line in lines]


def test_the_exit_status_is_that_of_the_checks() -> None:
    status, lines = played(lambda report: report.check("a is b", True, "AB-1"))
    assert (status, lines[1]) == (PASSED, "  ok   AB-1: a is b")
    status, lines = played(lambda report: report.equal("the sum", 3, 4))
    assert (status, lines[1]) == (FAILED, "  FAIL the sum: 3, not 4")
    assert lines[-1].startswith("FAIL test_catalogue: 1 of 1 checks failed, ")


def test_figures_decide_nothing() -> None:
    def play(report: Report) -> None:
        report.figure("speed", float("nan"), "times")
        report.figure("size", 1234567, "bytes")
        report.figure("share", 0.01234)
        report.check("it ran", 1)

    status, lines = played(play)
    assert status == PASSED
    assert lines[1:4] == [
        "    speed: nan times",
        "    size: 1,234,567 bytes",
        "    share: 0.0123",
    ]


def test_a_demonstration_that_checks_nothing_fails() -> None:
    status, lines = played(lambda report: report.step("nothing"))
    assert status == FAILED
    assert lines[-1].startswith("FAIL test_catalogue: 0 checks")


def test_what_is_raised_is_shown_and_fails() -> None:
    status, lines = played(lambda report: 1 // 0)
    assert status == FAILED
    assert "ZeroDivisionError" in lines[1]
    assert lines[-1] == "FAIL test_catalogue: it raised ZeroDivisionError"


def test_an_error_that_is_expected() -> None:
    status, lines = played(
        lambda report: report.raises("no division", ArithmeticError, lambda: 1 // 0)
    )
    assert (status, lines[1].startswith("  ok   no division (ZeroDivisionError: ")) == (
        PASSED,
        True,
    )
    status, lines = played(lambda report: report.raises("no division", ArithmeticError, lambda: 1))
    assert (status, lines[1]) == (FAILED, "  FAIL no division: it returned 1")


def test_what_is_missing_is_named_and_nothing_is_played() -> None:
    status, lines = played(lambda report: 1 // 0, needs="threads no_package_of_this_name")
    assert status == SKIPPED
    assert lines[1:] == ["SKIPPED test_catalogue: needs no_package_of_this_name"]


def test_a_demonstration_may_find_out_while_it_runs_that_something_is_missing() -> None:
    def play(report: Report) -> None:
        raise Missing("needs a quiet machine")

    assert played(play)[0] == SKIPPED


def test_a_demonstration_may_await() -> None:
    async def play(report: Report) -> None:
        await asyncio.sleep(0)
        report.check("it awaited", True)

    made = demo()(play)
    said: list[Line] = []
    assert (made(said.append), asyncio.run(made.run(said.append))) == (PASSED, PASSED)
    assert [line.text for line in said if line.kind == "check"] == ["it awaited"] * 2


@pytest.mark.parametrize(
    ("needs", "where"),
    [
        ((), "everywhere"),
        (("numpy",), "everywhere, with numpy"),
        (("threads", "mmap", "numpy", "PIL"), "CPython, POSIX, with numpy and PIL"),
        (("linux", "threads"), "CPython, Linux"),
    ],
)
def test_where_a_demonstration_runs(needs: tuple[str, ...], where: str) -> None:
    assert Demo(lambda report: None, (), needs).where == where


def test_every_module_but_the_frame_is_a_demonstration() -> None:
    assert names()
    for name in names():
        found = catalogue.find(name)
        assert isinstance(found, Demo) and found.name == name
    with pytest.raises(KeyError):
        catalogue.find("report")


def test_the_command_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["demo", "--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == names()


def test_the_command_says_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["demo", "thread_mutex"]) == 1
    assert "no demonstration 'thread_mutex': threads_mutex?" in capsys.readouterr().err
    assert command(["demo", "q"]) == 1
    assert "`pyjsapi demo --list` names them" in capsys.readouterr().err
    assert command(["demo"]) == 2
    assert "--list or --all" in capsys.readouterr().err


def test_several_are_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = {
        "good": demo()(lambda report: report.check("x", True)),
        "bad": demo()(lambda report: report.check("x", False)),
        "away": demo(needs="no_package_of_this_name")(lambda report: None),
    }
    monkeypatch.setattr(catalogue, "find", made.__getitem__)
    assert catalogue.run_all(["good", "away"]) == PASSED
    assert catalogue.run_all(["away"]) == SKIPPED
    assert catalogue.run_all(["good", "bad", "away"]) == FAILED
    assert capsys.readouterr().out.endswith(
        "\n1 passed, 1 failed, 1 skipped\nfailed: bad\nskipped: away\n"
    )


def test_seconds_are_those_of_one_call() -> None:
    calls: list[None] = []
    assert 0 <= seconds(lambda: calls.append(None), repeats=3) < 1
    assert len(calls) > 3
