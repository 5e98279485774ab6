"""The engine `host` in pages and workers of browsers: the cases that Node runs.

The sources of this checkout are brought as an archive, and run on Pyodide as it is released.
"""

from __future__ import annotations

import json
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser

from tests.bridge.test_host_engine import Difference, explains
from tests.bridge.test_web_workers import HERE, INSIDE, ROOT
from tests.pyodide.conftest import SITE_PACKAGES
from tests.pyodide.inside.run_pytest import TOOLS
from tests.pyodide.test_suite import files
from web.browsers import new_page
from web.engines import lay_out
from web.serve import serving

FEW: Final = (
    "case_en_9_a_function_is_the_same_object_wherever_it_comes_from",
    "case_en_17_what_python_raises_comes_back_as_the_same_object",
    "case_en_18_a_trap_within_a_host_function_passes_native_code",
    "case_en_22_calls_nest_a_hundred_deep",
    "case_en_45_the_limit_of_stack_traces_is_what_it_was",
)
"""What the fast tests run of `host_engine.py`."""

START: Final = """
import { loadPyodide } from "./pyodide/pyodide.mjs";

export async function start() {
  const pyodide = await loadPyodide({ env: { HOME: "/home/pyodide", PYJSAPI_ENGINE: "host" } });
  const archive = await fetch(new URL("./project.zip", import.meta.url));
  pyodide.unpackArchive(await archive.arrayBuffer(), "zip", { extractDir: "/" });
  pyodide.runPython("import sys; sys.path[:0] = ['/project', '/project/tests/agents/programs']");
  return (source) => pyodide.runPythonAsync(source);
}
"""
WORKER: Final = """
import { start } from "./start.mjs";

const run = start();
onmessage = async ({ data }) => {
  try {
    postMessage({ value: await (await run)(data) });
  } catch (error) {
    postMessage({ error: String(error) });
  }
};
"""
IN_PAGE: Final = """async () => { globalThis.run = await (await import("./start.mjs")).start(); }"""
IN_WORKER: Final = """() => {
  const worker = new Worker("./worker.mjs", { type: "module" });
  globalThis.run = (source) => new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => ("error" in data ? reject(new Error(data.error)) : resolve(data.value));
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(source);
  });
}"""
PLACES: Final = {"page": IN_PAGE, "worker": IN_WORKER}

RUN_CASES: Final = """
import inspect, json, traceback
space = {"__name__": "inside", "__file__": path}
with open(path, encoding="utf-8") as file:
    exec(compile(file.read(), path, "exec"), space)
found = {}
for name in chosen or [each for each in space if each.startswith("case_")]:
    try:
        result = space[name]()
        if inspect.isawaitable(result):
            await result
    except BaseException:
        found[name] = traceback.format_exc()
    else:
        found[name] = None
json.dumps(found)
"""


RUN_TESTS: Final = """
import json
space = {"__name__": "run_pytest"}
with open(path, encoding="utf-8") as file:
    exec(compile(file.read(), path, "exec"), space)
json.dumps({file: space["run"](file) for file in chosen})
"""


def pack(archive: Path) -> None:
    """Put the sources, the tests and what runs them where tests inside Pyodide look for them."""
    roots = [(ROOT / name, "project") for name in ("pyjsapi", "tests")]
    roots += [(SITE_PACKAGES / name, "host") for name in TOOLS]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for root, place in roots:
            for path in [root, *sorted(root.rglob("*"))]:
                if path.is_file() and "__pycache__" not in path.parts:
                    packed.write(path, f"{place}/{path.relative_to(root.parent)}")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site with Pyodide, the archive and what starts both."""
    folder = tmp_path_factory.mktemp("host-engine")
    lay_out(folder, {"pyodide": ROOT / "node_modules" / "pyodide"})
    (folder / "start.mjs").write_text(START)
    (folder / "worker.mjs").write_text(WORKER)
    pack(folder / "project.zip")
    with serving(folder) as url:
        yield url


class Place:
    """Pyodide on the engine `host`, in a page or in a worker of one."""

    def __init__(self, browser: Browser, address: str, where: str) -> None:
        self.page = new_page(browser)
        self.page.goto(address)
        self.page.evaluate(PLACES[where])

    def run(self, program: str, path: str, chosen: tuple[str, ...] = ()) -> dict[str, Any]:
        """What a program says of a file of the project."""
        begin = f"path, chosen = {path!r}, {list(chosen)!r}\n"
        found: dict[str, Any] = json.loads(
            self.page.evaluate("source => run(source)", begin + program)
        )
        return found


@pytest.fixture(scope="module", params=PLACES)
def place(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Place]:
    made = Place(browser, address, request.param)
    yield made
    made.page.close()


def inside(file: str) -> str:
    return f"/project/{(INSIDE / file).relative_to(ROOT)}"


@pytest.mark.long
def test_some_cases_hold(place: Place) -> None:
    found = place.run(RUN_CASES, inside("host_engine.py"), FEW)
    assert found == dict.fromkeys(FEW), "\n".join(filter(None, found.values()))


def differences(browser: Browser) -> list[Difference]:
    """What is known to fail in a browser."""
    name = browser.browser_type.name
    listed = tomllib.loads((HERE / "host_engine_differences.toml").read_text(encoding="utf-8"))
    return [each for each in listed["difference"] if each.get("node", name) == name]


def unexplained(browser: Browser, reports: list[str]) -> str:
    """The failures that no entry of the list is about."""
    known = differences(browser)
    return "\n\n".join(each for each in reports if not any(explains(one, each) for one in known))


@pytest.mark.long
@pytest.mark.parametrize("file", ["host_engine.py", "host_memories.py", "host_mixing.py"])
def test_all_cases_hold(place: Place, browser: Browser, file: str) -> None:
    found = place.run(RUN_CASES, inside(file))
    reports = [f"{name}\n{report}" for name, report in found.items() if report]
    assert unexplained(browser, reports) == ""


@pytest.mark.long
@pytest.mark.parametrize("place", ["worker"], indirect=True)
def test_en_41_the_tests_of_the_api_pass_on_it_but_for_what_is_listed(
    place: Place, browser: Browser
) -> None:
    paths = tuple(path for path in files() if path.startswith("tests/jsapi/"))
    found = place.run(RUN_TESTS, "/project/tests/pyodide/inside/run_pytest.py", paths)
    assert sum(each["passed"] for each in found.values()) > 400
    reports = [report for each in found.values() for report in each["failed"]]
    assert unexplained(browser, reports) == ""
