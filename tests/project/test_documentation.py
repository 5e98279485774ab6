"""The pages that `make docs` makes: what is in them beyond what the generator checks (`test_checks.py` runs that)."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

import pyjsapi
from pyjsapi import WebAssembly, importing, javascript, lowering, sharing, snapshots, tools, wasi

LOADED = r'<(?!a\b)\w+ [^>]*\b(?:src|href)="(?:https?:)?//[^"]*"'
"""What a browser fetches by itself from another place; links are followed by people."""
ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.xdist_group("documentation")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documentation") / "pages"
    command = ["bash", str(ROOT / "scripts" / "docs.sh"), str(folder)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_public_name_is_in_the_reference(pages: Path) -> None:
    text = "".join(page.read_text("utf-8") for page in (pages / "docs/reference").glob("*.html"))
    described = set(re.findall(r'<dt class="[^"]*" id="([\w.]+)"', text))
    wanted = {f"pyjsapi.{name}" for name in pyjsapi.__all__ if name != "WebAssembly"}
    wanted |= {f"pyjsapi.WebAssembly.{name}" for name in WebAssembly.__all__}
    wanted |= {f"pyjsapi.javascript.{name}" for name in javascript.__all__}
    wanted |= {f"pyjsapi.lowering.{name}" for name in lowering.__all__}
    wanted |= {f"pyjsapi.tools.{name}" for name in tools.__all__}
    wanted |= {f"pyjsapi.sharing.{name}" for name in sharing.__all__}
    wanted |= {f"pyjsapi.snapshots.{name}" for name in snapshots.__all__}
    wanted |= {f"pyjsapi.importing.{name}" for name in importing.__all__}
    wanted |= {f"pyjsapi.wasi.{name}" for name in wasi.__all__}
    assert wanted <= described, wanted - described


def test_pages_load_nothing_from_elsewhere(pages: Path) -> None:
    for page in pages.rglob("*.html"):
        elsewhere = re.findall(LOADED, page.read_text("utf-8"))
        assert not elsewhere, page
    for style in pages.rglob("*.css"):
        assert not re.search(r"(url\(|@import)[^;]*//", style.read_text("utf-8")), style


def test_the_first_page_leads_to_the_contents(pages: Path) -> None:
    target = re.findall(r'<a href="([^"]*)"', (pages / "index.html").read_text("utf-8"))
    assert [(pages / name).is_file() for name in target] == [True]
