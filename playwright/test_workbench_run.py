"""The workbench runs calls on every engine at once, and compares; one visit for each browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from pyjsapi import wat2wasm
from web.workbench.visits import check_accessibility, check_width, give, workbench

ENGINES = ("native", "python", "face", "lowered")
SAME = "The same on 4 engines"


@pytest.fixture(scope="module")
def page(browser: Browser, site: str) -> Iterator[Page]:
    """A visit that all tests share: each engine's Pyodide is loaded once."""
    with workbench(browser, site) as page:
        yield page


def example(page: Page, title: str) -> None:
    page.get_by_label("an example").select_option(label=title)
    page.get_by_role("tab", name="Run").click()


def start(page: Page) -> None:
    page.get_by_role("button", name="Run", exact=True).click()


def run(page: Page) -> str:
    """Run to the end; what is said then."""
    start(page)
    expect(page.locator("#panel-run .verdict")).not_to_have_text("Running …")
    return page.locator("#panel-run .verdict").inner_text()


def cells(page: Page, step: int) -> list[str]:
    """What the engines came to in a step, without times."""
    row = page.locator(".outcomes tbody tr").nth(step)
    return [row.locator(f"[data-engine={name}] code").inner_text() for name in ENGINES]


def test_several_memories_are_the_same_on_every_engine(page: Page) -> None:
    example(page, "Several memories: text and counts")
    run(page)
    expect(page.locator("#panel-run .verdict")).to_contain_text(SAME)
    assert cells(page, 0) == ["made"] * 4
    assert cells(page, 1) == ["30"] * 4
    memories = page.locator(".outcomes tbody tr").nth(2).locator("td")
    expect(memories).to_have_text(["memory 0: 65,536 bytes; memory 1: 65,536 bytes"] * 4)
    check_accessibility(page)
    page.set_viewport_size({"width": 360, "height": 800})
    check_width(page)
    page.set_viewport_size({"width": 1280, "height": 800})


def test_traps_and_exceptions_are_compared(page: Page) -> None:
    example(page, "Structures and arrays (GC)")
    run(page)
    expect(page.locator("#panel-run .verdict")).to_contain_text(SAME)
    assert cells(page, 1) == ["RuntimeError"] * 4
    example(page, "Exceptions")
    page.get_by_role("button", name="Add a call").click()
    page.locator("#panel-run .calls select").nth(1).select_option(label="withdraw or throw")
    page.locator("#panel-run .calls input").nth(1).fill("0x10")
    run(page)
    expect(page.locator("#panel-run .verdict")).to_contain_text(SAME)
    assert cells(page, 1) == ["30"] * 4
    assert cells(page, 2) == ["Exception"] * 4
    logs = page.locator(".outcomes tbody tr").nth(2).locator(".log")
    expect(logs).to_have_text(["host.log(0)"] * 4)


def test_frames_of_a_trap_lead_to_the_instruction(page: Page) -> None:
    # The memory is not exported: for the run it is, and offsets are those in the module that was given all the same.
    data = wat2wasm(
        """(module (import "m" "f" (func $f (param i32))) (memory 1)
          (func $share (param i32) (result i32)
            (call $f (local.get 0)) (i32.div_s (i32.const 1) (local.get 0)))
          (func (export "mean") (param i32) (result i32) (call $share (local.get 0))))"""
    )
    give(page, data, "traps.wasm")
    page.get_by_role("tab", name="Run").click()
    assert SAME in run(page)
    row = page.locator(".outcomes tbody tr").nth(1)
    division, call = data.rindex(b"\x6d\x0b"), data.rindex(b"\x10")
    told = [
        f"at share, function 1, {division:#x}",
        f"at mean, function 2, {call:#x}",
    ]
    for name in ("native", "python", "face"):
        assert row.locator(f"[data-engine={name}] .frames li").all_inner_texts() == told
    row.locator("[data-engine=python] .frames button").first.click()
    expect(page.locator("#panel-code h3").last).to_have_text("Function 1: share")
    current = page.locator(".instructions [aria-current]")
    expect(current).to_contain_text("i32.div_s")
    expect(current).to_contain_text(f"{division:x}")
    expect(current).to_be_focused()
    page.get_by_role("tab", name="Share").click()
    page.get_by_role("button", name="Write a report").click()
    report = page.get_by_label("Report of the last run")
    expect(report).to_have_value(re.compile(re.escape(f"at share, function 1, {division:#x}")))


