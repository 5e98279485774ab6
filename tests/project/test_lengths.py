"""Functions have at most 50 lines and files 600, but for the walls that are named here with their reasons.

Texts are not counted in a function: what a text of many lines holds is not Python.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
CODE: Final = ("pyjsapi", "scripts", "web", "real", "benchmarks", "fuzz")
TESTS: Final = ("tests", "playwright")
FUNCTION: Final = 50
FILE: Final = 600

HOT: Final = (
    "a loop over every instruction of a module, which a call for each of its steps would slow down"
)
WALLS: Final = {
    "pyjsapi/binary/code.py:_decode_instrs": HOT,
    "pyjsapi/binary/scan.py:scan": HOT,
    "pyjsapi/compiler/control/tree.py:build_tree": HOT,
    "pyjsapi/text/instructions.py:_sequence": HOT,
    "pyjsapi/validation/function.py:_run": HOT,
}
LONG_FILES: Final = {
    "pyjsapi/compiler/frame.py": "one class: the state of a function that all emitters write to",
}


def files(*folders: str) -> Iterator[tuple[str, str]]:
    """The path and the text of every Python file that somebody wrote."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "node_modules" not in path.parts and not path.stem.endswith("_gen"):
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many lines a function has, from 51 on without those inside of texts."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if lines <= FUNCTION:
        return lines
    inside: set[int] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.JoinedStr) or (
            isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))
        ):
            inside.update(range(node.lineno + 1, (node.end_lineno or node.lineno) + 1))
    return lines - len(inside)


def long_functions(name: str, text: str) -> dict[str, int]:
    """The functions of a file that are too long, with their lines."""
    return {
        f"{name}:{node.name}": lines
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (lines := lines_of(node)) > FUNCTION
    }


def test_no_function_is_long_but_the_walls() -> None:
    found: dict[str, int] = {}
    for name, text in files(*CODE):
        found |= long_functions(name, text)
    assert found.keys() == WALLS.keys(), found


def test_no_file_is_long_but_those_that_are_named() -> None:
    found = {name: text.count("\n") for name, text in files(*CODE, *TESTS)}
    assert len(found) > 300
    long = {name: lines for name, lines in found.items() if lines > FILE}
    assert long.keys() == LONG_FILES.keys(), long


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("    pass\n" * 49, None),
        ("    pass\n" * 50, 51),
        ('    """' + "\n" * 60 + '    """\n' + "    pass\n" * 48, None),
        ('    x = f"""' + "\n" * 60 + '    {1}"""\n' + "    pass\n" * 50, 52),
        ("    async def g():\n" + "        pass\n" * 50, 52),
    ],
)
def test_lengths_are_found(body: str, lines: int | None) -> None:
    found = long_functions("a.py", "def f():\n" + body)
    assert found.get("a.py:f") == lines
