"""Promise integration of the namespace that pages have, on the stacks of the browser's engine."""

from __future__ import annotations

from playwright.sync_api import Browser

from web.browsers import new_page

RUN = """
async () => {
  const { loadPythonWebAssembly } = await import("/polyfill/python.mjs");
  const { WebAssembly, pyodide, absent } = await loadPythonWebAssembly({ indexURL: "/pyodide/" });
  const assemble = pyodide.runPython("from pyjsapi import wat2wasm; wat2wasm");
  const bytes = assemble(`(module (import "m" "f" (func $f (param i32) (result i32)))
    (func (export "run") (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1))))`).toJs();
  const module = new WebAssembly.Module(bytes);
  const told = [];
  const later = new WebAssembly.Suspending((value) => new Promise((done) => {
    told.push(value);
    setTimeout(() => (value < 0 ? done(Promise.reject(told)) : done(10 * value)), 0);
  }));
  const { run } = new WebAssembly.Instance(module, { m: { f: later } }).exports;
  const promised = WebAssembly.promising(run);
  const promises = [1, 2, 3].map((value) => promised(value));
  told.push("begun");
  const values = await Promise.all(promises);
  const refused = await promised(-1).catch((error) => error === told);
  const between = new WebAssembly.Instance(module, { m: { f: run } }).exports.run;
  const host = new WebAssembly.Instance(module, { m: { f: (value) => run(value) } }).exports.run;
  const through = await WebAssembly.promising(between)(5);
  const error = await WebAssembly.promising(host)(5).catch((each) => each);
  return { absent, told, values, refused, through, isSuspendError: error instanceof WebAssembly.SuspendError };
}
"""


def test_calls_are_suspended_and_go_on(browser: Browser, site: str) -> None:
    page = new_page(browser)
    page.goto(f"{site}?engine=native&only=memory-grow")
    assert page.evaluate(RUN) == {
        "absent": {},
        "told": [1, 2, 3, "begun", -1, 5],
        "values": [11, 21, 31],
        "refused": True,
        "through": 52,
        "isSuspendError": True,
    }
    page.close()
