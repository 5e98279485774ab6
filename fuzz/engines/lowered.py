"""Modules with several memories, lowered, on the Node that is on the path: it may have one memory per module."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from fuzz.engines.base import ChildEngine, Observation
from fuzz.generators import make
from fuzz.program import Case, Program
from pyjsapi.lowering import lower
from pyjsapi.syntax.errors import WasmError

HERE: Final = Path(__file__).resolve().parent


def lowered_json(program: Program) -> dict[str, Any]:
    """A program as data with its lowered form. Raises `WasmError`."""
    form = lower(program.binary, memory64=False)
    return {**program.json(), "lowered": base64.b64encode(form).decode("ascii")}


def lowered_cases(seeds: Iterable[int]) -> list[Case]:
    """The programs of the generator ``memories`` that are run lowered."""
    cases = [make("memories", seed) for seed in seeds]
    return [case for case in cases if case.program.lowered]


class Lowered:
    """Runs programs lowered."""

    name = "lowered"

    def __init__(self) -> None:
        self._child = ChildEngine(self.name, ["node", HERE / "lowered_child.mjs"], seconds=120.0)

    def run(self, programs: Sequence[Program]) -> list[Observation]:
        """Lower programs and run them; one that cannot be lowered is refused."""
        answers: list[Observation] = []
        data: list[dict[str, Any]] = []
        where: list[int] = []
        for k, program in enumerate(programs):
            answers.append({})
            try:
                data.append(lowered_json(program))
                where.append(k)
            except WasmError as error:
                answers[k] = {"end": "refused", "detail": str(error)}
        for k, answer in zip(where, self._child.run_json(data), strict=True):
            answers[k] = answer
        return answers

    def close(self) -> None:
        self._child.close()