@pytest.mark.parametrize("title", ["Shared memory and atomics", "64-bit addresses"])
def test_other_memories_are_the_same_too(page: Page, title: str) -> None:
    example(page, title)
    run(page)
    expect(page.locator("#panel-run .verdict")).to_contain_text(SAME)


def test_what_never_ends_is_stopped(page: Page) -> None:
    example(page, "A loop without end")
    for name in ("face", "lowered"):
        page.locator(f"input[name={name}]").uncheck()
    start(page)
    for name in ("native", "python"):
        cell = page.locator(".outcomes tbody tr").nth(1).locator(f"[data-engine={name}]")
        expect(cell).to_have_text("running …")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#panel-run .verdict")).to_contain_text(
        "This browser; pyjsapi, Python face: stopped."
    )
    expect(page.get_by_role("button", name="Stop")).to_be_disabled()
    for name in ("face", "lowered"):
        page.locator(f"input[name={name}]").check()


def test_values_that_do_not_fit_are_told(page: Page) -> None:
    example(page, "64-bit addresses")
    field = page.locator("#panel-run .calls input").nth(1)
    for typed, said in (("1.5", "an integer is wanted"), ("0x1ffffffffffffffff", "more than 64")):
        field.fill(typed)
        run(page)
        expect(page.locator("#panel-run .verdict")).to_contain_text(said)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_be_focused()


def test_names_with_markup_are_text(page: Page) -> None:
    name = "<img src=x onerror=alert(1)>"
    data = wat2wasm(
        f'(module (import "{name}" "f" (func (param externref))) (func (export "{name}") (param externref)'
        " (call 0 (local.get 0))))"
    )
    give(page, data)
    page.get_by_role("tab", name="Run").click()
    page.locator("#panel-run .calls input").fill("<b>")
    run(page)
    expect(page.locator("#panel-run .verdict")).to_contain_text(SAME)
    expect(page.locator(".log").first).to_have_text(f'{name}.f("<b>")')
    assert page.locator("main img, main b").count() == 0


def test_a_module_without_functions_is_instantiated(page: Page) -> None:
    give(page, wat2wasm("(module (memory 2))"))
    page.get_by_role("tab", name="Run").click()
    expect(page.locator("#panel-run .state")).to_contain_text("No function is exported")
    run(page)
    expect(page.locator("#panel-run .verdict")).to_contain_text(SAME)


def test_what_an_engine_does_not_have_is_no_difference(page: Page) -> None:
    text = '(module (memory 1 2 (pagesize 1)) (func (export "size") (result i32) (memory.size)))'
    give(page, wat2wasm(text))
    page.get_by_role("tab", name="Run").click()
    page.locator("input[name=face]").uncheck()
    said = run(page)
    page.locator("input[name=face]").check()
    assert said.startswith("Done. This browser is not compared")
    assert "This browser is not compared: it does not have: Custom page sizes." in said
    assert "Different" not in said
    lack = page.locator(".lack")
    assert lack.all_inner_texts() == ["Not compared: it does not have: Custom page sizes"] * 2
    assert "1 memory" in page.locator("#status").inner_text()


def test_a_memory_that_an_engine_cannot_allocate_is_no_difference(page: Page) -> None:
    text = '(module (memory 65536) (func (export "f") (result i32) (memory.size)))'
    give(page, wat2wasm(text))
    page.get_by_role("tab", name="Run").click()
    for name in ("face", "lowered"):
        page.locator(f"input[name={name}]").uncheck()
    told = "pyjsapi, Python face is not compared: it cannot allocate what the module needs."
    assert told in run(page)
    for name in ("face", "lowered"):
        page.locator(f"input[name={name}]").check()


def test_further_engines_are_ticked(page: Page) -> None:
    example(page, "64-bit addresses")
    further = ("Lowered, pyjsapi, Python face", "This browser, Python face")
    for title in further:
        page.get_by_label(title).check()
    assert "The same on 6 engines" in run(page)
    for title in further:
        page.get_by_label(title).uncheck()


def test_what_a_call_reads_is_the_same_on_every_engine(page: Page) -> None:
    example(page, "Several memories: text and counts")
    run(page)
    expect(page.locator("#panel-run .verdict")).to_contain_text(SAME)
    page.get_by_role("tab", name="Memory").click()
    page.get_by_label("mark what the last call reads").check()
    engine = page.get_by_label("Memories of")
    expect(engine.locator("option")).to_have_count(len(ENGINES))
    told = page.get_by_role("region", name="A memory").first.locator(".state").first
    for k in range(len(ENGINES)):
        engine.select_option(index=k)
        expect(told).to_contain_text(" bytes and read ")
    page.get_by_label("mark what the last call reads").uncheck()


