"""Runs the measurement in Node and in browsers."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Final

from web import browsers, webkit

ROOT: Final = Path(__file__).resolve().parents[2]
POLYWASM: Final = "node_modules/polywasm/index.js"
ENGINES: Final = ("node", "chromium", "firefox", "webkit")

Times = dict[str, float]
"""Milliseconds by variant."""
Measure = Callable[[dict[str, str]], Times]

_SCRIPT: Final = """
const { measure } = await import("/benchmarks/lowering/measure.mjs");
const polywasm = argument.polywasm ? (await import(argument.polywasm)).WebAssembly : undefined;
return measure(argument.modules, argument.rounds, polywasm);
"""


class _Handler(SimpleHTTPRequestHandler):
    extensions_map: ClassVar[dict[str, str]] = {**SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript"}

    def end_headers(self) -> None:
        # Clocks are finer in pages that are isolated.
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def _served() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(ROOT))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


@contextmanager
def measuring(engine: str, rounds: int, *, polywasm: bool) -> Iterator[Measure]:
    """A function that measures the variants of a kernel in an engine, given as base64."""
    if engine == "node":
        yield partial(_in_node, rounds, polywasm)
        return
    argument: dict[str, Any] = {"rounds": rounds, "polywasm": f"/{POLYWASM}" if polywasm else None}
    with _served() as address:
        page_address = f"{address}/benchmarks/lowering/page.html"
        if engine == "webkit":
            with webkit.started_webkit() as driver:
                driver.get(page_address)
                yield lambda modules: webkit.evaluate(
                    driver, _SCRIPT, {**argument, "modules": modules}
                )
            return
        with browsers.started(engine) as browser:
            page = browser.new_page()
            page.goto(page_address)
            function = f"async (argument) => {{ {_SCRIPT} }}"
            yield lambda modules: page.evaluate(function, {**argument, "modules": modules})


def _in_node(rounds: int, polywasm: bool, modules: dict[str, str]) -> Times:
    request = {
        "kernels": {"kernel": modules},
        "rounds": rounds,
        "polywasm": f"{ROOT}/{POLYWASM}" if polywasm else None,
    }
    done = subprocess.run(
        ["node", str(Path(__file__).with_name("node.mjs"))],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    times: Times = json.loads(done.stdout)["times"]
    return times
