"""Runs test files of this project inside Pyodide with pytest itself."""

import asyncio
import os
import sys
from collections.abc import Coroutine
from typing import Any

# Pytest and what it imports are pure Python: those of the host, mounted at /host, run here too.
TOOLS = ("pytest", "_pytest", "py.py", "pluggy", "iniconfig", "packaging", "pygments")


def run_at_once(main: Coroutine[Any, Any, Any], **_: Any) -> Any:
    """`asyncio.run` for coroutines that never have to wait: Node 20 cannot switch stacks for others."""
    try:
        main.send(None)
    except StopIteration as stop:
        return stop.value
    main.close()
    raise RuntimeError("the coroutine waits for the event loop, which cannot run below a test")


class Collector:
    """A pytest plugin that keeps what failed and counts what passed."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed: list[str] = []

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.failed.append(f"{report.nodeid} ({report.when})\n{report.longreprtext}")
        elif report.when == "call" and report.passed:
            self.passed += 1

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.failed.append(f"{report.nodeid} (collection)\n{report.longreprtext}")


def run(path: str) -> dict[str, Any]:
    """Run the test file `path` (inside `/project`); the number of passed tests and the failures."""
    if "/tools" not in sys.path:
        os.mkdir("/tools")
        for name in TOOLS:
            os.symlink(f"/host/{name}", f"/tools/{name}")
        sys.path.append("/tools")
        asyncio.run = run_at_once
    import pytest

    collector = Collector()
    # fmt: off
    code = pytest.main(
        ["-q", "-c", "/dev/null", "--rootdir=/project", "--import-mode=importlib",
         "-p", "no:cacheprovider", "-p", "no:faulthandler", "--confcutdir=/project/tests",
         "-W", "ignore::pytest.PytestUnknownMarkWarning", f"/project/{path}"],
        plugins=[collector],
    )
    # fmt: on
    return {"code": int(code), "passed": collector.passed, "failed": collector.failed}
