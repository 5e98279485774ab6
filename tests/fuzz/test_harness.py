"""The engines of fuzzing are told apart when they differ, and not when they do not."""

from __future__ import annotations

import base64
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from fuzz import compare, verdicts
from fuzz.bench import Bench, Finding, judge
from fuzz.engines.base import Observation
from fuzz.engines.face import face
from fuzz.engines.javascript import NODE
from fuzz.expressions import lists, parse, replaced, tokens, write
from fuzz.generators import NAMES, make
from fuzz.program import NULL, Call, Case, Import, Program, f32, f64, i32, i64
from fuzz.pythons import VERSIONS, find, own
from fuzz.shrink import shrink
from fuzz.shrink_binaries import fewer_bytes
from fuzz.single import text_of
from pyjsapi import wat2wasm

ENGINES = ["wasmtime", "ours/default"] + (["node", "bun"] if NODE.is_file() else [])
NUMBERS = """(module
  (import "env" "see" (func $see (param i32 i64 f32 f64)))
  (import "env" "m" (memory 1)) (export "m" (memory 0))
  (global (export "g") (mut i64) (i64.const -5))
  (table (export "t") 3 funcref) (elem (i32.const 1) $f)
  (func $f (export "f") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
    (call $see (local.get 0) (local.get 1) (local.get 2) (local.get 3))
    (i32.store8 (i32.const 9) (local.get 0))
    (local.get 3) (local.get 2) (local.get 1) (local.get 0))
  (func (export "trap") (param externref) (drop (i32.load (i32.const -1))))
  (func (export "deep") (call 3) (call 3)))"""


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench(modes=["default"])
    yield bench
    bench.close()


def _observed(bench: Bench, program: Program) -> dict[str, Any]:
    found = bench.observe_oracles([program])[0]
    [by_mode] = bench.ours[0].run([program], [["default"]])
    return found | {"ours/default": by_mode["default"]}


def _numbers() -> Program:
    arguments = (i32(-1), i64(1 << 63), f32(-0.0), f64(float("nan")))
    calls = (Call("f", arguments), Call("trap", (NULL,)), Call("none"), Call("deep"))
    imports = (
        Import(
            "env", "see", "function", {"parameters": ["i32", "i64", "f32", "f64"], "results": []}
        ),
        Import("env", "m", "memory", {"initial": 1}),
    )
    return Program(NUMBERS, calls, imports)


def _tells(seen: dict[str, Any]) -> None:
    for name, answer in seen.items():
        assert answer["end"] == "ran", name
        instantiated, returned, trapped, missing, exhausted = answer["calls"]
        assert instantiated == ["returns"]
        assert returned == ["returns", "nan", "8000000000000000", "-9223372036854775808", "-1"]
        assert compare.trap_kind(trapped[1]) == "out of bounds memory", name
        assert missing == ["missing"]
        assert exhausted[0] == "exhausts"
        assert answer["log"] == [["see", "-1", "-9223372036854775808", "8000000000000000", "nan"]]
        assert answer["globals"] == {"g": "-5"}
        assert answer["tables"] == {"t": [3, "010"]}
        assert answer["memories"]["m"] == answer["memories"]["env.m"]
    memories = [answer["memories"]["m"] for answer in seen.values()]
    assert all(memory == memories[0] for memory in memories)


def test_every_engine_tells_the_same_of_numbers_memories_tables_and_traps(bench: Bench) -> None:
    seen = _observed(bench, _numbers())
    assert sorted(seen) == sorted(ENGINES)
    _tells(seen)


def test_a_python_is_found_by_its_version_and_not_by_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "none"))
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "python3.0").symlink_to(sys.executable)
    assert find(own()) == sys.executable
    assert find("3.0") is None
    assert find("3.1") is None


@pytest.mark.pyodide
def test_the_javascript_face_tells_the_same() -> None:
    engine = face()
    assert engine is not None
    [answer] = engine.run([_numbers()])
    engine.close()
    _tells({"face": answer})


def test_a_program_runs_on_several_pythons() -> None:
    others = [found for version in VERSIONS if version != own() and (found := find(version))]
    bench = Bench(
        oracles=[], modes=["default"], pythons=[sys.executable, *(others or [sys.executable])]
    )
    seen = {ours.name: ours.run([_numbers()], [["default"]])[0]["default"] for ours in bench.ours}
    bench.close()
    assert sorted(seen)[:2] == ["ours", "ours2"]
    _tells(seen)


