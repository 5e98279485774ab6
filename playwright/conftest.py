"""The comparison page, built, served and run once in each browser; the tests look at what it shows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from web import bundles, webkit
from web.browsers import BROWSERS, PATIENCE_MS, listen, new_page, started
from web.build import build
from web.compare import WINDOW, Finished, wait_for_report
from web.engines import ENGINES, Read, reading
from web.serve import serving

expect.set_options(timeout=PATIENCE_MS)

PICTURES = Path(__file__).resolve().parent.parent / "build" / "pictures"

# Writes down what the page shows while it runs and what it saves, before its own script starts.
WATCH = """
window.seen = [];
window.saved = [];
const createObjectURL = URL.createObjectURL;
URL.createObjectURL = (blob) => {
  const url = createObjectURL(blob);
  window.saved.push({ blob });
  return url;
};
const click = HTMLAnchorElement.prototype.click;
HTMLAnchorElement.prototype.click = function () {
  window.saved.at(-1).name = this.download;
  return click.call(this);
};
addEventListener("DOMContentLoaded", () => {
  const look = () => {
    const bar = document.querySelector("#progress");
    window.seen.push({
      stage: document.querySelector("#stage").textContent,
      value: bar.value,
      max: bar.max,
      running: document.querySelectorAll("[data-status=running]").length,
    });
  };
  new MutationObserver(look).observe(document.querySelector("#stage"), { childList: true });
});
"""

ONE_RUN_OF_THE_PAGE = {"test_page.py", "test_js_cases.py"}
"""Tests that look at what one run of the comparison in a browser has left."""
AGAIN_IN_FIREFOX = {
    "test_bundlers.py",
    "test_compare_folder.py",
    "test_demos.py",
    "test_deployments.py",
    "test_element.py",
    "test_page_use.py",
    "test_promising.py",
    "test_random.py",
    "test_snapshot.py",
    "test_workbench.py",
    "test_workbench_debug.py",
    "test_workbench_links.py",
    "test_workbench_memory.py",
    "test_workbench_script.py",
    "test_workbench_structures.py",
    "test_workbench_text.py",
    "test_workbench_threads.py",
}
"""Tests of how pages are used and made, which Firefox does once more. That it runs what they run is in the others."""
LONG_IN_FIREFOX = {
    "test_host_engine.py",
    "test_js_cases.py",
    "test_lowered.py",
    "test_web_workers.py",
    "test_workbench_run.py",
}
"""What Firefox does in `make test-more`."""


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A folder for translated code: a run neither reads nor writes the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYJSAPI_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.hookimpl(tryfirst=True)  # before the groups are asked for
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One process has all tests of a file in an engine: what is loaded there is loaded once."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        values = () if callspec is None else callspec.params.values()
        file = item.path.name
        for name in ENGINES:
            if name in values:
                shared = "page" if file in ONE_RUN_OF_THE_PAGE else file
                item.add_marker(pytest.mark.xdist_group(f"{name} {shared}"))
        if "firefox" in values:
            if file in AGAIN_IN_FIREFOX:
                item.add_marker(pytest.mark.again)
            elif file in LONG_IN_FIREFOX:
                item.add_marker(pytest.mark.long)
        elif file == "test_bundlers.py" and "webkit" in values and "vite" not in values:
            item.add_marker(pytest.mark.again)


@pytest.fixture(scope="session")
def site_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build(folder)
    return folder


@pytest.fixture(scope="session")
def site(site_folder: Path) -> Iterator[str]:
    with serving(site_folder) as url:
        yield url


@pytest.fixture(scope="session", params=BROWSERS)
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    with started(request.param) as browser:
        yield browser


@pytest.fixture(scope="session")
def finished(browser: Browser, site: str) -> Finished:
    name = browser.browser_type.name
    page = new_page(browser, viewport={"width": WINDOW["width"], "height": WINDOW["height"]})
    page.add_init_script(WATCH)
    complaints = listen(page)
    page.goto(site)
    report = wait_for_report(page)
    PICTURES.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        page.evaluate("scheme => document.documentElement.dataset.theme = scheme", scheme)
        page.screenshot(path=PICTURES / f"{name}-{scheme}.png")
    page.get_by_role("button", name="Light or dark").click()
    page.screenshot(path=PICTURES / f"{name}-full.png", full_page=True)
    return Finished(name, page, report, PICTURES, complaints)


@pytest.fixture(scope="session")
def need_engine() -> Callable[[str], None]:
    """Leaves a test out for an engine that the machine lacks, which continuous integration never does."""

    def need(name: str) -> None:
        problem = webkit.missing() if name == "webkit" else None
        if problem is not None:
            if os.environ.get("CI") == "true":
                pytest.fail(problem)
            pytest.skip(problem)

    return need


@pytest.fixture(scope="session", params=ENGINES)
def reader(
    request: pytest.FixtureRequest, need_engine: Callable[[str], None]
) -> Iterator[tuple[str, Read]]:
    """The name of a browser, and what opens pages in it."""
    name: str = request.param
    need_engine(name)
    with reading(name) as read:
        yield name, read


@pytest.fixture(scope="session")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of what a bundler made, by its name; each is made once."""
    made: dict[str, Path] = {}

    def get(name: str) -> Path:
        if name not in made:
            made[name] = bundles.bundle(name, tmp_path_factory.mktemp(name))
        return made[name]

    return get
