"""The examples that are pages, served as they say and used in a browser."""

from __future__ import annotations

import codecs
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from web.browsers import PATIENCE_MS, new_page, started

ROOT = Path(__file__).resolve().parents[2]
SHEEP = "Baa, baa, black sheep: have you any wool? 3 bags full – ç"


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """The address of a copy of the page with Pyodide beside it, on the server that the index names."""
    shutil.copytree(ROOT / "examples" / "pyodide_page", tmp_path, dirs_exist_ok=True)
    shutil.copytree(ROOT / "build" / "pyodide", tmp_path / "pyodide")
    command = [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().split("(")[1].split(")")[0]
        server.terminate()


@pytest.mark.long
@pytest.mark.pyodide
@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_the_page_turns_texts(url: str, name: str) -> None:
    with started(name) as browser:
        page = new_page(browser)
        page.goto(url)
        button = page.get_by_role("button", name="Turn by 13")
        expect(button).to_be_enabled(timeout=PATIENCE_MS)
        output = page.locator("output")
        expect(output).to_have_text("Python is ready", timeout=PATIENCE_MS)
        for text in (page.get_by_label("Text").input_value(), SHEEP, ""):
            page.get_by_label("Text").fill(text)
            button.click()
            expect(output).to_have_text(codecs.encode(text, "rot13"), timeout=PATIENCE_MS)
