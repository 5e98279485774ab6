"""The development server: the built site on the loopback interface, isolated across origins.

``python -m web.serve`` serves ``build/site``. Every answer carries ``Cross-Origin-Opener-Policy: same-origin`` and
``Cross-Origin-Embedder-Policy: require-corp``, so that the page may use shared memory and precise timers.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "build" / "site"
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
    """Serves files with the isolation headers and the MIME types that modules and wasm need."""

    extensions_map = MIME_TYPES
    protocol_version = "HTTP/1.1"

    def end_headers(self) -> None:
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        if self.server.verbose:  # type: ignore[attr-defined]
            super().log_message(format, *args)


class SiteServer(ThreadingHTTPServer):
    """A loopback server of one folder; ``port`` 0 takes a free one."""

    daemon_threads = True

    def __init__(self, folder: Path, port: int = 0, *, verbose: bool = False) -> None:
        self.verbose = verbose
        super().__init__((HOST, port), partial(SiteHandler, directory=str(folder)))

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_address[1]}/"


@contextmanager
def serving(folder: Path = SITE, port: int = 0) -> Iterator[str]:
    """Serves ``folder`` from a thread while the context lasts; yields its address."""
    with SiteServer(folder, port) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()


def main(arguments: list[str] | None = None) -> int:
    """Builds the site if asked, and serves it until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m web.serve", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="port on 127.0.0.1 (default 8000)")
    parser.add_argument("--no-build", action="store_true", help="serve build/site as it is")
    options = parser.parse_args(arguments)
    if not options.no_build:
        from web.build import BuildError, build
        from web.catalogue import CatalogueError

        try:
            build(SITE)
        except (BuildError, CatalogueError) as error:
            print(error, file=sys.stderr)
            return 1
    try:
        server = SiteServer(SITE, options.port, verbose=True)
    except OSError as error:
        print(f"cannot listen on {HOST}:{options.port}: {error.strerror}", file=sys.stderr)
        return 1
    with server:
        print(f"pyjsapi beside your browser: {server.url}  (Ctrl-C ends)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
