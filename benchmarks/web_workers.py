"""`python -m benchmarks.web_workers`: starts of Web Workers from Python in Pyodide, in Node, Chromium and Firefox."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from benchmarks.face.__main__ import DISTRIBUTION, ENGINES, ROOT, TIME_LIMIT_MS
from web import browsers
from web.serve import serving

PROGRAM: Final = """
from pyjsapi import Atomics, Int32Array
memory = await self.receive_async()
Atomics.add(Int32Array(memory.buffer), 0, 1)
postMessage("ready")
"""
INSIDE: Final = """
import json, time
from pathlib import Path
from pyjsapi import Int32Array, WebAssembly, Worker
from pyjsapi import javascript

javascript.enable()
path = Path("/home/pyodide/program.py")
path.write_text(program)
memory = WebAssembly.Memory(initial=1, maximum=1, shared=True)

async def least():
    found = []
    for _ in range(starts):
        began = time.perf_counter()
        worker = Worker(str(path), kind="web")
        worker.postMessage(memory)
        await worker.receive_async()
        found.append(1000 * (time.perf_counter() - began))
        worker.terminate()
    return min(found)

result = {"without a snapshot": await least()}
began = time.perf_counter()
await javascript.prepare_workers()
result["prepare_workers()"] = 1000 * (time.perf_counter() - began)
result["with a snapshot"] = await least()
assert Int32Array(memory.buffer)[0] == 2 * starts
json.dumps(result)
"""
MEASURE: Final = """
async ({ indexURL, starts, program, inside }) => {
  const { loadPyodide } = await import(`${indexURL}pyodide.mjs`);
  const pyodide = await loadPyodide({ indexURL: indexURL.replace('file://', '') });
  await pyodide.loadPackage('pyjsapi', { messageCallback: () => {} });
  pyodide.globals.set('starts', starts);
  pyodide.globals.set('program', program);
  return pyodide.runPythonAsync(inside);
}
"""


def _options(index_url: str, starts: int) -> dict[str, Any]:
    return {"indexURL": index_url, "starts": starts, "program": PROGRAM, "inside": INSIDE}


def in_node(pyodide: Path, starts: int) -> str:
    """The figures in Node, as JSON. Raises `subprocess.CalledProcessError`."""
    options = json.dumps(_options(f"{pyodide.resolve().as_uri()}/", starts))
    script = f"console.log(await ({MEASURE})({options})); process.exit(0);"
    command = ["node", "--input-type=module", "--eval", script]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def in_browser(name: str, pyodide: Path, starts: int) -> str:
    """The figures in a page of a browser, as JSON. Raises playwright's Error."""
    with serving(ROOT, places={"pyodide": pyodide}) as address, browsers.started(name) as browser:
        page = browsers.new_page(browser)
        page.set_default_timeout(TIME_LIMIT_MS)
        page.goto(address)
        found: str = page.evaluate(MEASURE, _options(f"{address}pyodide/", starts))
        return found


def main() -> int:
    """Measure and print a line per figure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.web_workers", description=__doc__)
    parser.add_argument("--engines", default=",".join(ENGINES), metavar="A,B")
    parser.add_argument("--starts", type=int, default=5, help="the least of so many counts")
    parser.add_argument("--pyodide", type=Path, default=DISTRIBUTION, metavar="FOLDER")
    options = parser.parse_args()
    for engine in options.engines.split(","):
        measure: Any = in_node if engine == "node" else in_browser
        arguments = [options.pyodide, options.starts]
        text = measure(*(arguments if engine == "node" else [engine, *arguments]))
        for name, milliseconds in json.loads(text).items():
            print(f"{engine:9} {name:20} {milliseconds:6.0f} ms", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
