"""Whole programs of WASI do here what they do on Wasmtime: the same output, errors, exit code and files.

Each runs in a process of its own, by the command `pyjsapi run`. A package that `make setup` installs and that is not
there is a failure; large ones are left out until `python -m real.commands --large` has installed them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from real.commands.command import Distribution, NotInstalled
from real.commands.playing import Outcome, commands, compared, difference

QUICK = ("micropython", "usvg", "vt100")
"""The others run for longer, or are compiled first: with Zig's C library, in minutes."""
RUNS = [
    pytest.param(name, run, marks=[] if name in QUICK else [pytest.mark.long])
    for name, command in commands().items()
    for run in command.runs
]


@pytest.mark.timeout(1900)
@pytest.mark.parametrize(("name", "run"), RUNS)
def test_i15_7_a_program_does_what_it_does_on_wasmtime(name: str, run: str, tmp_path: Path) -> None:
    command = commands()[name]
    if command.large:
        try:
            command.module()
        except NotInstalled as missing:
            pytest.skip(str(missing))
    ours, theirs = compared(name, run, tmp_path, deadline=900)
    assert difference(ours, theirs) == ""
    assert ours.stdout or ours.stderr or ours.files or command.runs[run].arguments


def test_every_program_says_what_it_is() -> None:
    for command in commands().values():
        assert command.source
        assert command.language
        assert command.runs
        assert all(run.does for run in command.runs.values())


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (Outcome(1, b"out", b"err", {}), "exit code 0, not 1"),
        (Outcome(0, b"oxt", b"err", {}), "stdout: b'out', not b'oxt', at byte 1"),
        (Outcome(0, b"out", b"errs", {}), "stderr: b'err', not b'errs', at byte 3"),
        (Outcome(0, b"out", b"err", {"made": b""}), "file made: None, not b''"),
    ],
)
def test_what_differs_is_found(other: Outcome, told: str) -> None:
    ours = Outcome(0, b"out", b"err", {}, 1.0)
    assert difference(ours, other).startswith(told)
    assert difference(ours, replace(ours, seconds=2)) == ""


def test_a_package_that_is_missing_is_named_with_what_installs_it() -> None:
    for large, how in ((True, "--large"), (False, "make setup")):
        with pytest.raises(NotInstalled, match=rf"^not-there 1\.0 of PyPI .*{how}"):
            Distribution("not-there", "not_there/x.wasm", "1.0", large=large)()
