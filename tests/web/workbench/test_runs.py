"""A plan gives the same steps and memories from the runner in Python as from that in JavaScript on Node's engine."""

from __future__ import annotations

import base64
import json
import math
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import WebAssembly, engines, null, wat2wasm
from web.workbench import runs

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
Both = Callable[..., tuple[dict[str, Any], dict[str, Any]]]


@pytest.fixture
def both(tmp_path: Path) -> Both:
    """What a module's calls come to on Node's engine and in Python: steps without times and messages, and images."""
    for name, target in (("static", "web/static"), ("polyfill", "polyfill")):
        (tmp_path / name).symlink_to(ROOT / target)

    def both(text: str, *calls: list[str], **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        given = {"base64": base64.b64encode(wat2wasm(text)).decode(), "calls": calls}
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
        images = runs.run(plan, lambda step, index: steps.append(json.loads(step)))
        for image in node["images"]:
            for key in ("pages", "when"):
                image[key] = {int(k): base64.b64decode(v) for k, v in image[key].items()}
        return (
            {"steps": [_plain(step) for step in node["steps"]], "images": node["images"]},
            {"steps": [_plain(step) for step in steps], "images": images},
        )

    return both


def _plain(step: dict[str, Any]) -> dict[str, Any]:
    plain = {key: step.get(key) for key in ("values", "log", "logged")}
    if "error" in step:
        name, frames = step["error"]["name"], step["error"]["frames"]
        # How deep a stack goes and what a function without a name is called is an engine's own.
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
