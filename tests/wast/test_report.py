"""The table of results and the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyjsapi.wast import Failure, ScriptResult
from pyjsapi.wast.__main__ import main
from pyjsapi.wast.report import find_scripts, table

_GOOD = '(module (func (export "f")))\n(assert_return (invoke "f"))\n'
_BAD = '(module (func (export "f")))\n(assert_return (invoke "f") (i32.const 1))\n'


def test_the_table_has_a_row_for_each_folder_and_one_for_all() -> None:
    results = [
        ScriptResult("a/x.wast", 3, 3),
        ScriptResult("a/y.wast", 2, 1, [Failure(1, "assert_return", "why")]),
        ScriptResult("b/z.wast", 1, 1),
    ]
    assert [line.split() for line in table(results).splitlines()] == [
        ["folder", "scripts", "assertions", "passed", "failures"],
        ["a", "2", "5", "4", "1"],
        ["b", "1", "1", "1", "0"],
        ["total", "3", "6", "5", "1"],
    ]


def test_folders_are_searched_for_scripts(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("b.wast", "a.wast", "sub/c.wast", "d.txt"):
        (tmp_path / name).write_text("")
    found = find_scripts([tmp_path, tmp_path / "d.txt"])
    assert [path.relative_to(tmp_path).as_posix() for path in found] == [
        "a.wast", "b.wast", "sub/c.wast", "d.txt",
    ]  # fmt: skip


def test_the_command_succeeds_where_everything_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "good.wast").write_text(_GOOD)
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["total", "1", "1", "1", "0"]


def test_the_command_fails_and_says_where_something_does_not_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "bad.wast"
    script.write_text(_BAD)
    assert main([str(script)]) == 1
    assert f"{script}:2: assert_return: expected i32 0x1; got nothing" in capsys.readouterr().out


def test_wrong_usage_is_told_from_failures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([]) == 2
    capsys.readouterr()
    absent = tmp_path / "absent.wast"
    assert main([str(absent)]) == 66
    assert capsys.readouterr().err == f"pyjsapi: cannot read {absent}: No such file or directory\n"
