"""A plan gives the same steps and memories from the runner in Python as from that in JavaScript on Node's engine."""

from __future__ import annotations

import base64
import json
import math
import re
import subprocess
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import WebAssembly, engines, null, wat2wasm
from web.workbench import runs
from web.workbench.hand import ImportsError

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
Both = Callable[..., tuple[dict[str, Any], dict[str, Any]]]


@pytest.fixture
def both(tmp_path: Path) -> Both:
    """What a module's calls come to on Node's engine and in Python: steps without times and messages, and images."""
    for name, target in (("static", "web/static"), ("polyfill", "polyfill")):
        (tmp_path / name).symlink_to(ROOT / target)

    def both(
        text: str, *calls: list[str], in_javascript: Any = None, **more: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        given = {
            "base64": base64.b64encode(wat2wasm(text)).decode(),
            "calls": calls,
            **(in_javascript or {}),
        }
        command = [
            "node",
            "--preserve-symlinks",
            str(HERE / "run_plans.mjs"),
            str(tmp_path),
        ]
        done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        node = json.loads(done.stdout)
        plan = {**node["plan"], **more, "bytes": base64.b64decode(node["plan"]["bytes"])}
        assert WebAssembly.validate(plan["bytes"])
        steps: list[Any] = []
        broken, images = "", []
        try:
            images = runs.run(plan, lambda step, index: steps.append(json.loads(step)))
        except ImportsError as error:
            broken = str(error)
        for image in node["images"]:
            for key in ("pages", "when"):
                image[key] = {int(k): base64.b64decode(v) for k, v in image[key].items()}
        return (
            _outcome(node["steps"], node["images"], node["broken"]),
            _outcome(steps, images, broken),
        )

    return both


def _outcome(steps: list[Any], images: list[Any], broken: str) -> dict[str, Any]:
    outcome = {"steps": [_plain(step) for step in steps], "images": images}
    return {**outcome, "broken": broken} if broken else outcome


def _by_hand(language: str, **texts: str) -> dict[str, Any]:
    return {"imports": {"way": "hand", "language": language, "texts": texts}}


def _script(language: str, text: str) -> dict[str, Any]:
    return {"script": {"language": language, "text": textwrap.dedent(text)}}


def _plain(step: dict[str, Any]) -> dict[str, Any]:
    plain = {key: step.get(key) for key in ("values", "log", "logged")}
    if "error" in step:
        name, frames = step["error"]["name"], step["error"]["frames"]
        # How deep a stack goes and what a function without a name is called is an engine's own.
        plain |= {"line": step["error"]["line"]} if "line" in step["error"] else {}
        told = [[frame["index"], frame["offset"]] for frame in frames]
        plain |= {"error": name, "frames": told if name != "RangeError" else []}
    return plain


def test_results_traps_and_calls_of_imports(both: Both) -> None:
    node, python = both(
        """(module
          (import "m" "f" (func $f (param i32 i64 f32 f64 externref) (result i64)))
          (import "m" "two" (func $two (result i32 f64)))
          (import "m" "g" (global $g (mut i64))) (import "m" "t" (table 1 2 funcref)) (import "m" "e" (tag (param i32)))
          (func (export "all") (param i32 i64 f32 f64 externref) (result i32 i64 f32 f64 externref)
            (drop (call $f (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4)))
            (drop (drop (call $two)))
            (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4))
          (func (export "trap") unreachable)
          (func $deep (export "deep") (call $deep))
          (func (export "global") (result i64) (global.get $g)))""".replace(
            "(drop (drop (call $two)))", "(call $two) drop drop"
        ),
        ["all", "-1", "0x8000000000000000", "0.1", "-0", "text"],
        ["all", "4294967295", "-1", "nan", "inf", "null"],
        ["trap"],
        ["global"],
    )
    assert node == python
    assert node["steps"][1]["values"][1] == ["i64", str(-(2**63))]
    assert node["steps"][1]["log"][0]["name"] == "m.f"
    assert node["steps"][1]["logged"] == 2
    assert node["steps"][3]["error"] == "RuntimeError"
    assert node["steps"][4]["values"] == [["i64", "0"]]


def test_a_memory_is_seen_though_it_is_not_exported(both: Both) -> None:
    node, python = both(
        """(module
          (memory 2 4) (data (i32.const 70000) "abc")
          (func (export "memory 0") (param i32)
            (i32.store (local.get 0) (i32.const 0x01020304))
            (i32.store8 (i32.const 65535) (i32.const 7))
            (drop (memory.grow (i32.const 1)))))""",
        ["memory 0", "16"],
        ["memory 0", "131068"],
    )
    assert node == python
    (image,) = node["images"]
    assert image["byteLength"] == 4 * 65536
    assert image["changed"] == [[131068, 4]]
    assert image["pages"][0][16:20] == bytes([4, 3, 2, 1])
    assert image["pages"][1][70000 - 65536 :][:3] == b"abc"
    assert set(image["pages"]) == {0, 1}


def test_growth_detaching_and_when_words_changed(both: Both) -> None:
    node, python = both(
        """(module
          (memory 1) (data (i32.const 0) "data")
          (func (export "write") (param i32) (i32.store (local.get 0) (i32.add (local.get 0) (i32.const 1))))
          (func (export "grow") (result i32) (memory.grow (i32.const 2)))
          (func (export "fail") (result i32) (memory.grow (i32.const 70000)))
          (func (export "trap")
            (i32.store8 (i32.const 100) (i32.const 1)) (drop (memory.grow (i32.const 1))) unreachable))""",
        ["write", "8"],
        ["write", "14"],
        ["grow"],
        ["fail"],
        ["write", "65544"],
        ["write", "8"],
        ["trap"],
    )
    assert node == python
    (image,) = node["images"]
    assert [size // 65536 for size in image["sizes"]] == [1, 1, 1, 3, 3, 3, 3, 4]
    assert image["detached"] == [False, False, False, True, False, False, False, True]
    assert set(image["when"]) == {0, 1}
    words = memoryview(image["when"][0]).cast("H")
    assert {k: call for k, call in enumerate(words) if call} == {2: 1, 3: 2, 25: 7}
    assert memoryview(image["when"][1]).cast("H")[2] == 5


def test_a_memory_that_is_imported_is_seen(both: Both) -> None:
    node, python = both(
        """(module (import "m" "imported" (memory 1 2))
          (func (export "write") (i32.store8 (i32.const 3) (i32.const 7))))""",
        ["write"],
    )
    assert node == python
    assert node["images"][0]["changed"] == [[3, 1]]


def test_frames_of_a_trap_are_told(both: Both) -> None:
    node, python = both(
        """(module (import "m" "f" (func $f (param i32))) (memory 1)
          (func $share (param i32) (result i32)
            (call $f (local.get 0)) (i32.div_s (i32.const 1) (local.get 0)))
          (func (export "mean") (param i32) (result i32) (call $share (local.get 0))))""",
        ["mean", "0"],
    )
    assert node == python
    assert [index for index, _ in node["steps"][1]["frames"]] == [1, 2]


def test_of_very_many_changes_the_first_are_kept(both: Both) -> None:
    node, python = both(
        """(module (memory 1)
          (func (export "scatter") (local $at i32)
            (loop
              (i32.store8 (local.get $at) (i32.const 1))
              (br_if 0 (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 2))) (i32.const 8196))))
            (i32.store8 (i32.const 8191) (i32.const 1))))""",
        ["scatter"],
    )
    assert node == python
    changed = node["images"][0]["changed"]
    assert len(changed) == 4096
    assert changed[-1] == [8190, 3]


def test_the_lowered_engine_does_the_same_and_is_used_for_one_run(both: Both) -> None:
    text = """(module (memory $a 1) (memory $b 1)
      (func (export "put") (param i32) (result i32)
        (i32.store $b (i32.const 8) (local.get 0)) (i32.load $b (i32.const 8))))"""
    _, python = both(text, ["put", "7"])
    _, lowered = both(text, ["put", "7"], engine="lowered")
    assert lowered == python
    assert type(engines.default()).__name__ == "PythonEngine"


def test_an_instance_that_cannot_be_made_is_one_step(both: Both) -> None:
    node, python = both('(module (func $f unreachable) (start $f) (func (export "g")))', ["g"])
    assert node == python == {
        "steps": [
            {
                "values": None, "log": [], "logged": 0, "error": "RuntimeError",
                "frames": [[0, 0x22]],
            }
        ],
        "images": [],
    }  # fmt: skip


HOST = """(module
  (import "host" "twice" (func $twice (param i32) (result i32)))
  (import "host" "other" (func $other (param i32) (result i64)))
  (import "host" "start" (global $start i32))
  (memory (export "memory") 1)
  (data (i32.const 8) "in the memory")
  (func (export "f") (param i32) (result i64)
    (call $other (i32.add (global.get $start) (call $twice (local.get 0))))))"""


def test_imports_by_hand_are_called_and_the_others_are_stubs(both: Both) -> None:
    node, python = both(
        HOST,
        ["f", "21"],
        in_javascript=_by_hand(
            "JavaScript",
            host="""{
              start: 100,
              twice(value) {
                print("twice", value, new Uint8Array(memory.buffer, 8, 2).join(","));
                console.log(typeof instance.exports.f, memories.length);
                return 2 * value;
              },
            }""",
        ),
        **_by_hand(
            "Python",
            host="""
                from pyjsapi import Uint8Array
                def twice(value):
                    print("twice", value, ",".join(map(str, Uint8Array(memory.buffer, 8, 2))))
                    print("function" if callable(instance.exports.f) else "", len(memories))
                    return 2 * value
                {"start": 100, "twice": twice}
            """,
        ),
    )
    assert node == python
    assert node["steps"][1]["values"] == [["i64", "0"]]
    assert node["steps"][1]["log"] == [
        {"name": "host.twice", "arguments": [["i32", "21"]]},
        {"name": "print", "said": "twice 21 105,110"},
        {"name": "print", "said": "function 1"},
        {"name": "host.other", "arguments": [["i32", "142"]]},
    ]


@pytest.mark.parametrize(
    ("javascript", "python", "said"),
    [
        ("5", "5", "an? .* is wanted, as .* not (number|int)$"),
        ("{ twise() {} }", '{"twise": len}', "imports no “twise” from it; it imports “twice”, “other”, “start”"),
        ("{ twice: 3 }", '{"twice": 3}', "“twice” must be a function, and is (number|int)"),
        ("{ twice() { ", '{"twice": ', "SyntaxError: "),
        ("missing", "\nmissing", "(line 1: NameError|ReferenceError): .*missing.* is not defined"),
    ],
)  # fmt: skip
def test_imports_that_do_not_fit_are_told(
    both: Both, javascript: str, python: str, said: str
) -> None:
    outcomes = both(
        HOST,
        ["f", "1"],
        in_javascript=_by_hand("JavaScript", host=javascript),
        **_by_hand("Python", host=python),
    )
    for outcome in outcomes:
        assert outcome["steps"] == []
        assert outcome["broken"].startswith("imports of “host”: ")
        assert re.search(said, outcome["broken"])


def test_a_script_is_run_against_the_instance(both: Both) -> None:
    node, python = both(
        HOST,
        in_javascript=_script(
            "JavaScript",
            """
            const view = new Uint8Array(memory.buffer);
            view[3] = 7;
            for (const n of [1, 2]) print("result", Number(exports.f(n)));
            await null;
            return view[8] + memories.length;
            """,
        ),
        **_script(
            "Python",
            """
            from pyjsapi import Uint8Array
            view = Uint8Array(memory.buffer)
            view[3] = 7
            for n in [1, 2]:
                print("result", exports.f(n))
            view[8] + len(memories)
            """,
        ),
    )
    assert node == python
    assert node["steps"][1]["values"] == [["script", "106"]]
    said = [one.get("said", one["name"]) for one in node["steps"][1]["log"]]
    assert said == ["host.twice", "host.other", "result 0"] * 2
    assert node["images"][0]["changed"] == [[3, 1]]


def test_what_a_script_throws_has_its_line(both: Both) -> None:
    text = '(module (func (export "f") unreachable))'
    scripts = ("print(1);\nexports.f();\nprint(2);", "print(1)\nexports.f()\nprint(2)")
    javascript, other = (
        _script(language, one)
        for language, one in zip(("JavaScript", "Python"), scripts, strict=True)
    )
    node, python = both(text, in_javascript=javascript, **other)
    assert node == python
    assert node["steps"][1]["error"] == "RuntimeError"
    assert node["steps"][1]["line"] == 2
    assert node["steps"][1]["log"] == [{"name": "print", "said": "1"}]


def test_a_script_with_a_mistake_has_its_line() -> None:
    plan = {
        "bytes": wat2wasm("(module)"), "stubs": [], "calls": [], "memories": [],
        **_script("Python", "print(1)\n1 +\n"),
    }  # fmt: skip
    steps: list[Any] = []
    runs.run(plan, lambda step, index: steps.append(json.loads(step)))
    assert steps[1]["error"]["name"] == "SyntaxError"
    assert steps[1]["error"]["line"] == 2


PROGRAM = r"""(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "env" "strange" (func $strange))
  (memory (export "memory") 1)
  (data (i32.const 0) "\40\00\00\00\10\00\00\00")
  (func (export "_start")
    (call $strange)
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 32)))
    (i32.store (i32.const 4) (i32.load (i32.const 32)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))
    (drop (call $time (i32.const 0) (i64.const 0) (i32.const 48)))
    (call $exit (i32.const 3)))
  (func (export "time") (result i64) (i64.load (i32.const 48))))"""


def test_a_program_of_wasi_runs_and_repeats(both: Both) -> None:
    wasi = {"way": "wasi", "args": ["program"], "env": {}, "stdin": "typed\nin"}
    calls = ["_start"], ["time"]
    outcomes = [both(PROGRAM, *calls, imports=wasi)[1] for _ in range(2)]
    assert outcomes[0] == outcomes[1]
    _, started, time = outcomes[0]["steps"]
    assert started["values"] == [["exit", "exit code 3"]]
    assert [one["said"] for one in started["log"] if "said" in one] == ["typed", "in"]
    names = [one["name"].split(".")[-1] for one in started["log"]]
    assert names == [
        "strange",
        "fd_read",
        "fd_write",
        "stdout",
        "clock_time_get",
        "proc_exit",
        "stdout",
    ]
    assert int(time["values"][0][1]) > 1_700_000_000 * 10**9


@pytest.mark.parametrize(
    ("type_", "value", "text"),
    [
        ("i32", -5, "-5"),
        ("f64", -0.0, "8000000000000000"),
        ("f64", math.nan, "nan"),
        ("externref", "ü", '"ü"'),
        ("externref", null, "null"),
        ("funcref", len, "function"),
        ("anyref", object(), "object"),
        ("externref", None, "undefined"),
    ],
)
def test_values_are_written_as_javascript_writes_them(type_: str, value: Any, text: str) -> None:
    assert runs.written(type_, value) == [type_, text]
