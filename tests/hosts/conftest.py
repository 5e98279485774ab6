"""What the hosts are made of: packages of npm in `node_modules` here, packages of PyPI in `.venv-notebooks`.

`scripts/setup.py hosts notebooks` installs both; nothing is fetched while the tests run.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from environments import NOTEBOOKS
from playwright.sync_api import Browser

from web.browsers import PATIENCE_MS, new_page, started
from web.serve import serving

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build"


@pytest.fixture(scope="session")
def packages() -> Path:
    """The folder of the npm packages."""
    folder = HERE / "node_modules"
    if not folder.exists():
        pytest.fail("run scripts/setup.py hosts")
    return folder


@pytest.fixture(scope="session")
def commands() -> Path:
    """The folder of the commands of `.venv-notebooks`."""
    if not NOTEBOOKS.exists:
        pytest.fail("run scripts/setup.py notebooks")
    return NOTEBOOKS.folder / "bin"


@pytest.fixture(scope="session")
def wheel() -> Path:
    """The wheel that any Python takes."""
    (path,) = (BUILD / "wheel").glob("*.whl")
    return path


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with started("chromium") as browser:
        yield browser


class Quiet(SimpleHTTPRequestHandler):
    """What ``python3 -m http.server`` answers with: no isolation."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving_plainly(folder: Path) -> Iterator[str]:
    """Serves a folder as ``python3 -m http.server`` does; yields the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def text_of(chromium: Browser) -> Callable[..., str]:
    """The text of a page once a condition in JavaScript holds."""

    def read(folder: Path, condition: str, path: str = "", *, isolated: bool = True) -> str:
        server: Callable[[Path], AbstractContextManager[str]]
        server = serving if isolated else serving_plainly
        with server(folder) as url:
            page = new_page(chromium)
            try:
                page.goto(url + path)
                page.wait_for_function(condition, timeout=PATIENCE_MS)
                text: str = page.evaluate("document.body.innerText")
                return text
            finally:
                page.close()

    return read


@pytest.fixture(scope="session")
def snippet() -> Callable[[str, str], str]:
    """The first block in a language under a heading of README."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    def find(title: str, language: str) -> str:
        part = re.split(r"^##+ ", text.partition(f"# {title}\n")[2], maxsplit=1, flags=re.MULTILINE)
        found = re.search(rf"^```{language}\n(.*?)^```$", part[0], re.MULTILINE | re.DOTALL)
        assert found is not None
        return found[1]

    return find


@pytest.fixture
def bare_pyodide(tmp_path: Path, commands: Path) -> Path:
    """A Pyodide that has micropip and not pyjsapi, as the one of a CDN has."""
    folder = tmp_path / "bare-pyodide"
    shutil.copytree(BUILD / "pyodide", folder, ignore=shutil.ignore_patterns("*.whl"))
    (micropip,) = (commands.parent / "wheels").glob("micropip-*.whl")
    shutil.copy(micropip, folder)
    lock = folder / "pyodide-lock.json"
    content = json.loads(lock.read_text(encoding="utf-8"))
    entry = content["packages"]["micropip"]
    entry |= {
        "file_name": micropip.name,
        "version": micropip.name.split("-")[1],
        "sha256": hashlib.sha256(micropip.read_bytes()).hexdigest(),
    }
    content["packages"] = {"micropip": entry}
    lock.write_text(json.dumps(content), encoding="utf-8")
    return folder
