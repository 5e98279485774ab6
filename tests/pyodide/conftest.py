"""Pyodide under Node, started once for all the tests of this folder."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DISTRIBUTION = ROOT / "build" / "pyodide"
PACKAGES = ROOT / "build" / "packages"
SITE_PACKAGES = Path(pytest.__file__).resolve().parents[1]


class Pyodide:
    """A Node process with Pyodide and the built `pyjsapi` in it (see `run.mjs`).

    A test that ends the process fails; the next one gets a new process.
    """

    def __init__(self, node: Path | str = "node") -> None:
        self._node = node
        if not (DISTRIBUTION / "pyodide-lock.json").is_file():
            raise FileNotFoundError(f"{DISTRIBUTION} is not built: run `make build`")
        self.python = ""
        """`sys.version` inside."""
        self._start()

    def call(self, source: str, function: str, name: str = "snippet.py", *args: Any) -> Any:
        """Run `source` as a module inside and call (and await) one of its functions with `args`.

        Returns its result, which must be expressible in JSON. Fails the test with the traceback from
        inside when the function raises.
        """
        if self._process.poll() is not None:
            self.close()
            self._start()
        request = {"source": source, "name": name, "call": function, "args": args}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        if not answer["ok"]:
            pytest.fail(f"inside Pyodide:\n{answer['error']}", pytrace=False)
        return answer["result"]

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        with self._process, self._log, contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()

    def _start(self) -> None:
        self._log = tempfile.TemporaryFile("a+", encoding="utf-8")  # noqa: SIM115
        mounts = {
            "/project/tests": ROOT / "tests",
            "/project/real/packages": ROOT / "real" / "packages",
            "/host": SITE_PACKAGES,
        }
        if PACKAGES.is_dir():  # which `make build` sees to
            mounts["/packages"] = PACKAGES
        self._process = subprocess.Popen(
            [
                self._node,
                HERE / "run.mjs",
                DISTRIBUTION,
                *(f"{at}={of}" for at, of in mounts.items()),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            encoding="utf-8",
        )
        self.python = self._answer()["python"]

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait()
            self._log.seek(0)
            log = self._log.read()[-4000:]
            pytest.fail(f"Node ended with exit code {code}:\n{log}", pytrace=False)
        answer: dict[str, Any] = json.loads(line)
        return answer


NEW_NODE = ROOT / "fuzz" / "node_modules" / ".bin" / "node"
"""A Node whose engine has promise integration, where `npm ci` in `fuzz/` has put it."""


@pytest.fixture(scope="session")
def pyodide_of_new_node() -> Iterator[Pyodide]:
    if not NEW_NODE.is_file():
        pytest.skip("needs the Node of fuzz/package.json")
    process = Pyodide(NEW_NODE)
    yield process
    process.close()


@pytest.fixture(scope="session")
def pyodide() -> Iterator[Pyodide]:
    process = Pyodide()
    yield process
    process.close()
