"""Runs the measurement in Node and in browsers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from web import browsers, webkit
from web.serve import serving

ROOT: Final = Path(__file__).resolve().parents[2]
POLYWASM: Final = "node_modules/polywasm/index.js"
ENGINES: Final = ("node", "chromium", "firefox", "webkit")

Run = Callable[[str, dict[str, Any]], Any]
"""Runs "kernel" or "sqlite" with an argument, and gives what it measured."""

_SCRIPTS: Final = {
    "kernel": """
const { measure } = await import("/benchmarks/lowering/measure.mjs");
const polywasm = argument.polywasm ? (await import(argument.polywasm)).WebAssembly : undefined;
return measure(argument.modules, argument.rounds, polywasm);
""",
    "sqlite": """
const { measureSqlite } = await import("/benchmarks/lowering/sqlite.mjs");
const text = await (await fetch("/node_modules/sql.js/dist/sql-wasm-browser.js")).text();
return measureSqlite(() => new Function(`${text}; return initSqlJs`)(), argument.modules, argument.rounds);
""",
}


@contextmanager
def started(engine: str) -> Iterator[Run]:
    """An engine in which scripts can be run."""
    if engine == "node":
        yield _in_node
        return
    with serving(ROOT) as address:
        page_address = f"{address}benchmarks/lowering/page.html"
        if engine == "webkit":
            with webkit.started_webkit() as driver:
                driver.get(page_address)
                yield lambda script, argument: webkit.evaluate(driver, _SCRIPTS[script], argument)
            return
        with browsers.started(engine) as browser:
            page = browser.new_page()
            page.goto(page_address)
            yield lambda script, argument: page.evaluate(
                f"async (argument) => {{ {_SCRIPTS[script]} }}", argument
            )


def _in_node(script: str, argument: dict[str, Any]) -> Any:
    done = subprocess.run(
        ["node", str(Path(__file__).with_name("node.mjs")), script],
        input=json.dumps(argument),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)