def test_the_face_and_every_python_are_compared() -> None:
    right, wrong = _ran(["returns", "1"]), _ran(["returns", "2"])
    seen = {"wasmtime": right, "ours/default": right, "ours2/default": wrong, "face": wrong}
    found = judge(Program("(module)", (Call("f"),)), seen)
    assert found == [("ours2/default face", "f(): returns 2, not returns 1")]


def _ran(*calls: list[str], **more: Any) -> dict[str, Any]:
    return {"end": "ran", "calls": [["returns"], *calls], "log": [], **more}


@pytest.mark.parametrize(
    ("right", "seen", "what"),
    [
        (_ran(["returns", "1"]), _ran(["returns", "2"]), "f(): returns 2, not returns 1"),
        (_ran(["returns"]), _ran(["traps", "unreachable"]), "f(): traps unreachable, not returns"),
        (_ran(["throws"]), _ran(["throws", "t", "5"]), None),
        (_ran(["throws", "t", "4"]), _ran(["throws", "t", "5"]), "f(): throws t 5, not throws t 4"),
        (_ran(["traps", "integer overflow"]), _ran(["traps", "integer divide by zero"]),
         "f(): traps integer divide by zero, not traps integer overflow"),
        (_ran(["returns", "1"], globals={"g": "1"}), _ran(["returns", "1"], globals={"g": "2"}),
         "global g is 2, not 1"),
        (_ran(["returns", "1"], memories={"m": [9, 1]}), _ran(["returns", "1"], memories={"m": [9, 2]}),
         "memory m is [9, 2], not [9, 1]"),
        (_ran(["exhausts"], globals={"g": "1"}), _ran(["exhausts"], globals={"g": "2"}), None),
        (_ran(["returns"]), {"end": "hangs", "detail": "2 s"}, "hangs (2 s), not ran ()"),
    ],
)  # fmt: skip
def test_differences_are_told(
    right: dict[str, Any], seen: dict[str, Any], what: str | None
) -> None:
    found = judge(Program("(module)", (Call("f"),)), {"wasmtime": right, "ours/default": seen})
    assert found == ([] if what is None else [("ours/default", what)])


def test_the_first_of_the_engines_that_came_through_is_right() -> None:
    seen = {"wasmtime": {"end": "crashes", "detail": "x"}, "node": _ran(["returns", "1"]),
            "ours/default": _ran(["returns", "2"])}  # fmt: skip
    found = dict(judge(Program("(module)", (Call("f"),)), seen))
    assert found["ours/default"] == "f(): returns 2, not returns 1"
    assert found["wasmtime"].startswith("crashes")


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("binaryen", "smith")])
def test_a_seed_gives_the_same_program_every_time(name: str) -> None:
    assert make(name, 5).program == make(name, 5).program
    assert make(name, 5).program.source != make(name, 6).program.source


def test_a_text_is_a_tree_of_tokens() -> None:
    text = '(module (data "a)\\"(") ;; end)\n (func $f (; () ;) (i32.const 1)))'
    (tree,) = parse(text)
    assert write(tree) == '(module (data "a)\\"(") (func $f (i32.const 1)))'
    assert tokens("(a  b)") == ["(", "a", "b", ")"]
    assert [path for path, _ in lists(tree)] == [(), (1,), (2,), (2, 2)]
    assert write(replaced(tree, (2, 2), [])) == '(module (data "a)\\"(") (func $f))'
    for wrong in ("(a", "a)"):
        with pytest.raises(ValueError, match="parenthesis"):
            parse(wrong)


class _Spoiled(Bench):
    """A bench in which pyjsapi is said to be wrong where a program multiplies."""

    def examine(self, cases: Any, **options: Any) -> list[Finding]:
        good = super().examine(cases, **options)
        return good or [
            Finding(case.generator, case.seed, "ours/default", "f(): returns 1, not returns 2")
            for case in cases
            if "i32.mul" in text_of(case.program) and case.program.calls
        ]


MULTIPLIES = """(module (global $g (mut i32) (i32.const 3)) (func $h (param i32) (result i32) (local.get 0))
  (func (export "f") (param i32) (result i32) (local i32 i32)
    (block $b (br_if $b (local.get 0)) (global.set $g (i32.const 1)))
    (i32.add (call $h (i32.mul (local.get 0) (i32.const 3))) (global.get $g))))"""


