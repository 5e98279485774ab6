"""Run the official tests of WASI preview 1 and write their results into docs/conformance.md.

    python scripts/wasi_testsuite.py CHECKOUT... [--resolution openat2|walk] [--only NAME] [--write]

CHECKOUT is one of https://github.com/WebAssembly/wasi-testsuite: branch prod/testsuite-base (72 tests), or
prod/testsuite-all, which has those of wasi-threads as well (15), and the others as they once were. What several have is
taken from the first. The tests are third-party programs, which are no part of this project. Each runs on a copy of its
directory.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from common import ROOT, main_guard, say

SUITES: Final = {
    "AssemblyScript": "tests/assemblyscript/testsuite/wasm32-wasip1",
    "C": "tests/c/testsuite/wasm32-wasip1",
    "Rust": "tests/rust/testsuite/wasm32-wasip1",
    "wasi-threads": "tests/proposals/wasi-threads",
}
BEGIN: Final = "\n## WASI preview 1\n"
INTRODUCTION: Final = """
The tests of [wasi-testsuite](https://github.com/WebAssembly/wasi-testsuite), which are no part of this project either;
`scripts/wasi_testsuite.py CHECKOUT... --write` runs them and writes this section, the last one of the page.
"""


@dataclass
class Case:
    """A test: the program and what is expected of it."""

    suite: str
    wasm: Path
    spec: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.wasm.stem


def cases(checkouts: Sequence[Path]) -> Iterator[Case]:
    """The tests of checkouts: each part from the first that has it."""
    for suite, folder in SUITES.items():
        found = next((each for each in checkouts if (each / folder).is_dir()), None)
        for wasm in sorted((found / folder).glob("*.wasm")) if found else ():
            spec = wasm.with_suffix(".json")
            yield Case(suite, wasm, json.loads(spec.read_text()) if spec.exists() else {})


def expected(case: Case) -> tuple[dict[str, Any], int, dict[str, str]]:
    """How to run a test, its exit code, and what it writes."""
    spec = case.spec
    operations = spec.get("operations")
    if operations is None:
        return (
            spec,
            spec.get("exit_code", 0),
            {k: spec[k] for k in ("stdout", "stderr") if k in spec},
        )
    run: dict[str, Any] = {}
    code = 0
    output: dict[str, str] = {}
    for each in operations:
        if each["type"] == "run":
            run = each
        elif each["type"] == "wait":
            code = each.get("exit_code", 0)
        elif each["type"] == "read":
            output[each.get("id", "stdout")] = each.get("payload", "")
        else:
            raise NotImplementedError(f"operation {each['type']}")
    return run, code, output


@contextmanager
def silent_pipe() -> Iterator[int]:
    """The end of a pipe that nothing comes from."""
    ends = os.pipe()
    try:
        yield ends[0]
    finally:
        for end in ends:
            os.close(end)


def run_case(case: Case, resolution: str | None) -> str | None:
    """Run a test; what was wrong, or `None`."""
    from pyjsapi import WebAssembly
    from pyjsapi.wasi import WASI

    run, code, output = expected(case)
    with tempfile.TemporaryDirectory() as folder, silent_pipe() as silent:
        roots = {"/": run["root"]} if run.get("root") is not None else {}
        roots |= {name: name for name in run.get("dirs", [])}  # in older tests
        preopens = {}
        for name, root in roots.items():
            copy = preopens[name] = str(Path(folder, root))
            shutil.copytree(case.wasm.parent / root, copy, symlinks=True)
            for left in Path(copy).glob("*.cleanup"):
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        streams = {"stdout": io.BytesIO(), "stderr": io.BytesIO()}
        wasi = WASI(
            version="preview1",
            args=[case.wasm.name, *run.get("args", [])],
            env=run.get("env", {}),
            preopens=preopens,
            # The tests of threads assume that reading blocks.
            stdin=silent if case.suite == "wasi-threads" else io.BytesIO(),
            stdout=streams["stdout"],
            stderr=streams["stderr"],
            resolution=resolution,
        )
        with wasi:
            module = WebAssembly.Module(case.wasm.read_bytes())
            try:
                found = wasi.run(module)
            except Exception:
                return streams["stderr"].getvalue().decode() + traceback.format_exc(limit=-2)
    if found != code:
        return f"exit code {found}, not {code}\n{streams['stderr'].getvalue().decode()}"
    for name, text in output.items():
        if streams[name].getvalue().decode() != text:
            return f"{name} has {streams[name].getvalue()!r}, not {text!r}"
    return None


def table(results: dict[str, list[tuple[str, str | None]]]) -> str:
    """The results as a table."""
    lines = ["| tests | pass | of | fail |", "|---|---|---|---|"]
    for suite, found in results.items():
        failed = ", ".join(f"`{name}`" for name, wrong in found if wrong) or "–"
        lines.append(
            f"| {suite} | {sum(wrong is None for _, wrong in found)} | {len(found)} | {failed} |"
        )
    return "\n".join(lines)


def write(text: str) -> None:
    """Put the table into docs/conformance.md."""
    page = ROOT / "docs" / "conformance.md"
    old = page.read_text("utf-8")
    before = old.removesuffix(section(old)).rstrip("\n")
    page.write_text(f"{before}\n{BEGIN}{INTRODUCTION}\n{text}\n", "utf-8")


def section(page: str) -> str:
    """What the page has of these tests: its end, or nothing."""
    place = page.find(BEGIN)
    return page[place:] if place >= 0 else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkout", type=Path, nargs="+")
    parser.add_argument("--resolution", choices=("openat2", "walk"))
    parser.add_argument("--only", default="")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    from pyjsapi.cli.progress import shown

    with shown():
        results = run_cases(
            [case for case in cases(options.checkout) if options.only in case.name],
            options.resolution,
        )
    say(table(results))
    if options.write:
        write(table(results))
    return any(wrong for found in results.values() for _, wrong in found)


def run_cases(
    chosen: Sequence[Case], resolution: str | None
) -> dict[str, list[tuple[str, str | None]]]:
    """What is wrong with each test, by suite."""
    from pyjsapi.syntax.watching import watched

    results: dict[str, list[tuple[str, str | None]]] = {}
    for case in watched("tests run", chosen):
        try:
            wrong = run_case(case, resolution)
        except NotImplementedError as error:
            wrong = str(error)
        results.setdefault(case.suite, []).append((case.name, wrong))
        if wrong:
            say(f"{case.suite}/{case.name}: {wrong}")
    return results


if __name__ == "__main__":
    main_guard(main)
