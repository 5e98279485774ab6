"""`fetch`, `Response` and `Headers`, and the streaming functions on them."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import Headers, RangeError, Response, Uint8Array, WebAssembly, fetch, wat2wasm
from pyjsapi.ecmascript.values import null

SEVEN = wat2wasm('(func (export "f") (result i32) (i32.const 7))')
WASM = {"content-type": "application/wasm"}


class Handler(BaseHTTPRequestHandler):
    """Answers by the path, and tells what it was asked."""

    def do_GET(self) -> None:
        path = self.path
        if path == "/module.wasm":
            self.answer(200, SEVEN, {"Content-Type": "application/wasm"})
        elif path == "/typed.wasm":
            self.answer(200, SEVEN, {"Content-Type": "application/wasm; charset=utf-8"})
        elif path == "/away":
            self.answer(302, b"", {"Location": "/module.wasm"})
        elif path == "/out":
            self.answer(302, b"", {"Location": "file:///etc/hostname"})
        elif path == "/missing":
            self.answer(404, b"nothing", {"Content-Type": "application/wasm"})
        elif path == "/never":
            self.server.asked.set()  # type: ignore[attr-defined]
            self.server.free.wait()  # type: ignore[attr-defined]
        else:
            length = int(self.headers.get("Content-Length", 0))
            said = {
                "method": self.command,
                "type": self.headers.get("Content-Type"),
                "mine": self.headers.get("X-Mine"),
                "body": self.rfile.read(length).decode(),
            }
            self.answer(200, json.dumps(said).encode(), {"Content-Type": "application/json"})

    do_POST = do_PUT = do_GET

    def do_HEAD(self) -> None:
        self.answer(200, b"", {"Content-Type": "text/plain"})

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.free, found.asked = threading.Event(), threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    found.free.set()  # type: ignore[attr-defined]
    found.shutdown()
    found.server_close()
    thread.join()


def at(server: ThreadingHTTPServer, path: str) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}{path}"


def get(*arguments: Any, **keywords: Any) -> Response:
    return asyncio.run(fetch(*arguments, **keywords))


def test_a_module_comes_from_a_server(server: ThreadingHTTPServer) -> None:
    async def run() -> Any:
        source = fetch(at(server, "/module.wasm"))
        return (await WebAssembly.instantiateStreaming(source)).instance.exports.f()

    assert asyncio.run(run()) == 7


def test_the_type_of_a_module_is_application_wasm_without_parameters(
    server: ThreadingHTTPServer,
) -> None:
    for path in ("/typed.wasm", "/echo"):
        with pytest.raises(TypeError, match="incorrect response MIME type"):
            asyncio.run(WebAssembly.compileStreaming(fetch(at(server, path))))
    with pytest.raises(TypeError, match=r"HTTP status code is not ok \(404\)"):
        asyncio.run(WebAssembly.compileStreaming(fetch(at(server, "/missing"))))


def test_a_status_is_no_failure(server: ThreadingHTTPServer) -> None:
    response = get(at(server, "/missing"))
    assert (response.ok, response.status, response.statusText) == (False, 404, "Not Found")
    assert asyncio.run(response.text()) == "nothing"


def test_what_is_sent_arrives(server: ThreadingHTTPServer) -> None:
    url = at(server, "/echo")
    init = {"method": "post", "body": "hé", "headers": {"X-Mine": "1"}}
    said = asyncio.run(get(url, init).json())
    text = "text/plain;charset=UTF-8"
    assert said == {"method": "POST", "type": text, "mine": "1", "body": "hé"}
    said = asyncio.run(get(url, method="PUT", body=Uint8Array([65]), headers=WASM).json())
    assert said == {"method": "PUT", "type": "application/wasm", "mine": None, "body": "A"}
    assert asyncio.run(get(url, method="HEAD").text()) == ""


def test_redirections_are_followed_told_or_refused(server: ThreadingHTTPServer) -> None:
    url = at(server, "/away")
    followed = get(url)
    assert (followed.redirected, followed.url) == (True, at(server, "/module.wasm"))
    assert not get(at(server, "/module.wasm")).redirected
    manual = get(url, {"redirect": "manual"})
    assert (manual.status, manual.headers["Location"]) == (302, "/module.wasm")
    with pytest.raises(TypeError, match=r"leads elsewhere, to /module.wasm"):
        get(url, redirect="error")


def test_no_redirection_leads_to_a_file(server: ThreadingHTTPServer) -> None:
    with pytest.raises(
        TypeError, match=r"leads elsewhere, to file:///etc/hostname, which is too far"
    ):
        get(at(server, "/out"))


def test_a_fetch_that_is_cancelled_is_not_waited_for(server: ThreadingHTTPServer) -> None:
    async def run() -> None:
        task = asyncio.create_task(fetch(at(server, "/never")))
        await asyncio.to_thread(server.asked.wait)  # type: ignore[attr-defined]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    server.free.set()  # type: ignore[attr-defined]


@pytest.mark.parametrize("as_url", [True, False])
def test_files_have_the_type_of_their_name(tmp_path: Path, as_url: bool) -> None:
    module, data, text = (tmp_path / name for name in ("a b%20#.wasm", "data", "t.json"))
    module.write_bytes(SEVEN)
    data.write_bytes(SEVEN)
    text.write_text('{"a": [1]}')
    places: list[Any] = [path.as_uri() if as_url else path for path in (module, data, text)]
    result = asyncio.run(WebAssembly.instantiateStreaming(fetch(places[0])))
    assert result.instance.exports.f() == 7
    assert get(places[1]).headers["content-type"] == "application/octet-stream"
    with pytest.raises(TypeError, match="MIME type 'application/octet-stream'"):
        asyncio.run(WebAssembly.compileStreaming(fetch(places[1])))
    response = get(places[2])
    assert (response.ok, response.type, response.url) == (True, "basic", text.as_uri())
    assert asyncio.run(response.json()) == {"a": [1]}


def test_what_is_in_a_url_can_be_fetched() -> None:
    response = get("data:application/wasm;base64,AGFzbQEAAAA=")
    assert asyncio.run(WebAssembly.compileStreaming(response)) is not None


def test_where_no_response_comes_it_says_why(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"cannot read .*gone\.wasm: No such file"):
        get(tmp_path / "gone.wasm")
    with pytest.raises(TypeError, match=r"http://127\.0\.0\.1:1/: .*[Rr]efused"):
        get("http://127.0.0.1:1/")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("module.wasm",), r"'module\.wasm' is no absolute URL; for a file give pathlib\.Path"),
        (("ftp://a/b",), "scheme 'ftp' cannot be fetched; file, http, https, data can"),
        (("http://me:secret@a/",), "user name or password"),
        (("http:///x",), "names no host"),
        (("file://elsewhere/x",), "on another machine"),
        (("http://a/", 1), "argument 1 must be an object"),
        (("http://a/", {"method": "TRACE"}), "no method that can be used"),
        (("http://a/", {"method": "A B"}), "no method that can be used"),
        (("http://a/", {"body": "x"}), "of method GET has no body"),
        (("http://a/", {"redirect": "maybe"}), "redirect is follow, error, manual"),
        (("http://a/", {"headers": {"a b": "c"}}), "'a b' is no name of a header"),
        (("http://a/", {"headers": {"a": "b\nc"}}), "no value of a header"),
        (("http://a/", {"method": "PUT", "body": 1}), "a body is text or a buffer source, not 1"),
    ],
)
def test_what_is_wrong_comes_out_of_the_promise(arguments: Any, message: str) -> None:
    promise = fetch(*arguments)
    with pytest.raises(TypeError, match=message):
        asyncio.run(promise)


# ---- responses of one's own


def test_a_response_of_bytes_can_be_compiled() -> None:
    response = Response(SEVEN, headers=WASM)
    assert response.type == "default" and not response.bodyUsed
    module = asyncio.run(WebAssembly.compileStreaming(response))
    assert WebAssembly.Instance(module).exports.f() == 7
    assert response.bodyUsed
    with pytest.raises(TypeError, match="the body has been read already"):
        asyncio.run(WebAssembly.compileStreaming(response))


def test_each_way_to_read_a_body() -> None:
    async def run() -> tuple[Any, ...]:
        response = Response("\ufeff[1]")
        copies = [response.clone() for _ in range(3)]
        return (
            (await response.arrayBuffer()).tobytes(),
            list(await copies[0].bytes()),
            await copies[1].text(),
            await copies[2].json(),
        )

    data = b"\xef\xbb\xbf[1]"
    assert asyncio.run(run()) == (data, list(data), "[1]", [1])


def test_a_body_is_read_once_and_then_not_copied() -> None:
    response = Response("x")
    assert asyncio.run(response.text()) == "x"
    for read in (response.text, response.json, response.bytes, response.arrayBuffer):
        with pytest.raises(TypeError, match="read already"):
            asyncio.run(read())
    with pytest.raises(TypeError, match=r"clone.*read already"):
        response.clone()


def test_no_body_is_read_as_often_as_one_likes() -> None:
    response = Response(null, {"status": 204, "statusText": "Nothing"})
    assert [asyncio.run(response.text()) for _ in range(2)] == ["", ""]
    assert (response.bodyUsed, response.statusText, response.ok) == (False, "Nothing", True)
    assert repr(response) == "<Response 204, no type>"


@pytest.mark.parametrize("status", [100, 199, 600, "200"])
def test_a_status_is_200_to_599(status: Any) -> None:
    with pytest.raises(RangeError, match="a status is 200 to 599"):
        Response(status=status)


def test_some_statuses_have_no_body() -> None:
    with pytest.raises(TypeError, match="status 204 has no body"):
        Response("x", status=204)


def test_headers_know_names_in_any_case() -> None:
    headers = Headers([("B", "1"), ("a", " 2 "), ("b", "3")])
    assert dict(headers) == {"a": "2", "b": "1, 3"}
    assert headers["A"] == "2" and headers.get("c") is None and headers.has("B")
    headers.set("b", "4")
    headers.delete("A")
    headers.delete("A")
    assert (dict(Headers(headers)), len(headers)) == ({"b": "4"}, 1)
    for wrong in ("text", 1, [("a",)], ["ab"], {"": "x"}, {"a": "é"}):
        with pytest.raises(TypeError):
            Headers(wrong)
