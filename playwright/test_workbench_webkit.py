"""The workbench in WebKit: a module is read and shown, run on the browser's own engine, and debugged in Pyodide."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pyjsapi import wat2wasm
from web.engines import Evaluate, opened

MODULE = wat2wasm(
    """(module (memory (export "memory") 1)
      (func $twice (export "twice") (param $n i32) (result i32)
        (i32.store (i32.const 8) (local.get $n)) (i32.mul (local.get $n) (i32.const 2))))"""
)

HELPERS = """
const $ = (selector) => document.querySelector(selector);
const until = async (what) => {
  for (;;) {
    const found = what();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
const button = (panel, text) => [...$(panel).querySelectorAll("button")].find((one) => one.textContent === text);
await until(() => document.body.dataset.ready);
"""


@pytest.fixture(scope="module")
def evaluate(need_engine: Callable[[str], None], site: str) -> Iterator[Evaluate]:
    need_engine("webkit")
    with opened("webkit", f"{site}workbench.html") as evaluate:
        yield lambda body, argument=None: evaluate(HELPERS + body, argument)


def given(evaluate: Evaluate) -> str:
    """Drop the module on the page; what it says of it."""
    said: str = evaluate(
        """
        const bytes = Uint8Array.from(atob(argument), (c) => c.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], "dropped.wasm"));
        document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
        return until(() => $("#status").textContent.startsWith("dropped.wasm") && $("#status").textContent);
        """,
        base64.b64encode(MODULE).decode(),
    )
    return said


def test_a_module_is_shown(evaluate: Evaluate) -> None:
    assert "1 function, 1 memory" in given(evaluate)
    rows: list[str] = evaluate(
        """return [...document.querySelectorAll("#panel-module [role=option]")].map((one) => one.textContent);"""
    )
    assert any("twice" in row and "[i32] -> [i32]" in row for row in rows)
    width: Any = evaluate("return document.documentElement.scrollWidth <= innerWidth;")
    assert width


def test_it_runs_on_webkits_own_engine(evaluate: Evaluate) -> None:
    given(evaluate)
    row: str = evaluate(
        """
        $("#tab-run").click();
        for (const box of document.querySelectorAll(".boxes input[type=checkbox]")) box.checked = box.name === "native";
        $(".calls input").value = "21";
        button("#panel-run", "Run").click();
        await until(() => $(".verdict").textContent.startsWith("Done."));
        return $(".outcomes tbody").children[1].textContent;
        """
    )
    assert "42" in row


def test_it_is_debugged(evaluate: Evaluate) -> None:
    given(evaluate)
    said: list[str] = evaluate(
        """
        $("#tab-run").click();
        $(".calls input").value = "21";
        $("#tab-debug").click();
        const where = () => $("#panel-debug .where").textContent;
        button("#panel-debug", "Debug").click();
        const said = [await until(() => where().startsWith("At the start") && where())];
        button("#panel-debug", "Step in").click();
        said.push(await until(() => where().includes("1 instruction executed") && where()));
        button("#panel-debug", "Continue").click();
        said.push(await until(() => where().startsWith("Returned") && where()));
        button("#panel-debug", "Step back").click();
        said.push(await until(() => where().includes("i32.mul") && where()));
        return said;
        """
    )
    assert "$twice+0" in said[0]
    assert "local.get $n" in said[1]
    assert "Returned i32 42." in said[2]
    assert "$twice+" in said[3]
