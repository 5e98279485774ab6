"""What pyjsapi in Pyodide has of JavaScript: the link layer, made when it is first needed.

In a page that has loaded the JavaScript face the link is there already; else it is made from the text in
`javascript_gen`.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

_LINKS: list[Any] = []


def linked(link: Any) -> None:
    """JavaScript has made a link: the only one of this interpreter, because the hooks are its own."""
    _LINKS[:] = [link]


def is_possible() -> bool:
    """Whether there is a link, or may be one: the policy of a page may forbid to make JavaScript from text."""
    import js
    from pyodide.ffi import JsException

    if _LINKS:
        return True
    try:
        js.Function.new("")
    except JsException:
        return False
    return True


NO_TEXT: Final = (
    "the policy of this page allows no JavaScript made from text, which workers and memories of JavaScript need: "
    "the script-src of its Content-Security-Policy must have 'unsafe-eval'"
)


@cache
def tools() -> Any:
    """The JavaScript object of ``polyfill/python/workers/connection.mjs``.

    Raises `RuntimeError` where the policy of the page does not allow it.
    """
    from pyodide.code import run_js
    from pyodide.ffi import JsException

    from pyjsapi.bridge.javascript_gen import SOURCE

    try:
        return run_js(SOURCE)
    except JsException as error:
        if error.name != "EvalError":
            raise
        raise RuntimeError(f"pyjsapi: {NO_TEXT}") from None


def connection() -> Any:
    """The link, as a JavaScript object: see ``polyfill/python/link.mjs``."""
    if not _LINKS:
        import pyodide_js

        _LINKS.append(tools().createLinkNow(pyodide_js))
    return _LINKS[0]
