"""Web Workers that Python starts in a page, on one memory with the page, plain workers and the browser's own wasm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from pyjsapi.text import wat2wasm
from web.browsers import new_page

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = ROOT / "tests" / "agents" / "programs"

NATIVE, PYTHON, PAGE = 200_000, 3_000, 5_000
COUNTER = """(module (memory (import "env" "memory") 1 8 shared)
  (func (export "count") (param i32)
    (loop (drop (i32.atomic.rmw.add (i32.const 64) (i32.const 1)))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"""

START = """
async ({ counter, files }) => {
  const { loadPyodide } = await import("/pyodide/pyodide.mjs");
  const pyodide = await loadPyodide({ indexURL: new URL("/pyodide/", location.href).href });
  await pyodide.loadPackage("pyjsapi");
  for (const [name, text] of Object.entries(files)) pyodide.FS.writeFile(`/home/pyodide/${name}`, text);
  const code = `
    onmessage = async ({ data: { memory, bytes, times, view } }) => {
      if (bytes) {
        const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
        exports.count(times);
        postMessage("counted");
      } else {
        postMessage("waits");
        postMessage(Atomics.wait(new Int32Array(memory.buffer), view, 0));
      }
    };`;
  const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
  const answers = [];
  let told = () => {};
  worker.onmessage = ({ data }) => {
    answers.push(data);
    told();
  };
  Object.assign(globalThis, {
    pyodide,
    plain: worker,
    counter: Uint8Array.from(counter),
    answer: async () => {
      while (!answers.length) await new Promise((resolve) => (told = resolve));
      return answers.shift();
    },
  });
  return crossOriginIsolated;
}
"""

PROGRAM = """
from pyjsapi import Atomics, Int32Array, WebAssembly

def onmessage(event):
    job = event.data
    memory = job["memory"]
    array = Int32Array(memory.buffer)
    if job["do"] == "count":
        WebAssembly.Instance(job["module"], {"env": {"memory": memory}}).exports.count(job["times"])
        self.postMessage("counted")
    elif job["do"] == "wait":
        self.postMessage("waits")
        self.postMessage(Atomics.wait(array, job["view"], 0))
    else:
        self.postMessage([memory.grow(1), memory.buffer.byteLength])
"""

SETUP = """
import asyncio, js
from pyjsapi import Atomics, Int32Array, WebAssembly, Worker
from pyjsapi.agents.agent import Agent
from pyjsapi import javascript
memory = WebAssembly.Memory(initial=1, maximum=8, shared=True)
array = Int32Array(memory.buffer)
module = WebAssembly.Module(js.counter.to_bytes())
worker = Worker("/home/pyodide/program.py", kind="web")
js.globalThis.memory = javascript.to_javascript(memory)
[memory.buffer.byteLength, Agent.current().can_block]
"""


def run(page: Page, source: str) -> Any:
    """Run Python in the page; the value of its last line."""
    script = """async (source) => {
      const found = await pyodide.runPythonAsync(source);
      const value = found?.toJs?.({ create_pyproxies: false }) ?? found ?? null;
      found?.destroy?.();
      return value;
    }"""
    return page.evaluate(script, source)


@pytest.fixture(scope="module")
def page(browser: Browser, site: str) -> Iterator[Page]:
    files = {path.name: path.read_text() for path in PROGRAMS.glob("*.*") if path.is_file()}
    page = new_page(browser)
    page.goto(f"{site}?engine=native&only=memory-grow")
    argument = {"counter": list(wat2wasm(COUNTER)), "files": {**files, "program.py": PROGRAM}}
    assert page.evaluate(START, argument) is True
    assert run(page, SETUP) == [65536, False]
    yield page
    page.close()


def test_all_count_on_one_memory(page: Page) -> None:
    page.evaluate(f"plain.postMessage({{ memory, bytes: counter, times: {NATIVE} }})")
    run(
        page,
        f'worker.postMessage({{"do": "count", "memory": memory, "module": module, "times": {PYTHON}}})',
    )
    page.evaluate(f"() => {{ const view = new Int32Array(memory.buffer);"
                  f" for (let i = 0; i < {PAGE}; i++) Atomics.add(view, 16, 1); }}")  # fmt: skip
    run(page, "WebAssembly.Instance(module, {'env': {'memory': memory}}).exports.count(1000)")
    assert run(page, "await worker.receive_async()") == "counted"
    assert page.evaluate("answer()") == "counted"
    assert run(page, "array[16]") == NATIVE + PYTHON + PAGE + 1000
    assert page.evaluate("new Int32Array(memory.buffer)[16]") == NATIVE + PYTHON + PAGE + 1000


def test_python_wakes_a_worker_in_javascript(page: Page) -> None:
    page.evaluate("plain.postMessage({ memory, view: 20 })")
    assert page.evaluate("answer()") == "waits"
    wake = "while not Atomics.notify(array, 20): await asyncio.sleep(0.01)\n1"
    assert run(page, wake) == 1
    assert page.evaluate("answer()") == "ok"


def test_javascript_wakes_a_worker_in_python(page: Page) -> None:
    run(page, 'worker.postMessage({"do": "wait", "memory": memory, "view": 24})')
    assert run(page, "await worker.receive_async()") == "waits"
    page.evaluate("""async () => {
      const view = new Int32Array(memory.buffer);
      while (!Atomics.notify(view, 24)) await new Promise((resolve) => setTimeout(resolve, 10));
    }""")
    assert run(page, "await worker.receive_async()") == "ok"


def test_growth_is_seen_both_ways(page: Page) -> None:
    run(page, 'worker.postMessage({"do": "grow", "memory": memory})')
    assert run(page, "await worker.receive_async()") == [1, 131072]
    assert page.evaluate("memory.buffer.byteLength") == 131072
    assert run(page, "memory.buffer.byteLength") == 131072
    assert page.evaluate("memory.grow(1)") == 2
    assert run(page, "[memory.buffer.byteLength, memory.grow(1)]") == [196608, 3]
    assert page.evaluate("memory.buffer.byteLength") == 262144


def test_programs_run_unchanged(page: Page) -> None:
    found = run(
        page,
        """
await javascript.prepare_workers()
import counter, grow_race
counted, grown = await asyncio.gather(
    counter.run("web", workers=1, times=1000),
    grow_race.run("web", workers=2, times=40, maximum=60),
)
[counted, sorted(n for sizes in grown[0] for n in sizes), grown[1], grown[2]]
""",
    )
    counted, sizes, words, final = found
    assert counted == 1000
    assert sizes == [-1] * 21 + list(range(1, 60))
    assert (words, final) == (0, 60)
