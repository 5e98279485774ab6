"""A server of pages on the loopback interface, isolated across origins.

Every answer carries ``Cross-Origin-Opener-Policy: same-origin`` and
``Cross-Origin-Embedder-Policy: require-corp``, so that the page may use shared memory and precise timers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

HOST = "127.0.0.1"
HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
}

MIME_TYPES = {
    **SimpleHTTPRequestHandler.extensions_map,
    ".wasm": "application/wasm",
    ".mjs": "text/javascript",
    ".js": "text/javascript",
    ".json": "application/json",
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".py": "text/plain; charset=utf-8",
    ".whl": "application/zip",
    ".svg": "image/svg+xml",
}


class SiteHandler(SimpleHTTPRequestHandler):
    """Serves files with the isolation headers and the MIME types that modules and wasm need.

    ``places`` has files and folders that are elsewhere, by the first part of their paths; ``headers`` is sent in the
    place of those.
    """

    extensions_map = MIME_TYPES
    protocol_version = "HTTP/1.1"

    def __init__(
        self,
        *arguments: Any,
        places: Mapping[str, Path],
        headers: Mapping[str, str],
        **more: Any,
    ) -> None:
        self.places = places
        self.more_headers = headers
        super().__init__(*arguments, **more)

    def translate_path(self, path: str) -> str:
        found = super().translate_path(path)
        first, *rest = Path(found).relative_to(self.directory).parts or ("",)
        return str(self.places[first].joinpath(*rest)) if first in self.places else found

    def end_headers(self) -> None:
        for name, value in self.more_headers.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        if self.server.verbose:  # type: ignore[attr-defined]
            super().log_message(format, *args)


class SiteServer(ThreadingHTTPServer):
    """A loopback server of one folder, and of the places beside it; ``port`` 0 takes a free one."""

    daemon_threads = True

    def __init__(
        self,
        folder: Path,
        port: int = 0,
        *,
        places: Mapping[str, Path] | None = None,
        headers: Mapping[str, str] = HEADERS,
        verbose: bool = False,
    ) -> None:
        self.verbose = verbose
        handler = partial(SiteHandler, directory=str(folder), places=places or {}, headers=headers)
        super().__init__((HOST, port), handler)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_address[1]}/"


@contextmanager
def serving(
    folder: Path,
    port: int = 0,
    places: Mapping[str, Path] | None = None,
    headers: Mapping[str, str] = HEADERS,
) -> Iterator[str]:
    """Serves ``folder`` and ``places`` from a thread while the context lasts; yields the address, with a slash."""
    with SiteServer(folder, port, places=places, headers=headers) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()
