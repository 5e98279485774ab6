"""Starts WebKitGTK's small browser under a display without a screen, driven through WebDriver.

Debian has it as ``webkit2gtk-driver``; Playwright does not drive it. Its WebAssembly has one memory per module,
which is what the lowered path is for.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.common.exceptions import WebDriverException
from selenium.webdriver import WebKitGTK, WebKitGTKOptions
from selenium.webdriver.support.wait import WebDriverWait
from selenium.webdriver.webkitgtk.service import Service

DRIVER = "WebKitWebDriver"
DISPLAY_SERVER = "Xvfb"
PACKAGES = "webkit2gtk-driver xvfb"
_BROWSER_FOLDERS = ("/usr/lib", "/usr/lib64", "/usr/libexec")


class WebKitMissing(Exception):
    """WebKitGTK, its driver or a display cannot be had; the message says what to install."""


def mini_browser() -> Path | None:
    """The MiniBrowser of the newest WebKitGTK that is installed, or None."""
    found = [
        path
        for folder in _BROWSER_FOLDERS
        for path in Path(folder).glob("**/webkit2gtk-4*/MiniBrowser")
    ]
    return max(found, default=None)


def missing() -> str | None:
    """What WebKit's tests lack on this machine, with what to do; None when nothing is missing."""
    lacking = [name for name in (DRIVER, DISPLAY_SERVER) if shutil.which(name) is None]
    if mini_browser() is None:
        lacking.append("MiniBrowser")
    if not lacking:
        return None
    return f"there is no {', no '.join(lacking)}: install WebKitGTK (Debian: apt-get install {PACKAGES})"


@contextmanager
def _display() -> Iterator[str]:
    """A display without a screen while the context lasts; yields its name."""
    read, write = os.pipe()
    server = subprocess.Popen(
        [
            DISPLAY_SERVER,
            "-displayfd",
            str(write),
            "-screen",
            "0",
            "1280x1024x24",
            "-nolisten",
            "tcp",
        ],
        pass_fds=(write,),
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise WebKitMissing(f"{DISPLAY_SERVER} could not be started")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()


def _environment(display: str) -> dict[str, str]:
    environment = {
        **os.environ,
        "DISPLAY": display,
        "GDK_BACKEND": "x11",
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
        # Shared memories are off in the engine's options by default.
        "JSC_useSharedArrayBuffer": "1",
        "NO_AT_BRIDGE": "1",
    }
    if os.geteuid() == 0:
        environment["WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS"] = "1"
    return environment


@contextmanager
def started_webkit(script_timeout_s: float = 1200.0) -> Iterator[WebKitGTK]:
    """A WebKit browser while the context lasts. Raises WebKitMissing with what to do."""
    problem = missing()
    if problem is not None:
        raise WebKitMissing(problem)
    options = WebKitGTKOptions()
    options.binary_location = str(mini_browser())
    options.add_argument("--automation")
    with _display() as display:
        service = Service(executable_path=shutil.which(DRIVER), env=_environment(display))
        try:
            driver = WebKitGTK(options=options, service=service)
        except WebDriverException as error:
            raise WebKitMissing(f"WebKitGTK could not be started: {error.msg}") from error
        try:
            driver.set_script_timeout(script_timeout_s)
            yield driver
        finally:
            driver.quit()


_CALL = """
const [body, argument, done] = arguments;
const AsyncFunction = (async () => {}).constructor;
new AsyncFunction("argument", body)(argument).then(
  (value) => done({ value: value === undefined ? null : value }),
  (error) => done({ error: `${error}\\n${error.stack ?? ""}` }),
);
"""


class ScriptFailed(Exception):
    """A script in the page threw; the message is the error's."""


def evaluate(driver: WebKitGTK, body: str, argument: Any = None) -> Any:
    """The value of an async function's body in the page, which sees its argument as ``argument`` (both JSON)."""
    answer = driver.execute_async_script(_CALL, body, argument)
    if "error" in answer:
        raise ScriptFailed(answer["error"])
    return answer["value"]


def attribute(driver: WebKitGTK, url: str, name: str) -> str:
    """The value of an attribute of a page's root, once it has it; no script runs in the page for that."""
    driver.get(url)

    def found(driver: WebKitGTK) -> str | None:
        return driver.find_element("tag name", "html").get_dom_attribute(name)

    return str(WebDriverWait(driver, driver.timeouts.script).until(found))
