"""Fuel on generated programs: the same count in every mode of translation, and that of a program that counts itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fuzz import generators
from fuzz.engines.harness import Run
from fuzz.engines.modes import MODES
from fuzz.generators import make
from fuzz.program import Program
from pyjsapi.binary.encoder import encode_module
from pyjsapi.compiler import environment
from pyjsapi.compiler.cache import CodeCache
from pyjsapi.embedding.settings import Settings
from pyjsapi.engines.python import compile_module
from pyjsapi.jsapi.module import module_object
from pyjsapi.rewriting.instrs import END, instr
from pyjsapi.runtime.fuel import FuelTank
from pyjsapi.syntax.module import Code, Export, Func, Global
from pyjsapi.syntax.types import I64, GlobalType
from pyjsapi.validation.limits import Limits

NOT_RUN = {"binaries", "binaryen", "texts", "mutate", "deep", "smith"}
FREE = set("nop block loop else end try_table try catch catch_all delegate".split())
BY_LENGTH = tuple(
    f"{kind}.{do}" for kind in ("memory", "table", "array") for do in ("fill", "copy", "init")
)
MOST = 60_000
CUT_AT = (0.9, 0.3, 0.01)

_tanks: list[FuelTank] = []


class _Recorded(FuelTank):
    __slots__ = ()

    def __init__(self, fuel: int) -> None:
        super().__init__(fuel)
        _tanks.append(self)


@pytest.fixture(autouse=True)
def _record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "FuelTank", _Recorded)


def _seen(
    program: Program, mode: str, fuel: int | None, deadline: float | None = None
) -> tuple[Any, int | None]:
    """What a program shows with so much fuel, and what it used."""
    _tanks.clear()
    settings = Settings(limits=Limits(fuel=fuel, deadline=deadline))

    def module_of(data: bytes) -> Any:
        options = MODES[mode]._replace(proof=False)
        return module_object(compile_module(data, settings, options=options, cache=CodeCache()))

    seen = Run(program.json(), module_of).observe()
    return seen, _tanks[0].used if _tanks else None


def _counting(program: Program) -> Program:
    """The program with a global that counts each instruction before it is executed."""
    compiled = compile_module(program.binary, cache=CodeCache())
    module = compiled.module
    counter = len(compiled.context.globals)
    count = [
        instr("global.get", counter),
        instr("i64.const", 1),
        instr("i64.add"),
        instr("global.set", counter),
    ]
    funcs = []
    for func in module.funcs:
        code = func.code.load()
        body = []
        for one in code.body:
            body += [one] if one[0].mnemonic in FREE else [*count, one]
        funcs.append(Func(func.typeidx, Code(code.locals, body)))
    module.funcs[:] = funcs
    module.globals.append(Global(GlobalType(I64, True), [instr("i64.const", 0), END]))
    module.exports.append(Export("%count", "global", counter))
    module.customs.clear()
    return replace(program, source=encode_module(module))


def _ends_well(seen: Any) -> bool:
    return seen["end"] == "ran" and all(call[0] in ("returns", "missing") for call in seen["calls"])


def _is_counted_exactly(program: Program) -> bool:
    module = compile_module(program.binary, cache=CodeCache()).module
    return not any(
        one[0].mnemonic in FREE & {"try", "try_table"}
        or one[0].mnemonic.startswith((*BY_LENGTH, "array.new"))
        for func in module.funcs
        for one in func.code.load().body
    )


@pytest.mark.parametrize("name", [n for n in generators.NAMES if n not in NOT_RUN])
def test_every_mode_uses_the_same_fuel(name: str) -> None:
    for seed in range(2):
        program = make(name, seed).program
        metered, used = _seen(program, "default", MOST)
        if used is not None and "out of fuel" not in str(metered):
            assert _seen(program, "default", None) == (metered, None)
            for mode in ("default", "states", "asserted"):
                assert _seen(program, mode, None, 1000) == (metered, None)
        chosen = ("states", "loops0", "asserted", "plain", "no-ranges", "asserted-states")
        for mode in chosen[seed % 2 :: 2]:
            assert _seen(program, mode, MOST) == (metered, used)


@pytest.mark.parametrize("name", [n for n in generators.NAMES if n not in NOT_RUN])
def test_programs_stop_at_the_same_instruction(name: str) -> None:
    for seed in range(2):
        program = make(name, seed).program
        _, used = _seen(program, "default", MOST)
        for part in CUT_AT:
            fuel = int((used or 0) * part)
            first = _seen(program, "default", fuel)
            assert (first[1] or 0) <= fuel
            for mode in ("states", "loops1", "plain"):
                assert _seen(program, mode, fuel) == first


@pytest.mark.parametrize("name", [n for n in generators.NAMES if n not in NOT_RUN])
def test_the_count_is_that_of_a_program_that_counts_itself(name: str) -> None:
    for seed in range(4):
        program = make(name, seed).program
        seen, used = _seen(program, "default", MOST)
        if "globals" not in seen or used is None or "out of fuel" in str(seen):
            continue
        counted, _ = _seen(_counting(program), "default", None)
        count = int(str(counted["globals"]["%count"]).removesuffix("n"))
        if _ends_well(seen) and _is_counted_exactly(program):
            assert used == count, (name, seed)
        else:
            # A trap or exception leaves a segment that is paid for.
            assert used >= count, (name, seed)
