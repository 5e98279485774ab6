"""Generated Python with a small fault: either it is flagged, or it does the same."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.function import translate_once
from pyjsapi.compiler.options import Options
from pyjsapi.compiler.proof import prove
from pyjsapi.engines.python import compile_module
from pyjsapi.text import wat2wasm
from tests.compiler.proof.control_programs import program
from tests.compiler.proof.control_spoiling import spoiled
from tests.compiler.proof.control_traces import Trace, agree, compiled

PROGRAMS, FAULTS, SCRIPTS = 30, 12, 30
"""Per test: programs, faults for each, and scripts that a faulty program is run with."""

MODES = {
    "structured": Options(proof=True),
    "flags": Options(proof=True, max_loops=1),
    "machine": Options(proof=True, state_machine=True),
}


@pytest.mark.parametrize("first", range(0, 4 * PROGRAMS, PROGRAMS))
@pytest.mark.parametrize("kind", ["new", "legacy", "references"])
@pytest.mark.parametrize("mode", MODES)
def test_what_is_not_flagged_does_the_same(mode: str, kind: str, first: int) -> None:
    flagged = same = 0
    for seed in range(first, first + PROGRAMS):
        text = program(seed, legacy=kind == "legacy", references=kind == "references")
        module = compile_module(wat2wasm(text), cache=CodeCache())
        scope = replace(module.default_variant.scope, options=MODES[mode])
        code = module.module.funcs[0].code.load()
        frame = translate_once(scope, 2, code)
        assert frame.notes is not None
        lines, marks = frame.lines, frame.marks
        run, right = compiled(lines), list[Trace]()
        random = Random(seed)
        for _ in range(FAULTS):
            fault = spoiled(lines, marks, frame.notes.moves, random)
            if fault is None or fault[0] == lines:
                continue
            try:
                other = compiled(fault[0])
            except SyntaxError:
                continue
            frame.lines, frame.marks = fault
            if prove(frame, code) is not None:
                flagged += 1
                continue
            right = right or [run(Random(script)) for script in range(SCRIPTS)]
            for script, expected in enumerate(right):
                text = "\n".join(fault[0])
                assert agree(other(Random(script)), expected), f"not flagged:\n{text}"
            same += 1
    assert flagged > same
