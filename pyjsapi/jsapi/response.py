"""``Response`` and ``Headers`` (Fetch standard, §5.2 and §5.5), as far as their bodies are bytes that are there."""

from __future__ import annotations

import builtins
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pyjsapi.ecmascript import ArrayBuffer, RangeError, Uint8Array
from pyjsapi.ecmascript.buffer_source import bytes_of_buffer_source, is_buffer_source
from pyjsapi.ecmascript.conversions import shown
from pyjsapi.ecmascript.values import is_nullish, null

_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_NULL_BODY: Final = (101, 103, 204, 205, 304)
"""Statuses of responses without a body."""
TEXT_TYPE: Final = "text/plain;charset=UTF-8"


class Headers(Mapping[str, str]):
    """Names and values of a request or a response; names in any case, iterated in lower case and sorted.

    A mapping of Python: ``get`` gives ``None`` for a name that is not there. Values of the same name are one, with
    commas between them. ``init`` is a mapping or pairs. Raises `TypeError` for what can be no name or value.
    """

    def __init__(self, init: Any = None, /) -> None:
        self._values: Final[dict[str, list[str]]] = {}
        if is_nullish(init):
            return
        pairs = init.items() if isinstance(init, Mapping) else init
        if isinstance(pairs, (str, bytes)) or not isinstance(pairs, Iterable):
            raise TypeError(f"headers must be a mapping or pairs, not {shown(init)}")
        for pair in pairs:
            if isinstance(pair, str) or len(entry := tuple(pair)) != 2:
                raise TypeError(f"a header is a name and a value, not {shown(pair)}")
            self.append(*entry)

    def append(self, name: str, value: str, /) -> None:
        """Add a value, after those that the name has."""
        key, text = _checked(name, value)
        self._values.setdefault(key, []).append(text)

    def set(self, name: str, value: str, /) -> None:
        """Let a value be the only one of its name."""
        key, text = _checked(name, value)
        self._values[key] = [text]

    def delete(self, name: str, /) -> None:
        """Remove a name, if it is there."""
        self._values.pop(name.lower(), None)

    def has(self, name: str, /) -> bool:
        """Whether a name is there."""
        return name in self

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._values[name.lower()])

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._values))

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"


def _checked(name: Any, value: Any) -> tuple[str, str]:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise TypeError(f"{shown(name)} is no name of a header")
    text = str(value).strip(" \t\r\n")
    if any(c in text for c in "\0\r\n") or not text.isascii():
        raise TypeError(f"header {name}: {shown(value)} is no value of a header: it must be ASCII")
    return name.lower(), text


class Response:
    """What `fetch` gives, or a response of one's own making: a body with a status and headers.

    ``body`` is text, a buffer source or nothing. ``init`` may have ``status`` (200 to 599), ``statusText`` and
    ``headers``; they may be keywords. A body can be read once. `WebAssembly.compileStreaming` takes a response of the
    type ``application/wasm``. Raises `RangeError` for a status, `TypeError` for anything else that is wrong.
    """

    __slots__ = (
        "_body",
        "_used",
        "headers",
        "redirected",
        "status",
        "statusText",
        "type",
        "url",
    )

    def __init__(
        self,
        body: Any = None,
        init: Mapping[str, Any] | None = None,
        /,
        *,
        status: int = 200,
        statusText: str = "",
        headers: Any = None,
    ) -> None:
        given = init or {}
        status = given.get("status", status)
        if not isinstance(status, int) or not 200 <= status <= 599:
            raise RangeError(f"Response(): a status is 200 to 599, not {shown(status)}")
        data, type_ = body_of(body, "Response()")
        if data is not None and status in _NULL_BODY:
            raise TypeError(f"Response(): a response of status {status} has no body")
        self.status: Final[int] = status
        """The code of HTTP."""
        self.statusText: Final[str] = str(given.get("statusText", statusText))
        """What the server calls it."""
        self.headers: Final = Headers(given.get("headers", headers))
        if type_ and "content-type" not in self.headers:
            self.headers.set("content-type", type_)
        self.url = ""
        """Where it came from, after redirections."""
        self.redirected = False
        """Whether it came from elsewhere than was asked for."""
        self.type = "default"
        """``basic`` of what was fetched, ``default`` of what was made."""
        self._body = data
        self._used = False

    @property
    def ok(self) -> bool:
        """Whether the status is 200 to 299."""
        return 200 <= self.status < 300

    @property
    def bodyUsed(self) -> bool:
        """Whether the body has been read."""
        return self._used

    async def arrayBuffer(self) -> ArrayBuffer:
        """The body. Rejects with `TypeError` if it was read before, as do the others."""
        return ArrayBuffer._adopt(bytearray(self._read()))

    async def bytes(self) -> Uint8Array:
        """The body as a `Uint8Array`."""
        return Uint8Array(await self.arrayBuffer())

    async def text(self) -> str:
        """The body decoded from UTF-8; what is none is U+FFFD, and a byte order mark is left out."""
        return self._read().decode("utf-8-sig", "replace")

    async def json(self) -> Any:
        """What the body says in JSON, as `json.loads` gives it. Rejects with `ValueError` if it is none."""
        return json.loads(self._read().decode("utf-8-sig", "replace"))

    def clone(self) -> Response:
        """The same with a body of its own. Raises `TypeError` if this one's was read."""
        self._check_unused("clone")
        return response_with(
            self._body,
            self.status,
            self.statusText,
            self.headers,
            self.url,
            redirected=self.redirected,
            type_=self.type,
        )

    def _check_unused(self, what: str) -> None:
        if self._used:
            raise TypeError(f"Response.{what}(): the body has been read already")

    def _read(self) -> builtins.bytes:
        self._check_unused("read")
        self._used = self._body is not None
        data: builtins.bytes | None = self._body
        self._body = None
        return data or b""

    def __repr__(self) -> str:
        where = f" from {self.url}" if self.url else ""
        return f"<Response {self.status}{where}, {self.headers.get('content-type', 'no type')}>"


def response_with(
    body: Any,
    status: int,
    text: str,
    headers: Any,
    url: str,
    *,
    redirected: bool = False,
    type_: str = "basic",
) -> Response:
    """A response that came from somewhere, with whatever status it has."""
    response = Response.__new__(Response)
    members: dict[str, Any] = {
        "status": status,
        "statusText": text,
        "headers": Headers(headers),
        "url": url,
        "redirected": redirected,
        "type": type_,
        "_body": body,
        "_used": False,
    }
    for name, value in members.items():
        setattr(response, name, value)
    return response


def body_of(body: Any, what: str) -> tuple[Any, str]:
    """The bytes of a body, ``None`` if there is none, and the type that it has by itself. Raises `TypeError`."""
    if body is None or body is null:
        return None, ""
    if isinstance(body, str):
        return body.encode("utf-8", "replace"), TEXT_TYPE
    if is_buffer_source(body):
        return bytes_of_buffer_source(body, what=f"{what}: the body"), ""
    raise TypeError(f"{what}: a body is text or a buffer source, not {shown(body)}")
