"""Reading a module from something with the shape of a fetch ``Response`` (WebAssembly Web API)."""

from __future__ import annotations

import inspect
from typing import Any, Final

from pyjsapi.ecmascript.conversions import shown
from pyjsapi.ecmascript.properties import get
from pyjsapi.jsapi.module import stable_bytes

_MIME_TYPE: Final = "application/wasm"
_READERS: Final = ("arrayBuffer", "bytes", "read")
"""Methods that give the body: a Response's, pyfetch's and httpx-like clients', a file's or urllib's."""


async def response_bytes(source: Any, what: str) -> bytes:
    """The bytes of a response, or of an awaitable of one.

    Raises `TypeError` when it is no response, was not successful, or is not of the type ``application/wasm``.
    """
    response = await source if inspect.isawaitable(source) else source
    reader = next((found for n in _READERS if (found := get(response, n)) is not None), None)
    if reader is None:
        raise TypeError(
            f"{what}: argument 0 must be a Response or an awaitable of one, not {shown(response)}"
        )
    _check_status(response, what)
    _check_type(response, what)
    body = reader() if callable(reader) else reader
    if inspect.isawaitable(body):
        body = await body
    if hasattr(body, "to_bytes"):  # a JavaScript buffer, seen from Pyodide
        body = body.to_bytes()
    return stable_bytes(body, what)


async def url_bytes(url: str, what: str) -> bytes:
    """What is at a URL, of whatever type it says to be. Raises `TypeError` where nothing is."""
    from pyjsapi.jsapi.fetching import fetch  # which many programs do without

    response = await fetch(url.strip())
    _check_status(response, what)
    return stable_bytes(await response.arrayBuffer(), what)


def _check_status(response: Any, what: str) -> None:
    ok = get(response, "ok")
    status = get(response, "status")
    if ok is None and isinstance(status, int):
        ok = 200 <= status < 300
    if ok is not None and not ok:
        raise TypeError(f"{what}: HTTP status code is not ok ({status})")


def _check_type(response: Any, what: str) -> None:
    headers = get(response, "headers")
    found = None
    if headers is not None:
        look_up = getattr(headers, "get", None)
        for name in ("Content-Type", "content-type"):
            found = found or (look_up(name) if callable(look_up) else get(headers, name))
    if not isinstance(found, str) or found.strip().lower() != _MIME_TYPE:
        raise TypeError(f"{what}: incorrect response MIME type {found!r}: expected '{_MIME_TYPE}'")