@pytest.mark.parametrize("form", ["text", "binary"])
def test_a_finding_is_made_smaller_as_long_as_it_shows_the_same(form: str) -> None:
    bench = _Spoiled(oracles=["wasmtime"], modes=["default"])
    source = MULTIPLIES if form == "text" else wat2wasm(MULTIPLIES)
    case = Case("none", 0, Program(source, (Call("f", (i32(1),)), Call("f", (i32(2),)))))
    small = shrink(case, bench.examine([case])[0], bench, seconds=600)
    bench.close()
    assert len(small.calls) == 1
    assert "i32.mul" in text_of(small)
    assert isinstance(small.source, type(source))
    assert len(small.source) < (110 if form == "text" else 60)
    assert len(small.binary) < len(case.program.binary)


def test_a_binary_that_is_not_valid_is_made_smaller() -> None:
    data = wat2wasm(MULTIPLIES).replace(b"\x6c", b"\x06\x6c")

    def shows(smaller: bytes) -> bool:
        return b"\x06\x6c" in smaller

    small = fewer_bytes(data, shows, math.inf)
    assert small == b"\0asm\1\0\0\0\x0a\x02\x06\x6c"
    program = Program(small, kind="mutant")
    assert text_of(program).endswith("0a 02 06 6c")


@pytest.mark.parametrize(
    "text", ["(module (func (block loop)))", "(module (func (if (i32.const 1) (then block loop))))"]
)
def test_what_another_reader_makes_no_module_of_is_no_finding(text: str) -> None:
    refused = {"end": "refused", "detail": "1:9: unexpected token"}
    assert verdicts.on_text(text, refused) is None
    assert verdicts.on_text("(module (func (block (loop))))", refused) is not None


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("(module (type (sub (func))) (func))", None),
        ("(module (type (sub final (func))) (func))", "another binary form"),
    ],
)
def test_an_open_type_is_not_taken_for_one_that_is_written_nowhere(
    text: str, verdict: str | None
) -> None:
    binary = base64.b64encode(wat2wasm("(module (type (func (param i32))) (type (func)) (func))"))
    assert verdicts.on_text(text, {"end": "ran", "binary": binary}) == verdict


def test_an_index_has_no_sign() -> None:
    detail = "1:44: unexpected token +0, a number expected"
    assert (
        verdicts.on_text(
            "(module (func (param i32) (local.set +0 (i32.const 1))))",
            {"end": "refused", "detail": detail},
        )
        is None
    )


@pytest.mark.parametrize(
    "outcome", [["missing"], ["raises", "TypeError: Cannot convert a BigInt value to a number"]]
)
@pytest.mark.parametrize("kind", ["mutant", "run"])
def test_nothing_is_compared_in_a_mutant_once_a_function_has_another_type(
    outcome: list[str], kind: Literal["mutant", "run"]
) -> None:
    program = Program(wat2wasm("(module)"), (Call("f", ()),), kind=kind)
    right: Observation = {"end": "ran", "calls": [["returns"], ["returns", "9"]], "log": [["h"]]}
    seen: Observation = {"end": "ran", "calls": [["returns"], outcome], "log": []}
    assert bool(list(compare.differences(program, right, seen, strict=True))) is (kind != "mutant")


def test_null_references_to_functions_are_null_references() -> None:
    assert compare.trap_kind("null function reference") == compare.trap_kind(
        "wasm trap: null reference"
    )
    assert compare.trap_kind("uninitialized element") != compare.trap_kind("null reference")


@pytest.mark.parametrize(
    ("message", "features", "other_place", "same"),
    [
        ("rethrowing null value", {"exceptions"}, [[9, 1040], [3, 7]], True),
        ("rethrowing null value", {"exceptions"}, [[8, 1040], [3, 7]], False),
        ("unreachable", {"exceptions"}, [[9, 396], [3, 8]], True),
        ("unreachable", {"exceptions"}, [[9, 1040], [3, 7]], False),
        ("unreachable", set(), [[9, 396], [3, 8]], False),
    ],
)
def test_places_of_traps_are_compared_as_far_as_engines_tell_them(
    message: str, features: set[str], other_place: list[list[int]], same: bool
) -> None:
    program = Program("(module)", (Call("f"),), features=frozenset(features))
    told: list[Observation] = [
        {"end": "ran", "calls": [["returns"], ["traps", message, place]]}
        for place in ([[9, 396], [3, 7]], other_place)
    ]
    assert (compare.misplaced(program, *told) is None) is same
