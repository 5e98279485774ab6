"""`python -m benchmarks.host_engine`: the engine of JavaScript from Python in Pyodide, in Node, Chromium and Firefox.

Each figure is the median of several rounds, followed by its ratio to a plain Python call of the same round; that of a
kernel is followed by how many times as long the Python engine takes. Names in brackets are checks of docs/engines.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from benchmarks.face.__main__ import DISTRIBUTION, ENGINES, ROOT, TIME_LIMIT_MS
from benchmarks.kernels import KERNELS
from web import browsers
from web.serve import serving

_BYTES: Final = (8192, 50_000)
LARGER: Final[dict[str, tuple[tuple[int, ...] | None, tuple[int, ...]]]] = {
    "fib": (None, (22,)),
    "sieve": (None, (50_000,)),
    "matmul": ((50,), (50,)),
    "fnv1a32": (_BYTES, _BYTES),
    "fnv1a64": (_BYTES, _BYTES),
    "crc32": (_BYTES, _BYTES),
    "sha256": ((8192, 199 * 64), (8192, 200)),
    "nbody": (None, (2_000,)),
    "call_indirect": (None, (100_000,)),
    "interpreter": (None, (5_000,)),
}
"""What `init` and `run` get where the call itself no longer counts."""
INSIDE: Final = '''
import json, statistics, time
from pyjsapi import Float64Array, Int32Array, Uint8Array, WebAssembly, engines, wat2wasm
from pyodide.code import run_js
from pyodide.ffi import to_js

began = time.perf_counter()
engines.use("host")
start = 1000 * (time.perf_counter() - began)

def plain(a, b):
    return a

def raising(a, b):
    raise ValueError

TEXT = """(module (import "m" "h" (func $h (param i32 i32) (result i32))) (memory (export "m") 17)
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "wide") (param i64 f64) (result i64) (i64.add (local.get 0) (i64.const 1)))
  (func (export "same") (param externref) (result externref) (local.get 0))
  (func (export "trap") unreachable)
  (func (export "host") (param i32) (result i32) (local i32)
    (loop $next (local.set 1 (call $h (local.get 1) (local.get 0)))
      (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1)))"""
module = WebAssembly.Module(wat2wasm(TEXT))
exports = WebAssembly.Instance(module, {"m": {"h": plain}}).exports
throwing = WebAssembly.Instance(module, {"m": {"h": raising}}).exports

def raw(function, *arguments):
    function(*arguments)
    return function.__dict__["_pyjsapi_funcinst"].entry()

def timer(call, **names):
    """A function that gives nanoseconds a run of a statement."""
    space = dict(names)
    lines = "\\n  ".join([call] * 10)
    given = ", ".join(f"{name}={name}" for name in names)
    head = f"def timed(clock, count, {given}):\\n start = clock()\\n for _ in range(count):\\n  {lines}\\n"
    exec(head + " return (clock() - start) / count * 1e8", space)
    return lambda count=300: space["timed"](time.perf_counter, count)

def failing(call, kind):
    def attempt():
        try:
            call()
        except kind:
            pass
    return timer("f()", f=attempt)

integers, buffer = Int32Array(exports.m.buffer), Uint8Array(exports.m.buffer)
mebibyte = bytes(1 << 20)
instantiated = "(b) => new WebAssembly.Instance(new WebAssembly.Module(b), { m: { h: (a) => a } }).exports"
javascript = run_js(instantiated)(to_js(wat2wasm(TEXT)))
figures = {
    "builtin behind (i32, i32) -> i32 (EN-20)": timer("f(1, 2)", f=raw(exports.add, 1, 2)),
    "builtin behind (i64, f64) -> i64": timer("f(w, 2.5)", f=raw(exports.wide, 1, 2.5), w=1 << 40),
    "exports.add(1, 2)": timer("f(1, 2)", f=exports.add),
    "the same export through a proxy": timer("f(1, 2)", f=javascript.add),
    "exports.same(object)": timer("f(o)", f=exports.same, o=object()),
    "host function, a call": lambda: timer("f(100)", f=exports.host)(20) / 100,
    "trap (EN-45)": failing(exports.trap, WebAssembly.RuntimeError),
    "exception of a host function": failing(lambda: throwing.host(1), ValueError),
    "Int32Array item (EN-44)": timer("v[5]", v=integers),
    "Int32Array item set": timer("v[5] = 7", v=integers),
    "1 MiB out (EN-44)": lambda: timer("bytes(v[0:1048576])", v=buffer)(2),
    "1 MiB in": lambda: timer("v[0:1048576] = d", v=buffer, d=mebibyte)(2),
}
base = timer("f(1, 2)", f=plain)
found = {name: [] for name in figures}
for _ in range(rounds):
    for name, measure in figures.items():
        found[name].append((measure(), base()))
result = {"start, ms": (start, None)}
for name, pairs in found.items():
    result[name + ", ns"] = (statistics.median(a for a, _ in pairs), statistics.median(a / b for a, b in pairs))

plain_functions = "".join(f"(func (result i32) (i32.const {i}))" for i in range(5000))
exported = "".join(f'(func (export "f{i}") (result i32) (i32.const {i}))' for i in range(5000))
many = f"(module {plain_functions} {exported})"
large = WebAssembly.Module(wat2wasm(many))
times = []
for _ in range(3):
    began = time.perf_counter()
    WebAssembly.Instance(large)
    times.append(1000 * (time.perf_counter() - began))
result["10,000 functions, 5,000 exports, ms (EN-46)"] = (min(times), None)

def least(call, count):
    times = []
    for _ in range(count):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return min(times)

ratios = []
for name, data, init, arguments in kernels:
    seconds = {}
    for engine in ("host", "python"):
        made = WebAssembly.Instance(WebAssembly.Module(bytes(data), engine=engine)).exports
        if init is not None:
            made.init(*init)
        made.run(*arguments)
        seconds[engine] = least(lambda: made.run(*arguments), 20 if engine == "host" else 2)
    ratios.append(seconds["python"] / seconds["host"])
    result[f"kernel {name}, us"] = (1e6 * seconds["host"], ratios[-1])
result["kernels, geometric mean of Python engine / host"] = (statistics.geometric_mean(ratios), None)
json.dumps(result)
'''
MEASURE: Final = """
async ({ indexURL, rounds, kernels, inside }) => {
  const { loadPyodide } = await import(`${indexURL}pyodide.mjs`);
  const pyodide = await loadPyodide({ indexURL: indexURL.replace('file://', '') });
  await pyodide.loadPackage('pyjsapi', { messageCallback: () => {} });
  pyodide.globals.set('rounds', rounds);
  pyodide.globals.set('kernels', pyodide.toPy(kernels));
  return pyodide.runPythonAsync(inside);
}
"""


def _options(index_url: str, rounds: int) -> dict[str, Any]:
    kernels = [(kernel.name, list(kernel.wasm), *LARGER[kernel.name]) for kernel in KERNELS]
    return {"indexURL": index_url, "rounds": rounds, "kernels": kernels, "inside": INSIDE}


def in_node(node: str, pyodide: Path, rounds: int) -> str:
    """The figures in Node, as JSON. Raises `subprocess.CalledProcessError`."""
    options = json.dumps(_options(f"{pyodide.resolve().as_uri()}/", rounds))
    script = f"console.log(await ({MEASURE})({options})); process.exit(0);"
    command = [node, "--input-type=module", "--eval", script]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def in_browser(name: str, pyodide: Path, rounds: int) -> str:
    """The figures in a page of a browser, as JSON. Raises playwright's Error."""
    with serving(ROOT, places={"pyodide": pyodide}) as address, browsers.started(name) as browser:
        page = browsers.new_page(browser)
        page.set_default_timeout(TIME_LIMIT_MS)
        page.goto(address)
        found: str = page.evaluate(MEASURE, _options(f"{address}pyodide/", rounds))
        return found


def main() -> int:
    """Measure and print a line per figure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.host_engine", description=__doc__)
    parser.add_argument("--engines", default=",".join(ENGINES), metavar="A,B")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--node", default="node", help="the Node to measure in")
    parser.add_argument("--pyodide", type=Path, default=DISTRIBUTION, metavar="FOLDER")
    options = parser.parse_args()
    for engine in options.engines.split(","):
        if engine == "node":
            text = in_node(options.node, options.pyodide, options.rounds)
        else:
            text = in_browser(engine, options.pyodide, options.rounds)
        for name, (value, ratio) in json.loads(text).items():
            told = "" if ratio is None else f"{ratio:9.2f}"
            print(f"{engine:9} {name:48} {value:12.1f} {told}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
