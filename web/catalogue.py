"""Reads the comparison cases, checks them, and assembles their modules to bytes for both sides.

``python -m web.catalogue`` checks every case and prints a table of them. The format is described in
``web/cases/README.md``.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pyjsapi.comparison.values import plain_number

Json = Any
Assembler = Callable[[str], bytes]

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "web" / "cases"
REAL_MANIFEST = ROOT / "build" / "real" / "manifest.json"
DIFFERENCES = ROOT / "web" / "browser_differences.json"

OPERATIONS = {
    "new": {"args"},
    "call": {"args"},
    "get": set(),
    "set": {"to"},
    "instance": {"imports"},
    "module": set(),
    "validate": set(),
    "read": {"view", "at", "count"},
    "write": {"view", "at", "values"},
    "same": set(),
    "keys": set(),
    "host": {"params", "returns", "throws", "steps"},
    "response": {"content_type", "status"},
}
COMMON_KEYS = {"as", "await", "type", "pick", "quiet", "expect", "error", "compare_message"}
REQUIRED = {"set": {"to"}, "read": {"view", "count"}, "write": {"view", "values"}}
_LITERAL_PATTERNS: dict[str, Json] = {
    "$undefined": {"undefined": True},
    "$null": None,
    "$NaN": {"number": "NaN"},
    "$Infinity": {"number": "Infinity"},
    "$-Infinity": {"number": "-Infinity"},
    "$-0": {"number": "-0"},
}


class CatalogueError(Exception):
    """A case is not written as ``web/cases/README.md`` says."""


@dataclass(frozen=True)
class Case:
    """A checked case: ``modules`` are bytes, values are JSON, ``expect`` is in the form of a transcript."""

    id: str
    title: str
    group: str
    covers: tuple[str, ...]
    modules: Mapping[str, bytes]
    sources: Mapping[str, str]
    steps: tuple[Mapping[str, Json], ...]

    def to_json(self) -> dict[str, Json]:
        """The case as the drivers read it; bytes are base64."""
        return {
            "id": self.id,
            "title": self.title,
            "group": self.group,
            "covers": list(self.covers),
            "modules": {k: base64.b64encode(v).decode() for k, v in self.modules.items()},
            "sources": dict(self.sources),
            "steps": list(self.steps),
        }


def assemble(text: str) -> bytes:
    """Assembles a module of the text format with pyjsapi's own parser."""
    from pyjsapi.text import wat2wasm

    binary: bytes = wat2wasm(text)
    return binary


