"""One place where test files run one after the other: a page, a dedicated worker of a page, a Node process."""

from __future__ import annotations

import contextlib
import json
import queue
import shutil
import subprocess
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from common import ROOT
from playwright.sync_api import Browser, BrowserContext, Error, Page

from web.serve import serving

HERE = Path(__file__).resolve().parent
START_SECONDS = 120
PACKAGE = "package.zip"
POLYFILL = "polyfill"


def take_snapshot(folder: Path) -> None:
    """Puts what is tested into a folder, so that editing it meanwhile changes nothing: PACKAGE and POLYFILL there."""
    with zipfile.ZipFile(folder / PACKAGE, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((ROOT / "pyjsapi").rglob("*.py")):
            archive.write(path, path.relative_to(ROOT))
    ignored = shutil.ignore_patterns("test", "node_modules", "dist")
    shutil.copytree(ROOT / "polyfill", folder / POLYFILL, ignore=ignored)


class Stuck(Exception):
    """No answer came: the message says what was waited for. The session cannot be used any more."""


class Session(Protocol):
    """A realm with one namespace on its global object."""

    def ask(self, request: dict[str, str], seconds: float) -> Any:
        """Sends a request to browser.mjs or node.mjs and returns its answer; raises Stuck."""

    def close(self) -> None:
        """Ends the realm."""


# ---- Browsers


@contextlib.contextmanager
def serving_tests(checkout: Path, pyodide: Path, snapshot: Path) -> Iterator[str]:
    """Serves what the pages need on the loopback interface, isolated across origins; yields the address."""
    places = {
        "checkout": checkout,
        "pyodide": pyodide,
        "polyfill": snapshot / POLYFILL,
        "package.zip": snapshot / PACKAGE,
        "js_api": HERE,
    }
    with serving(HERE / "absent", places=places) as address:
        yield address.rstrip("/")


class BrowserSession:
    """A fresh page of a browser; `where` is ``window`` or ``worker``."""

    def __init__(self, browser: Browser, address: str, where: str) -> None:
        self.where = where
        self.number = 0
        self.context: BrowserContext = browser.new_context()
        self.page: Page = self.context.new_page()
        self.page.goto(f"{address}/js_api/page.html")

    def ask(self, request: dict[str, str], seconds: float) -> Any:
        self.number += 1
        arguments = [self.number, self.where, request]
        try:
            self.page.evaluate("(given) => void setTimeout(() => start(...given))", arguments)
            self.page.wait_for_function(
                "(number) => answers[number]", arg=self.number, timeout=seconds * 1000, polling=20
            )
            answer = self.page.evaluate("(number) => answers[number]", self.number)
        except Error as error:
            raise Stuck(f"no answer in {seconds:.0f} s: {error.message.splitlines()[0]}") from error
        return _checked(answer)

    def close(self) -> None:
        with contextlib.suppress(Error):
            self.context.close()


# ---- Node


class NodeSession:
    """A process of Node, or of what takes its place."""

    def __init__(self, program: str, checkout: Path, pyodide: Path, snapshot: Path) -> None:
        face, package = snapshot / POLYFILL / "python.mjs", snapshot / PACKAGE
        command = [program, HERE / "node.mjs", checkout, pyodide, face, package]
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        stream = self.process.stdout
        if stream is not None:
            for line in stream:
                self.lines.put(line)
        self.lines.put(None)

    def ask(self, request: dict[str, str], seconds: float) -> Any:
        if self.process.stdin is None:
            raise Stuck("Node has no input")
        deadline = time.monotonic() + seconds
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            while True:
                line = self.lines.get(timeout=max(0.0, deadline - time.monotonic()))
                if line is None:
                    raise Stuck(f"Node ended with status {self.process.wait()}")
                if line.startswith('{"'):
                    return _checked(json.loads(line))
        except (queue.Empty, BrokenPipeError) as error:
            raise Stuck(f"no answer of Node in {seconds:.0f} s") from error

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def _checked(answer: Any) -> Any:
    if "failure" in answer:
        raise Stuck(answer["failure"])
    return answer["answer"]
