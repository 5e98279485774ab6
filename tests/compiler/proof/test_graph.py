"""The control graph of generated Python, from its lines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.function import translate_once
from pyjsapi.compiler.options import Options
from pyjsapi.compiler.proof import graph as python
from pyjsapi.compiler.proof.body import IF, TABLE, TEST, Body
from pyjsapi.compiler.proof.graph import Flag, FlagTest, Graph, Landing, LookUp, Select, Unknown
from pyjsapi.engines.python import compile_module
from pyjsapi.text import wat2wasm
from tests.compiler.proof.ast_graph import OUT, Edges, read
from tests.compiler.proof.control_programs import program

BRANCH, SWITCH, PLAIN = 4, 8, 12
ASKS = {BRANCH: python.BRANCH, SWITCH: python.SWITCH}


def graph(text: str, marks: dict[int, int] | None = None) -> Graph:
    """The graph of a function with these lines, which are for `PLAIN` where ``marks`` do not say otherwise."""
    lines = ["def f(l0):", *(f" {line}" for line in text.strip("\n").splitlines())]
    codes = [PLAIN] * len(lines)
    for line, code in (marks or {}).items():
        codes[line] = code
    return Graph(lines, codes, ASKS)


def asks_of(frame: Frame) -> dict[int, int]:
    kinds = enumerate(Body(frame.flat).kinds)
    return {
        position * 4: python.SWITCH if kind == TABLE else python.BRANCH
        for position, kind in kinds
        if kind in (IF, TEST, TABLE)
    }


def test_a_loop_leads_back_and_is_left() -> None:
    made = graph("while True:\n if l0:\n  break\n f0(1)\nf0(2)", {2: BRANCH})
    loop, test, inside, behind = 1, 2, 4, 5
    assert made.entry == loop
    assert made.nexts[loop] == test
    assert (made.nexts[test], made.others[test]) == (behind, inside)
    assert made.nexts[inside] == loop
    assert made.kinds[made.nexts[behind]] == python.FELL_OUT


def test_a_for_has_a_test_behind_its_body() -> None:
    made = graph("for l1 in range(l1,5):\n f0(1)\nelse: l1=5\nreturn l1")
    loop, inside, last, behind, test = 1, 2, 3, 4, 6
    assert made.kinds[test] == python.FOR_TEST
    assert made.nexts[loop] == inside
    assert made.nexts[inside] == test
    assert (made.nexts[test], made.others[test]) == (inside, last)
    assert made.nexts[last] == behind


def test_a_break_out_of_a_for_passes_its_else() -> None:
    made = graph("for l1 in range(5):\n if l0:\n  break\nelse: l1=5\nreturn l1", {2: BRANCH})
    assert made.nexts[2] == 5


def test_arms_meet_behind_an_if() -> None:
    made = graph("if l0:\n f0(1)\nelse:\n f0(2)\nf0(3)", {1: BRANCH})
    assert (made.nexts[1], made.others[1]) == (2, 4)
    assert made.nexts[2] == made.nexts[4] == 5


def test_flags_and_tables_are_read() -> None:
    made = graph(
        "_b=None\nif _b==1 and _s<3:\n pass\nif s0<2:\n pass\n_s=b'\\x01a'[s0] if s0<2 else 7",
        {4: SWITCH},
    )
    assert made.payloads[1] == Flag("_b", 0)
    assert made.payloads[2] == FlagTest((("_b", "==", 1), ("_s", "<", 3)))
    assert made.payloads[4] == Select("s0", 2)
    assert made.payloads[6] == LookUp("s0", 2, b"\x01a", 7)
    assert made.flags


@pytest.mark.parametrize(
    ("test", "set_", "unset"), [("is None", False, True), ("is not None", True, False)]
)
def test_whether_a_flag_is_set_is_asked(test: str, set_: bool, unset: bool) -> None:
    asked = graph(f"_b=None\nif _b {test}:\n f0(1)").payloads[2]
    assert isinstance(asked, FlagTest)
    assert asked.holds(7, None) is set_
    assert asked.holds(0, None) is unset


def test_a_flag_that_nothing_reads_any_more_is_not_live() -> None:
    made = graph("_b=1\nif _b==1:\n f0(1)\nf0(2)")
    assert made.live[2] == 1
    assert made.live[3] == made.live[4] == 0


def test_handlers_are_known_to_what_may_throw() -> None:
    made = graph(
        "try:\n f0(1)\n l1=2\nexcept Exception as _x:\n _x=caught(_x)\n if _x is None: raise\n raise\nf0(3)"
    )
    assert made.throws[2] == 5
    assert made.throws[3] == python.CANNOT_THROW
    assert made.throws[8] == -1
    assert made.kinds[5:8] == [python.CAUGHT, python.UNCAUGHT, python.RAISE]


def test_a_landing_has_its_tables() -> None:
    made = graph(
        "try:\n f0(1)\nexcept Exception as _x:\n _s=landing_state(_e,(-1, 0)[_s],((-1, ((0, 4),)),),X)"
    )
    assert made.payloads[4] == Landing((-1, 0), ((-1, ((0, 4),)),))


@pytest.mark.parametrize(
    "text",
    [
        "while l0:\n pass",
        "with l0:\n pass",
        "for x in l0: f0(x)",
        "f0(1);break",
        "if l0: break",
        "if l0: return",
        "del l0",
        "global l0",
        "def g():\n pass",
        "if l0:",
        "if l0:\nf0(1)",
        "f0(1)\n f0(2)",
        "try:\n f0(1)\nf0(2)",
        "try:\n f0(1)\nfinally:\n f0(2)",
        "try:\n f0(1)\nexcept ValueError:\n f0(2)",
        "if l0:\n f0(1)\nelif l1:\n f0(2)",
        "_s=l0",
        "_s=b'\\x01'[s0] if s1<1 else 2",
        "_s=(1,[2])[s0] if s0<1 else 2",
        "yield",
    ],
)
def test_what_generated_code_never_has_is_refused(text: str) -> None:
    with pytest.raises(Unknown):
        graph(text, {1: BRANCH} if text.startswith("if l0:\n") else None)


def test_a_test_that_belongs_to_no_instruction_is_refused() -> None:
    with pytest.raises(Unknown, match="test of no instruction"):
        graph("if l0:\n f0(1)")


def resolved(made: Graph, node: int) -> int:
    """A node in the terms of `ast_graph`: line from 1, a for's test negative."""
    seen = 0
    while node >= 0 and made.kinds[node] == python.GOTO and made.where[node] == node:
        text = made.texts[node]
        if text.startswith(("while", "for ")):
            break
        node = made.nexts[node]
        seen += 1
        assert seen < 1000
    if node < 0:
        return -1
    line = made.where[node] + 1
    if made.kinds[node] == python.FELL_OUT:
        return OUT
    return -line - 1 if made.kinds[node] == python.FOR_TEST else line


def edges_of(made: Graph) -> Edges:
    found: Edges = {}
    for node in range(1, len(made.kinds)):
        text = made.texts[made.where[node]] if made.kinds[node] != python.FELL_OUT else ""
        if not text or text in ("break", "continue", "pass", "else:", "try:"):
            continue
        if text.startswith("except"):
            continue
        found[resolved(made, node)] = (
            resolved(made, made.nexts[node]),
            resolved(made, made.others[node]),
        )
    return found


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize(
    "options", [Options(), Options(max_loops=1), Options(state_machine=True)], ids=str
)
def test_lines_and_syntax_tree_give_the_same_graph(options: Options, legacy: bool) -> None:
    compared = 0
    for seed in range(60):
        compiled = compile_module(wat2wasm(program(seed, legacy=legacy)), cache=CodeCache())
        scope = replace(compiled.default_variant.scope, options=options)
        frame = translate_once(scope, 2, compiled.module.funcs[0].code.load())
        made = Graph(frame.lines, frame.marks, asks_of(frame))
        start, edges = read(frame.lines)
        assert resolved(made, made.entry) == start
        assert edges_of(made) == edges
        compared += len(edges)
    assert compared > 500
