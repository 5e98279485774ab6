"""The guests of the benchmarks answer right on pyjsapi, through the glue of the benchmarks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.guests import BASE, KINDS, Kind, WrongOutput, started

MICROPYTHON = KINDS[0]


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.title)
def test_the_answers_are_right(kind: Kind) -> None:
    started(kind, BASE)


def test_a_guest_unwinds_through_the_host() -> None:
    guest = MICROPYTHON.start_of(BASE)()
    source = "try:\n    [][1]\nexcept IndexError as error:\n    print('caught', error)\n"
    assert guest.run(source) == "caught list index out of range\n"


def test_a_wrong_answer_is_found() -> None:
    program = replace(MICROPYTHON.programs[0], answer="611\n")
    with pytest.raises(WrongOutput, match=r"MicroPython, fib\(15\), on pyjsapi: '610\\n'"):
        started(replace(MICROPYTHON, programs=(program,)), BASE)
