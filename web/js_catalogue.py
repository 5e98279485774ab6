"""Reads the JavaScript cases, checks them, and assembles their modules.

``python -m web.js_catalogue`` checks every case and prints a table of them. A case is a function of
``WebAssembly``; the format is described in ``web/js_cases/README.md``. Node lists the cases, because
only a JavaScript engine can read them.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from web import catalogue
from web.catalogue import Assembler, CatalogueError

Json = Any

JS_CASES = catalogue.ROOT / "web" / "js_cases"


@dataclass(frozen=True)
class JsCase:
    """A checked JavaScript case: ``steps`` are the observations that it expects, ``code`` its function."""

    id: str
    title: str
    group: str
    covers: tuple[str, ...]
    needs: tuple[str, ...]
    file: str
    modules: Mapping[str, bytes]
    sources: Mapping[str, str]
    steps: tuple[Mapping[str, Json], ...]
    code: str

    def to_json(self) -> dict[str, Json]:
        """The case as the page reads it; bytes are base64."""
        return {
            "id": self.id,
            "title": self.title,
            "group": self.group,
            "covers": list(self.covers),
            "needs": list(self.needs),
            "file": self.file,
            "modules": {k: base64.b64encode(v).decode() for k, v in self.modules.items()},
            "sources": dict(self.sources),
            "steps": list(self.steps),
            "code": self.code,
        }


def listed() -> list[dict[str, Json]]:
    """The cases as Node lists them; raises CatalogueError when Node is missing or a file is wrong."""
    node = shutil.which("node")
    if node is None:
        raise CatalogueError("the JavaScript cases need Node: install nodejs 20 or newer")
    done = subprocess.run(
        [node, str(JS_CASES / "list.mjs")], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CatalogueError(f"the JavaScript cases cannot be read: {done.stderr.strip()}")
    cases: list[dict[str, Json]] = json.loads(done.stdout)
    return cases


def check_case(case: Mapping[str, Json], assembler: Assembler = catalogue.assemble) -> JsCase:
    """Checks one case and assembles its modules; raises CatalogueError naming the case."""
    name = case.get("id", "?")
    try:
        if not re.fullmatch(r"js-[a-z0-9]+(-[a-z0-9]+)*", name):
            raise CatalogueError("the id must be lower-case words joined by '-', the first one js")
        if not case["steps"]:
            raise CatalogueError("expect names nothing")
        sources: Mapping[str, Json] = case["modules"]
        return JsCase(
            id=name,
            title=case["title"],
            group=case["group"],
            covers=tuple(case["covers"]),
            needs=tuple(case["needs"]),
            file=case["file"],
            modules={k: catalogue.module_bytes(v, JS_CASES, assembler) for k, v in sources.items()},
            sources={k: catalogue.module_source(v) for k, v in sources.items()},
            steps=tuple(case["steps"]),
            code=case["source"],
        )
    except (KeyError, CatalogueError, OSError) as error:
        raise CatalogueError(f"case {name}: {error!s}") from error


def load(assembler: Assembler = catalogue.assemble) -> list[JsCase]:
    """All JavaScript cases in the order in which the page shows them; raises CatalogueError."""
    cases: dict[str, JsCase] = {}
    assemble = cache(assembler)
    for item in listed():
        case = check_case(item, assemble)
        if case.id in cases:
            raise CatalogueError(f"case {case.id} is there twice")
        cases[case.id] = case
    return list(cases.values())


def _table(cases: list[JsCase]) -> Iterator[str]:
    group = ""
    for case in cases:
        if case.group != group:
            group = case.group
            yield f"\n{group}"
        yield f"  {case.id:38} {len(case.steps):3} values  {', '.join(case.covers)}"
    yield f"\n{len(cases)} cases, {sum(len(case.steps) for case in cases)} values"


def main() -> int:
    """Checks the cases; prints them or what is wrong with them."""
    try:
        cases = load()
    except CatalogueError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(_table(cases)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
