"""The development server: isolation headers, MIME types, loopback only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from web.serve import SiteServer, serving

TYPES = {
    "index.html": "text/html; charset=utf-8",
    "a.mjs": "text/javascript",
    "a.wasm": "application/wasm",
    "a.json": "application/json",
    "a.css": "text/css; charset=utf-8",
    "a.zip": "application/zip",
}


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    for name in TYPES:
        (tmp_path / name).write_text(json.dumps(name))
    with serving(tmp_path) as url:
        yield url


@pytest.mark.parametrize("name", TYPES)
def test_files_are_served_isolated_and_with_their_type(url: str, name: str) -> None:
    with urlopen(url + name) as answer:
        assert json.loads(answer.read()) == name
        assert answer.headers["Content-Type"] == TYPES[name]
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
        assert answer.headers["Cache-Control"] == "no-cache"


def test_the_root_is_the_page(url: str) -> None:
    with urlopen(url) as answer:
        assert json.loads(answer.read()) == "index.html"


@pytest.mark.parametrize("path", ["missing", "../secret", "%2e%2e/secret"])
def test_nothing_outside_the_folder_is_served(url: str, path: str, tmp_path: Path) -> None:
    (tmp_path.parent / "secret").write_text("secret")
    with pytest.raises(HTTPError) as caught:
        urlopen(url + path)
    with caught.value as answer:
        assert answer.code == 404


def test_only_the_loopback_interface_is_used(tmp_path: Path) -> None:
    with SiteServer(tmp_path) as server:
        assert server.server_address[0] == "127.0.0.1"
        assert server.url.startswith("http://127.0.0.1:")
