"""``pyjsapi snapshot``, and ``pyjsapi run`` of what it writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyjsapi.cli.main import main
from pyjsapi.snapshots import Snapshot

PROGRAM = """(module (memory 1) (global $n (mut i32) (i32.const 1))
  (func (export "_initialize") (global.set $n (i32.const 10)))
  (func (export "warm") (global.set $n (i32.const 20)) (i32.store (i32.const 8) (i32.const 5)))
  (func (export "trap") unreachable)
  (func (export "next") (param i32) (result i32)
    (global.set $n (i32.add (global.get $n) (local.get 0)))
    (i32.add (global.get $n) (i32.load (i32.const 8)))))"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.wat"
    path.write_text(PROGRAM)
    return path


@pytest.mark.parametrize(
    ("options", "printed"),
    [([], "13\n"), (["--until", "warm"], "28\n"), (["--level", "9"], "13\n")],
)
def test_a_run_goes_on_from_a_snapshot(
    program: Path, capsys: pytest.CaptureFixture[str], options: list[str], printed: str
) -> None:
    warm = program.with_suffix(".snap")
    assert main(["snapshot", str(program), "-o", str(warm), *options]) == 0
    assert capsys.readouterr().out == ""
    for _ in range(2):
        assert main(["run", str(warm), "--invoke", "next", "3"]) == 0
        assert capsys.readouterr().out == printed


def test_a_snapshot_of_a_snapshot_goes_further(
    program: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = program.with_suffix(".1"), program.with_suffix(".2")
    assert main(["snapshot", str(program), "-o", str(first), "--until", "warm"]) == 0
    assert main(["snapshot", str(first), "-o", str(second), "--until", "_initialize"]) == 0
    assert main(["run", str(second), "--invoke", "next", "0"]) == 0
    assert capsys.readouterr().out == "15\n"


def test_the_start_of_a_snapshot_is_called_without_a_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program, warm = tmp_path / "p.wat", tmp_path / "p.snap"
    program.write_text(
        """(module (global $n (mut i32) (i32.const 1)) (func (export "i") (global.set $n (i32.const 7)))
        (func (export "_start") (result i32) (global.get $n)))"""
    )
    assert main(["snapshot", str(program), "-o", str(warm), "--until", "i"]) == 0
    assert main(["run", str(warm)]) == 0
    assert capsys.readouterr().out == "7\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--until", "none"], "exports no function 'none'; its functions are:\n  _initialize"),
        (["--until", "next"], "next(i32) -> (i32) takes 1 argument, 0 were given"),
        (["--until", "trap"], "trap: RuntimeError: unreachable"),
    ],
)
def test_what_goes_wrong_is_told_and_writes_nothing(
    program: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    warm = program.with_suffix(".snap")
    code = 1 if "trap" in options else 2
    assert main(["snapshot", str(program), "-o", str(warm), *options]) == code
    assert message in capsys.readouterr().err
    assert not warm.exists()


def test_damaged_snapshots_and_those_without_a_module_are_told(
    program: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    warm = program.with_suffix(".snap")
    assert main(["snapshot", str(program), "-o", str(warm)]) == 0
    whole = Snapshot.load(warm)
    warm.write_bytes(warm.read_bytes()[:-1])
    assert main(["run", str(warm)]) == 65
    assert f"{warm}: the snapshot must have" in capsys.readouterr().err
    whole.save(warm, with_module=False)
    assert main(["run", str(warm)]) == 65
    assert f"{warm}: the snapshot has not its module in it" in capsys.readouterr().err