def plain(value: Json) -> Json:
    """``value`` with the numbers that JSON lacks written as ``"$NaN"`` and so on."""
    if isinstance(value, float):
        return plain_number(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def expected_pattern(value: Json) -> Json:
    """An ``expect`` value in the form of a transcript."""
    if isinstance(value, str) and value.startswith("$"):
        if value in _LITERAL_PATTERNS:
            return _LITERAL_PATTERNS[value]
        if re.fullmatch(r"\$-?\d+n", value):
            return {"bigint": value[1:-1]}
        if value.startswith("$$"):
            return value[1:]
        raise CatalogueError(f"expect {value!r}: only literals may be expected")
    if isinstance(value, list):
        return [expected_pattern(item) for item in value]
    if isinstance(value, dict):
        return {key: expected_pattern(item) for key, item in value.items()}
    return value


def check_step(step: Mapping[str, Json]) -> dict[str, Json]:
    """Checks a step and returns it in its built form; raises CatalogueError."""
    operations = [key for key in OPERATIONS if key in step]
    if len(operations) != 1:
        raise CatalogueError(f"a step has exactly one of {', '.join(OPERATIONS)}: {dict(step)}")
    (operation,) = operations
    extra = step.keys() - OPERATIONS[operation] - COMMON_KEYS - {operation}
    if extra:
        raise CatalogueError(f"unknown key {', '.join(sorted(extra))} in {dict(step)}")
    missing = REQUIRED.get(operation, set()) - step.keys()
    if missing:
        raise CatalogueError(f"missing key {', '.join(sorted(missing))} in {dict(step)}")
    if "expect" in step and "error" in step:
        raise CatalogueError(f"a step expects a value or an error, not both: {dict(step)}")
    built: dict[str, Json] = plain(dict(step))
    if "expect" in built:
        built["expect"] = expected_pattern(built["expect"])
    if "steps" in built:
        built["steps"] = [check_step(inner) for inner in built["steps"]]
    return built


def hex_bytes(text: str) -> bytes:
    """Bytes from hexadecimal text.

    ``; …`` is a comment to the end of the line, ``"…"`` are ASCII characters, and ``[ … ]`` stands
    for the length of the bytes inside (LEB128) and then these bytes, as in sections and bodies.
    """
    open_blocks = [bytearray()]
    for token in re.findall(r'"[^"]*"|\[|\]|[^\s\[\]"]+', re.sub(r";.*", "", text)):
        if token == "[":
            open_blocks.append(bytearray())
        elif token == "]":
            block = open_blocks.pop()
            if not open_blocks:
                raise CatalogueError("a ']' without '['")
            size = len(block)
            while size > 0x7F:
                open_blocks[-1].append(size & 0x7F | 0x80)
                size >>= 7
            open_blocks[-1].append(size)
            open_blocks[-1] += block
        elif token.startswith('"'):
            open_blocks[-1] += token[1:-1].encode("ascii")
        else:
            open_blocks[-1] += bytes.fromhex(token)
    if len(open_blocks) != 1:
        raise CatalogueError("a '[' without ']'")
    return bytes(open_blocks[0])


def module_bytes(source: Json, folder: Path, assembler: Assembler) -> bytes:
    """The bytes of a module: assembled text, hexadecimal text or a file; raises CatalogueError."""
    if isinstance(source, str):
        return assembler(source)
    if "hex" in source:
        return hex_bytes(source["hex"])
    if "file" in source:
        return Path(folder, source["file"]).read_bytes()
    raise CatalogueError("a module is WAT text, {hex = …} or {file = …}")


def module_source(source: Json) -> str:
    """The text of a module, as the page shows it."""
    return str(source if isinstance(source, str) else source.get("hex", source.get("file")))


def check_case(
    case: Mapping[str, Json], *, folder: Path, group: str, assembler: Assembler = assemble
) -> Case:
    """Checks one case and assembles its modules; raises CatalogueError naming the case."""
    name = case.get("id", "?")
    try:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
            raise CatalogueError("the id must be lower-case words joined by '-'")
        sources: Mapping[str, Json] = case.get("modules", {})
        return Case(
            id=name,
            title=case["title"],
            group=case.get("group", group),
            covers=tuple(case["covers"]),
            modules={k: module_bytes(v, folder, assembler) for k, v in sources.items()},
            sources={k: module_source(v) for k, v in sources.items()},
            steps=tuple(check_step(step) for step in case["steps"]),
        )
    except (KeyError, CatalogueError, OSError) as error:
        raise CatalogueError(f"case {name}: {error!s}") from error


def _read(path: Path) -> dict[str, Json]:
    if path.suffix == ".json":
        data: dict[str, Json] = json.loads(path.read_text("utf-8"))
        return {"group": "Real modules", "case": data["cases"]}
    return tomllib.loads(path.read_text("utf-8"))


def case_files() -> list[Path]:
    """The files of cases in order of name, then the manifest of real modules if it was built."""
    return [*sorted(CASES.glob("*.toml")), *([REAL_MANIFEST] if REAL_MANIFEST.exists() else [])]


def load(assembler: Assembler = assemble) -> list[Case]:
    """All cases, in the order in which the page shows them; raises CatalogueError."""
    cases: dict[str, Case] = {}
    for path in case_files():
        data = _read(path)
        for item in data["case"]:
            case = check_case(item, folder=path.parent, group=data["group"], assembler=assembler)
            if case.id in cases:
                raise CatalogueError(f"case {case.id} is there twice")
            cases[case.id] = case
    return list(cases.values())


class HasId(Protocol):
    """A case of either kind, as far as the list of differences names it."""

    @property
    def id(self) -> str: ...


def load_differences(cases: Sequence[HasId]) -> list[dict[str, Json]]:
    """The known differences between browsers; raises CatalogueError when one names no case."""
    entries: list[dict[str, Json]] = json.loads(DIFFERENCES.read_text("utf-8"))["differences"]
    ids = {case.id for case in cases}
    for entry in entries:
        if entry["case"] not in ids:
            raise CatalogueError(f"browser_differences.json: no case {entry['case']}")
        for key in ("path", "native", "pyjsapi", "reason", "source"):
            if key not in entry:
                raise CatalogueError(f"browser_differences.json: {entry['case']} lacks {key}")
    return entries


def _table(cases: list[Case]) -> Iterator[str]:
    group = ""
    for case in cases:
        if case.group != group:
            group = case.group
            yield f"\n{group}"
        yield f"  {case.id:34} {len(case.steps):3} steps  {', '.join(case.covers)}"
    yield f"\n{len(cases)} cases, {sum(len(case.steps) for case in cases)} steps"


def main() -> int:
    """Checks the catalogue; prints it or what is wrong with it."""
    from web import js_catalogue

    try:
        cases = load()
        load_differences([*cases, *js_catalogue.load()])
    except CatalogueError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(_table(cases)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
