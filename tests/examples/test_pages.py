"""The examples that are pages, served as they say and used in a browser."""

from __future__ import annotations

import codecs
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from web.browsers import PATIENCE_MS, new_page, started
from web.bundles import BUNDLERS, unpack_package
from web.engines import ENGINES, opened
from web.serve import serving

ROOT = Path(__file__).resolve().parents[2]
SHEEP = "Baa, baa, black sheep: have you any wool? 3 bags full – ç"
USE = """
const [input, button, output] = ["input", "button", "output"].map((name) => document.querySelector(name));
while (button.disabled) await new Promise(requestAnimationFrame);
return argument.map((text) => {
  input.value = text;
  button.click();
  return output.value;
});
"""


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


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Vite makes of the project, by the commands of the index; npm's part is done by hand, without a registry."""
    folder = tmp_path_factory.mktemp("vite")
    shutil.copytree(ROOT / "examples" / "vite_page", folder, dirs_exist_ok=True)
    unpack_package(folder)
    for path in (BUNDLERS / "node_modules").iterdir():
        (folder / "node_modules" / path.name).symlink_to(path)
    index = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    commands = index.partition("```sh\n")[2].partition("```")[0].splitlines()
    assert [command.split()[0] for command in commands] == ["cp", "npm", "mkdir", "pyjsapi", "npm"]
    script = "\n".join(["shopt -s expand_aliases", f"alias pyjsapi='{sys.executable} -m pyjsapi'"])
    script += "\n" + "\n".join([*commands[2:4], commands[4].partition(" && ")[0]])
    environment = {**os.environ, "PYJSAPI": str(ROOT), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-ec", script], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "dist"


@pytest.mark.long
@pytest.mark.pyodide
# Selenium's own start of a driver.
@pytest.mark.filterwarnings(
    "ignore:setting remote_server_addr in RemoteConnection:DeprecationWarning:selenium"
)
@pytest.mark.parametrize("name", ENGINES)
def test_the_bundle_turns_texts(bundle: Path, name: str) -> None:
    """In WebKit, which has one memory per module, by lowering."""
    texts = [SHEEP, "", "y" * 65536 + "z"]
    with serving(bundle, headers={}) as url, opened(name, url) as evaluate:
        turned = evaluate(USE, texts)
    assert turned == [codecs.encode(texts[0], "rot13"), "", "l" * 65536 + " …"]