HOST = """(module
  (import "host" "twice" (func $twice (param i32) (result i32)))
  (import "host" "other" (func (param i64)))
  (memory (export "memory") 1)
  (data (i32.const 8) "in the memory")
  (func (export "f") (param i32) (result i32) (call $twice (local.get 0))))"""


def by_hand(page: Page, language: str, text: str) -> None:
    page.get_by_label("written by hand").check()
    page.get_by_label("Language", exact=True).select_option(label=language)
    page.get_by_label(f"Imports of “host”, in {language}").fill(text)


def test_imports_are_written_by_hand(page: Page) -> None:
    # What was written for the same imports is kept, unless other ones come in between.
    give(page, wat2wasm('(module (import "other" "f" (func)))'), "other.wasm")
    give(page, wat2wasm(HOST), "by-hand.wasm")
    page.get_by_role("tab", name="Run").click()
    page.locator("#panel-run .calls input").fill("21")
    page.get_by_label("written by hand").check()
    page.get_by_label("Language", exact=True).select_option(label="JavaScript")
    written = page.get_by_label("Imports of “host”, in JavaScript")
    assert written.input_value() == (
        '{\n  "twice": (a) => 0, // [i32] -> [i32]\n  "other": (a) => undefined, // [i64] -> []\n}'
    )
    by_hand(page, "JavaScript", "{ twice(n) { print(memory.buffer.byteLength); return 2 * n; } }")
    assert "takes imports in Python" in page.locator(".box:has([name=python])").inner_text()
    assert "The same on 3 engines" in run(page)
    log = page.locator(".outcomes tbody tr").nth(1).locator("[data-engine=face] .log li")
    assert log.all_inner_texts() == ["host.twice(21)", "print: 65536"]
    by_hand(page, "Python", '{"twice": lambda n: print(len(exports)) or 2 * n}')
    page.get_by_label("Lowered, pyjsapi, Python face").check()
    assert "The same on 2 engines" in run(page)
    page.get_by_label("Lowered, pyjsapi, Python face").uncheck()
    row = page.locator(".outcomes tbody tr").nth(1)
    assert row.locator("[data-engine=python] code").inner_text() == "42"
    # What was written in the other language is still there.
    page.get_by_label("Language", exact=True).select_option(label="JavaScript")
    expect(page.get_by_label("Imports of “host”, in JavaScript")).to_have_value(re.compile("twice"))
    check_accessibility(page)
    page.set_viewport_size({"width": 360, "height": 800})
    check_width(page)
    page.set_viewport_size({"width": 1280, "height": 800})


def test_imports_that_do_not_fit_are_told(page: Page) -> None:
    give(page, wat2wasm(HOST), "not-fitting.wasm")
    page.get_by_role("tab", name="Run").click()
    by_hand(page, "JavaScript", "{ twice(n) { ")
    start(page)
    expect(page.locator("#panel-run .verdict")).to_contain_text("imports of “host”: ")
    expect(page.get_by_label("Imports of “host”, in JavaScript")).to_be_focused()
    by_hand(page, "JavaScript", '{ "<b>": 5 }')
    told = "imports of “host”: the module imports no “<b>” from it; it imports “twice”, “other”."
    titles = "This browser; pyjsapi, JavaScript face; Lowered, this browser"
    assert run(page) == f"{titles}: {told}"
    by_hand(page, "Python", "{'twice': nowhere}")
    assert "line 1: NameError: name 'nowhere' is not defined" in run(page)


PROGRAM = r"""(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\40\00\00\00\10\00\00\00")
  (func (export "_start")
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 32)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))
    (call $exit (i32.const 3))))"""


def test_a_program_of_wasi_runs_where_wasi_is(page: Page) -> None:
    give(page, wat2wasm(PROGRAM), "program.wasm")
    page.get_by_role("tab", name="Run").click()
    page.get_by_label("WASI, preview 1").check()
    page.get_by_label("Standard input").fill("sixteen letters!")
    assert "has no WASI here" in page.locator(".box:has([name=native])").inner_text()
    host = page.get_by_label("This browser, Python face")
    host.check()
    assert "The same on 2 engines" in run(page)
    host.uncheck()
    row = page.locator(".outcomes tbody tr").nth(1).locator("[data-engine=python]")
    assert row.locator("code").inner_text() == "exit code 3"
    assert "stdout: sixteen letters!" in row.locator(".log li").all_inner_texts()
