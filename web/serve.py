"""The development server: ``python -m web.serve`` builds and serves ``build/site``, isolated across origins."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from pyjsapi.comparison.serving import HEADERS, HOST, MIME_TYPES, SiteHandler, SiteServer
from pyjsapi.comparison.serving import serving as serving_folder

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "build" / "site"


def serving(
    folder: Path = SITE,
    port: int = 0,
    places: Mapping[str, Path] | None = None,
    headers: Mapping[str, str] = HEADERS,
) -> AbstractContextManager[str]:
    """Serves the built site, or another folder, while the context lasts; yields the address, with a slash."""
    return serving_folder(folder, port, places, headers)


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


__all__ = ["HEADERS", "HOST", "MIME_TYPES", "SITE", "SiteHandler", "SiteServer", "main", "serving"]


if __name__ == "__main__":
    sys.exit(main())
