"""Builds the page into ``build/site``, both of its views, the comparison and the workbench: ``python -m web.build``.

The site needs no network: it holds the views, the drivers, the cases with their assembled modules, the JavaScript that
makes a ``WebAssembly`` namespace of pyjsapi (``polyfill/python.mjs``), and Pyodide with pyjsapi's wheel (from
``build/pyodide``, which ``scripts/build_pyodide.py`` makes).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from pyjsapi.demos.catalogue import find, names
from web import catalogue, js_catalogue
from web.workbench import site as workbench

ROOT = catalogue.ROOT
WEB = ROOT / "web"
HARNESS = ROOT / "pyjsapi" / "comparison"
"""What runs cases, which `pyjsapi compare` has too: the page's static files are those of both folders."""
SITE = ROOT / "build" / "site"
PYODIDE = ROOT / "build" / "pyodide"
POLYFILL = ROOT / "polyfill"


class BuildError(Exception):
    """The site cannot be built; the message says what is missing."""


def environment() -> Environment:
    """The jinja2 environment of the page and of the report."""
    return Environment(
        loader=FileSystemLoader(WEB / "templates"),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html", "html.j2", "j2"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _copy(source: Path, target: Path) -> None:
    """Makes ``target`` a hard link or a copy of ``source``, leaving it alone when it is up to date."""
    if target.exists():
        old, new = target.stat(), source.stat()
        if (old.st_size, old.st_mtime_ns) == (new.st_size, new.st_mtime_ns):
            return
        target.unlink()
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _copy_tree(source: Path, target: Path) -> None:
    _copy_trees((source,), target)


def _copy_trees(sources: Sequence[Path], target: Path) -> None:
    """Makes ``target`` have the files of all folders, and no others."""
    wanted = {
        path.relative_to(source): path
        for source in sources
        for path in source.rglob("*")
        if path.is_file()
    }
    for name, path in wanted.items():
        _copy(path, target / name)
    if target.exists():
        for path in target.rglob("*"):
            if path.is_file() and path.relative_to(target) not in wanted:
                path.unlink()


def demonstrations() -> list[dict[str, str]]:
    """The demonstrations that need nothing that a page does not have: their names, titles and explanations."""
    found = [demo for demo in map(find, names()) if not demo.needs]
    return [
        {
            "name": demo.name,
            "title": demo.title,
            "text": _paragraphs(demo.text.partition("\n")[2]),
        }
        for demo in found
    ]


def _paragraphs(text: str) -> str:
    """Text without its line breaks and its marks for code."""
    plain = text.strip().replace("``", "")
    return "\n".join(part.replace("\n", " ") for part in plain.split("\n\n"))


def build(
    site: Path = SITE,
    pyodide: Path = PYODIDE,
    assembler: catalogue.Assembler = catalogue.assemble,
) -> int:
    """Builds the site and returns the number of cases; raises BuildError or CatalogueError."""
    if not (pyodide / "pyodide.mjs").exists():
        raise BuildError(
            f"{pyodide} has no Pyodide: run scripts/build_pyodide.py first (make build does)"
        )
    cases: list[catalogue.Case | js_catalogue.JsCase]
    cases = [*catalogue.load(assembler), *js_catalogue.load(assembler)]
    differences = catalogue.load_differences(cases)
    site.mkdir(parents=True, exist_ok=True)
    _copy_tree(pyodide, site / "pyodide")
    _copy_trees((WEB / "static", HARNESS / "static"), site / "static")
    _copy_tree(WEB / "js_cases", site / "js_cases")
    for folder in ("python", "lowered", "common"):
        _copy_tree(POLYFILL / folder, site / "polyfill" / folder)
    for file in ("python.mjs", "implementation.mjs", "element.mjs"):
        _copy(POLYFILL / file, site / "polyfill" / file)
    _copy(HARNESS / "driver.py", site / "driver.py")
    for file in ("tools.py", "runs.py", "hand.py", "programs.py", "debugging.py"):
        _copy(WEB / "workbench" / file, site / "workbench" / file)
    for path in workbench.real_modules():
        _copy(path, site / "workbench" / path.name)
    try:
        workbench.build(site, environment())
    except workbench.BundleError as error:
        raise BuildError(f"the workbench's libraries cannot be bundled: {error}") from error
    data = {"cases": [case.to_json() for case in cases], "differences": differences}
    (site / "cases.json").write_text(json.dumps(data), "utf-8")
    groups = [
        (name, list(members)) for name, members in groupby(cases, key=lambda case: case.group)
    ]
    page = (
        environment()
        .get_template("page.html.j2")
        .render(groups=groups, total=len(cases), demos=demonstrations())
    )
    (site / "index.html").write_text(page, "utf-8")
    return len(cases)


def main(arguments: list[str] | None = None) -> int:
    """Command line of the builder."""
    parser = argparse.ArgumentParser(prog="python -m web.build", description=__doc__)
    parser.add_argument(
        "--site", type=Path, default=SITE, help="where to build (default build/site)"
    )
    parser.add_argument(
        "--pyodide", type=Path, default=PYODIDE, help="Pyodide distribution (default build/pyodide)"
    )
    options = parser.parse_args(arguments)
    try:
        count = build(options.site, options.pyodide)
    except (BuildError, catalogue.CatalogueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{options.site}: {count} cases")
    return 0


if __name__ == "__main__":
    sys.exit(main())
