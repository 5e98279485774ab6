"""A worker of the page starts Pyodide from a memory snapshot."""

from __future__ import annotations

from playwright.sync_api import Browser

from web.browsers import new_page

START = """
async () => {
  const { makeSnapshot } = await import("/polyfill/python/snapshot.mjs");
  const snapshot = await makeSnapshot({ indexURL: "/pyodide/" });
  const code = `
    import { loadPythonWebAssembly } from "${location.origin}/polyfill/python.mjs";
    import { loadFromSnapshot } from "${location.origin}/polyfill/python/snapshot.mjs";
    onmessage = async ({ data }) => {
      const pyodide = await loadFromSnapshot(data);
      const { WebAssembly } = await loadPythonWebAssembly({ pyodide });
      const bytes = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 0, 2, 7, 5, 1, 1, 109, 2, 0);
      const { m } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
      const random = pyodide.runPython("import random; random.random()");
      postMessage({ length: m.buffer.byteLength, random });
    };`;
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const start = () => new Promise((resolve, reject) => {
    const worker = new Worker(url, { type: "module" });
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }) => {
      worker.terminate();
      resolve(data);
    };
    worker.postMessage(snapshot);
  });
  const answers = [await start(), ...await Promise.all([start(), start()])];
  const { memory } = snapshot;
  return { answers, bytes: memory?.byteLength ?? 0, shared: memory instanceof SharedArrayBuffer };
}
"""


def test_workers_start_from_a_shared_snapshot(browser: Browser, site: str) -> None:
    page = new_page(browser)
    page.goto(f"{site}?engine=native&only=memory-grow")
    result = page.evaluate(START)
    page.close()
    assert [answer["length"] for answer in result["answers"]] == [131072] * 3
    assert len({answer["random"] for answer in result["answers"]}) == 3
    assert result["bytes"] > 10_000_000
    assert result["shared"] is True
