"""``fetch`` (Fetch standard, §5.6) for files, ``data:`` and HTTP, with the standard library."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from pyjsapi.ecmascript.conversions import shown
from pyjsapi.ecmascript.values import is_nullish, is_object
from pyjsapi.jsapi.descriptors import get_property
from pyjsapi.jsapi.response import Headers, Response, body_of, response_with

_T = TypeVar("_T")
_WHAT: Final = "fetch()"
_SCHEMES: Final = ("file", "http", "https", "data")
_FORBIDDEN: Final = ("CONNECT", "TRACE", "TRACK")
_NORMALISED: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT")
_REDIRECTS: Final = ("follow", "error", "manual")


@dataclass(frozen=True, slots=True)
class _Request:
    url: str
    method: str
    headers: Headers
    body: Any
    redirect: str


def fetch(
    resource: Any,
    init: Any = None,
    /,
    *,
    method: str | None = None,
    headers: Any = None,
    body: Any = None,
    redirect: str | None = None,
) -> Coroutine[Any, Any, Response]:
    """Promise of the `Response` of a URL of the scheme ``file``, ``http``, ``https`` or ``data``, with its whole body.

    ``resource`` is text or has a path (`os.PathLike`, which JavaScript has not). ``init`` may have ``method``,
    ``headers``, ``body`` and ``redirect`` (``follow``, ``error`` or ``manual``); they may be keywords. A file's type is
    told by its name, ``application/wasm`` for ``.wasm``. A status like 404 is no failure: see ``ok``. Rejects with
    `TypeError` for a URL that is none, and where no response came. A task that is cancelled waits no longer.
    """
    members = {"method": method, "headers": headers, "body": body, "redirect": redirect}
    try:
        request, failure = _request(resource, init, members), None
    except Exception as error:  # It comes out of the promise, not of the call.
        request, failure = None, error

    async def fetched() -> Response:
        if request is None:
            raise failure or TypeError(_WHAT)
        if urlsplit(request.url).scheme == "file":
            return await _beside(lambda: _from_file(request))
        return await _beside(lambda: _from_network(request))

    return fetched()


# ---- what is asked for


def _request(resource: Any, init: Any, members: Mapping[str, Any]) -> _Request:
    if not is_nullish(init) and not is_object(init):
        raise TypeError(f"{_WHAT}: argument 1 must be an object, not {shown(init)}")

    def member(name: str, default: Any) -> Any:
        found = members[name]
        if found is None and not is_nullish(init):
            found = get_property(init, name)
        return default if found is None else found

    method = str(member("method", "GET"))
    if method.upper() in _NORMALISED:
        method = method.upper()
    if method.upper() in _FORBIDDEN or not method.isidentifier():
        raise TypeError(f"{_WHAT}: {method!r} is no method that can be used")
    redirect = member("redirect", "follow")
    if redirect not in _REDIRECTS:
        raise TypeError(f"{_WHAT}: redirect is {', '.join(_REDIRECTS)}, not {shown(redirect)}")
    data, type_ = body_of(member("body", None), _WHAT)
    if data is not None and method in ("GET", "HEAD"):
        raise TypeError(f"{_WHAT}: a request of method {method} has no body")
    headers = Headers(member("headers", None))
    if type_ and "content-type" not in headers:
        headers.set("content-type", type_)
    return _Request(_url(resource), method, headers, data, redirect)


def _url(resource: Any) -> str:
    if isinstance(resource, os.PathLike):
        return Path(resource).absolute().as_uri()
    text = str(resource).strip()
    parts = urlsplit(text)
    if not parts.scheme or (sys.platform == "win32" and len(parts.scheme) == 1):
        raise TypeError(
            f"{_WHAT}: {shown(text)} is no absolute URL; for a file give pathlib.Path({shown(text)})"
        )
    if parts.scheme not in _SCHEMES:
        raise TypeError(
            f"{_WHAT}: URLs of the scheme {parts.scheme!r} cannot be fetched; {', '.join(_SCHEMES)} can"
        )
    if parts.username is not None or parts.password is not None:
        raise TypeError(f"{_WHAT}: the URL has a user name or password in it; give them as headers")
    if parts.scheme.startswith("http") and not parts.hostname:
        raise TypeError(f"{_WHAT}: {shown(text)} names no host")
    return text


# ---- getting it


async def _beside(work: Callable[[], _T]) -> _T:
    """Do work in a thread that nobody waits for in the end: a server may never answer."""
    if sys.platform == "emscripten":
        return work()
    import asyncio
    import threading

    loop = asyncio.get_running_loop()
    future: asyncio.Future[_T] = loop.create_future()

    def settle(result: Any, error: BaseException | None) -> None:
        if not future.done():
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except BaseException as error:
            failure = error
        with contextlib.suppress(RuntimeError):  # It is closed: whoever asked is no more.
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name="fetch", daemon=True).start()
    return await future


def _from_file(request: _Request) -> Response:
    from urllib.request import url2pathname

    parts = urlsplit(request.url)
    if request.method not in ("GET", "HEAD"):
        raise TypeError(f"{_WHAT}: a file cannot be asked with {request.method}")
    if parts.netloc not in ("", "localhost"):
        raise TypeError(f"{_WHAT}: {request.url} is on another machine")
    path = Path(url2pathname(parts.path))
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise TypeError(f"{_WHAT}: cannot read {path}: {reason}") from error
    headers = {"content-type": _type_of(path), "content-length": str(len(data))}
    body = b"" if request.method == "HEAD" else data
    return response_with(body, 200, "OK", headers, request.url)


def _type_of(path: Path) -> str:
    from mimetypes import guess_type

    if path.suffix == ".wasm":
        return "application/wasm"
    return guess_type(path.name)[0] or "application/octet-stream"


def _from_network(request: _Request) -> Response:
    if sys.platform == "emscripten" and not request.url.startswith("data:"):
        raise TypeError(
            f"{_WHAT}: Python has no network in Pyodide; await pyodide.http.pyfetch(url), "
            "whose response WebAssembly.instantiateStreaming takes too"
        )
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import Request

    asked = Request(
        request.url,
        data=request.body,
        headers={"User-Agent": "pyjsapi", **request.headers},
        method=request.method,
    )
    try:
        try:
            answer = _opener(request.redirect).open(asked)
        except HTTPError as error:
            answer = error
        with answer:
            body = answer.read()
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise TypeError(f"{_WHAT}: {request.url}: {reason}") from error
    status = answer.status or 200
    target = answer.headers["location"] if 300 <= status < 400 else None
    if target is not None and request.redirect != "manual":
        how = "" if request.redirect == "error" else ", which is too far"
        raise TypeError(f"{_WHAT}: {request.url} leads elsewhere, to {target}{how}")
    url = answer.url or request.url
    pairs = [
        (name, value.encode("ascii", "replace").decode()) for name, value in answer.headers.items()
    ]
    return response_with(
        body, status, getattr(answer, "reason", "") or "", pairs, url, redirected=url != request.url
    )


def _opener(redirect: str) -> Any:
    """What opens URLs of HTTP and ``data:`` alone, wherever a redirection leads."""
    from urllib import request

    class Stay(request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            """None: what leads elsewhere is the answer."""

    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler,
        request.HTTPHandler,
        getattr(request, "HTTPSHandler", request.HTTPHandler),
        request.HTTPDefaultErrorHandler,
        request.HTTPRedirectHandler if redirect == "follow" else Stay,
        request.HTTPErrorProcessor,
        request.DataHandler,
        request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener
