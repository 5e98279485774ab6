"""What pyjsapi in Pyodide has of JavaScript: the link layer, made when it is first needed.

In a page that has loaded the JavaScript face the link is there already; else it is made from the text in
`javascript_gen`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

_LINKS: list[Any] = []


def linked(link: Any) -> None:
    """JavaScript has made a link: the only one of this interpreter, because the hooks are its own."""
    _LINKS[:] = [link]


@cache
def tools() -> Any:
    """The JavaScript object of ``polyfill/python/workers/connection.mjs``."""
    from pyodide.code import run_js

    from pyjsapi.bridge.javascript_gen import SOURCE

    return run_js(SOURCE)


def connection() -> Any:
    """The link, as a JavaScript object: see ``polyfill/python/link.mjs``."""
    if not _LINKS:
        import pyodide_js

        _LINKS.append(tools().createLinkNow(pyodide_js))
    return _LINKS[0]
