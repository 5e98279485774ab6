"""PyScript from npm, in a page and in a worker of its own: README's page, and what README says of other Pyodides."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import wat2wasm

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ADD = """(module (func (export "add") (param i32 i32) (result i32)
  (i32.add (local.get 0) (local.get 1))))"""
CONFIG = {
    "interpreter": "./pyodide/pyodide.mjs",
    "packages": ["pyjsapi"],
    "packages_cache": "passthrough",
    "files": {"./program.py": "./program.py"},
}
PAGE = """<!doctype html>
<script type="module" src="node_modules/@pyscript/core/dist/core.js"></script>
<script type="py" {kind} config='{config}'>
import json, program
from pyscript import document
{source}
document.body.append("found " + json.dumps(found))
</script>
"""

pytestmark = [pytest.mark.long, pytest.mark.pyodide, pytest.mark.xdist_group("PyScript")]


@pytest.fixture
def folder(tmp_path: Path, packages: Path) -> Path:
    """A folder as README's reader has it."""
    made = tmp_path / "site"
    (made / "node_modules").mkdir(parents=True)
    shutil.copytree(packages / "@pyscript", made / "node_modules" / "@pyscript")
    shutil.copytree(ROOT / "build" / "pyodide", made / "pyodide")
    (made / "add.wasm").write_bytes(wat2wasm(ADD))
    return made


@pytest.fixture
def found(folder: Path, text_of: Callable[..., str]) -> Callable[..., Any]:
    """What a source beside the program found, in a page or in a worker of PyScript's."""
    shutil.copy(HERE / "inside" / "program.py", folder)

    def find(source: str, kind: str = "", *, isolated: bool) -> Any:
        page = PAGE.format(kind=kind, config=json.dumps(CONFIG), source=source)
        (folder / "index.html").write_text(page, encoding="utf-8")
        text = text_of(folder, there_is("found "), isolated=isolated)
        return json.loads(text.partition("found ")[2])

    return find


def there_is(text: str) -> str:
    """The condition that the page has the text, or an error."""
    return f"document.querySelector('.py-error') || document.body.innerText.includes({text!r})"


def test_the_page_of_readme(
    text_of: Callable[..., str], folder: Path, snippet: Callable[[str, str], str]
) -> None:
    (folder / "index.html").write_text(snippet("PyScript", "html"), encoding="utf-8")
    assert text_of(folder, there_is("42"), isolated=False).strip() == "42"


def test_the_page_of_readme_with_another_pyodide(
    text_of: Callable[..., str],
    folder: Path,
    bare_pyodide: Path,
    wheel: Path,
    snippet: Callable[[str, str], str],
) -> None:
    """As with the Pyodide of a CDN: PyScript installs the wheel by micropip."""
    page = snippet("PyScript", "html")
    for old, new in (
        ("./pyodide/", "./bare/"),
        ('  packages = ["pyjsapi"]\n', f'  packages = ["./{wheel.name}"]\n'),
        ('  packages_cache = "passthrough"\n', ""),
    ):
        assert old in page
        page = page.replace(old, new)
    shutil.copy(wheel, folder)
    bare_pyodide.rename(folder / "bare")
    (folder / "index.html").write_text(page, encoding="utf-8")
    assert text_of(folder, there_is("42"), isolated=False).strip() == "42"


def test_in_a_worker_of_pyscript(found: Callable[..., Any]) -> None:
    """Everything, and waiting: PyScript starts the worker, so pyjsapi has to find out that it may block."""
    source = (
        "found = await program.run()\n"
        'found["waits"] = program.waits()\n'
        'found["worker"] = await program.worker(program.work)'
    )
    assert found(source, "worker", isolated=True) == {
        "python": "3.14",
        "mailbox": ["quick", [5], 0, 131072],
        "errors": ["fail: KeyError", "trap: RuntimeError", "deep: RangeError"],
        "shared": [7, 0, 1, 16384],
        "may block": True,
        "waits": ["not-equal", "timed-out"],
        "worker": [[0, True], 5],
    }


def test_a_page_without_isolation_says_so(found: Callable[..., Any]) -> None:
    """Shared memories stay in Python there, and work."""
    source = (
        "from pyjsapi import DataCloneError, WebAssembly, Worker, javascript\n"
        "memory = WebAssembly.Memory(initial=1, maximum=1, shared=True)\n"
        "said = []\n"
        "for attempt in (javascript.enable, lambda: Worker(program.work).postMessage(memory)):\n"
        "    try:\n        attempt()\n"
        "    except (RuntimeError, DataCloneError) as error:\n        said.append(str(error))\n"
        "found = [said, javascript.is_enabled(), program.shared()]"
    )
    said, *rest = found(source, isolated=False)
    reason = "this page can share no memory, because it is not cross-origin isolated: it must be "
    assert said[0].startswith(f"pyjsapi.javascript.enable(): {reason}")
    assert said[1].startswith(f"the bytes are in Python: {reason}")
    assert rest == [False, [7, 0, 1, 16384]]
