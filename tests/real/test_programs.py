"""Published programs do on pyjsapi what they do in Node, crossing by crossing.

The recordings are made by Node when they are not there. Each is played in a process with a deadline: wrong code may
never return. The short runs are a part of `make test`; those marked ``long`` take minutes.
"""

from __future__ import annotations

import platform

import pytest

from real.recording.process import Played, play
from real.recording.recordings import PROGRAMS, available, programs, recording

NAMES = sorted(path.stem for path in PROGRAMS.glob("*.mjs"))
LARGE = sorted(path.stem for path in (PROGRAMS / "large").glob("*.mjs"))
# Its 15 MB are decoded and validated for longer than all others run.
HEAVY = {"lightningcss"}
# Small ones that differ: a parser, an interpreter with jumps, bits and bytes, another language.
SHARE = ("es_module_lexer", "pwasm_micropython", "zstd", "zig_fmt")
# Ways of translation beside the usual one.
WAYS = {
    "proved": ("proof=1",),
    "asserted": ("assertions=1",),
    "states": ("proof=1", "state_machine=1"),
    "asserted states": ("assertions=1", "state_machine=1"),
    "few loops": ("proof=1", "max_loops=3"),
    "literal": tuple(
        f"{name}=0"
        for name in ("facts", "views", "patterns", "reuse", "induction", "ranges", "lanes")
    ),
}
LINUX = platform.system() == "Linux" and platform.machine() == "x86_64"


def _run(name: str, script: str, *options: str, deadline: float = 600) -> Played:
    program = programs()[name]
    if not LINUX and not available(program):
        pytest.skip("npm has no later Node for this machine")
    made = recording(program, script)
    played = play(made.folder, options, deadline)
    assert played.failure == ""
    assert played.crossings == made.crossings
    return played


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.long] if name in HEAVY else []) for name in NAMES],
)
def test_a_program_runs_as_in_node(name: str) -> None:
    played = _run(name, "short")
    assert 20 < played.translated < played.functions


@pytest.mark.parametrize("way", ["proved", "asserted", "states"])
@pytest.mark.parametrize("name", SHARE)
def test_a_program_translated_in_another_way_runs_as_in_node(name: str, way: str) -> None:
    _run(name, "short", *WAYS[way])


@pytest.mark.long
@pytest.mark.timeout(1900)
@pytest.mark.parametrize(
    ("name", "way"),
    [(name, way) for name in NAMES for way in WAYS if name not in HEAVY or way == "proved"],
)
def test_every_program_translated_in_every_way_runs_as_in_node(name: str, way: str) -> None:
    _run(name, "short", *WAYS[way], deadline=1800)


@pytest.mark.long
@pytest.mark.timeout(1900)
@pytest.mark.parametrize("way", ["structured", "states"])
@pytest.mark.parametrize("name", NAMES)
def test_a_longer_run_is_as_in_node(name: str, way: str) -> None:
    _run(name, "long", *WAYS.get(way, ()), deadline=1800)


def test_every_program_has_both_runs_and_says_what_it_is() -> None:
    assert sorted(programs()) == sorted([*NAMES, *LARGE])
    for program in programs().values():
        assert program.scripts == ("short", "long")
        assert program.title
        assert program.language
        assert program.large is (program.name in LARGE)
        assert program.packages or program.distributions or program.install
