"""Nothing in the compiler is decided by what the text of an operand or a line looks like."""

from __future__ import annotations

import ast
from collections.abc import Set
from pathlib import Path
from typing import Final

import pytest

FOLDER: Final = Path(__file__).parents[2] / "pyjsapi" / "compiler"
METHODS: Final = frozenset(
    """startswith endswith replace strip lstrip rstrip removeprefix removesuffix isidentifier isdigit isdecimal
    isnumeric isalpha isalnum isspace split rsplit splitlines partition rpartition find rfind rindex translate
    casefold lower upper match fullmatch search sub subn findall finditer""".split()
)
"""Methods of strings, and of patterns, that look at a text."""
NAMES_OF_INSTRUCTIONS: Final = ("mnemonic", "family")
"""Attributes of rows of the instruction table: of their names something may be asked."""
ELSEWHERE: Final = (
    "cache",
    "cache_file",
    "environment",
    "support.traps",
    "emit.registry",
    "module",
    "source_map",
)
"""Modules that write no code."""
FACTORIES: Final = {
    "control.induction": {"name.startswith"},
    "emit.simd_memory": {"match[1].split"},
    "function": {"code.replace"},
    "extents": {"self.extent.value.upper"},
    "emit.atomic": {"op.family.removesuffix('_u').split", "part.rstrip"},
    "support.simd": {"key.replace"},
    "support.simd_bytes": {"lanes.translate", "positions.translate"},
    "support.simd_integer": {
        "a.to_bytes(16, 'little').translate", "a.to_bytes(16, 'big')[::step].translate",
    },
    "support.simd_products": {"source.upper", "target.upper"},
}  # fmt: skip
"""Uses whose text is a name of an instruction, a format, or the bytes of a vector; and one of a code object."""


def _is_name_of_instruction(node: ast.expr) -> bool:
    """Whether an expression is the name of an instruction, or a list of words written out."""
    if isinstance(node, ast.Constant):
        return True
    return isinstance(node, ast.Attribute) and node.attr in NAMES_OF_INSTRUCTIONS


def _is_text(node: ast.AST) -> bool:
    """Whether an expression is the text of an entry, or one of the lines written."""
    if isinstance(node, ast.Subscript):
        return _is_text(node.value)
    return isinstance(node, ast.Attribute) and node.attr in ("text", "lines")


def _decisions(source: str, allowed: Set[str] = frozenset()) -> list[str]:
    tree = ast.parse(source)
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=receiver, attr=method)) if method in METHODS:
                known = _is_name_of_instruction(receiver) or (
                    method in ("match", "fullmatch", "search")
                    and _is_name_of_instruction(node.args[0])
                )
                if not known and ast.unparse(node.func) not in allowed:
                    found.append(ast.unparse(node))
            case ast.Compare(left=left, ops=ops, comparators=others):
                membership = any(isinstance(op, (ast.In, ast.NotIn)) for op in ops)
                parts = [part for side in (left, *others) for part in ast.walk(side)]
                if membership and any(map(_is_text, parts)):
                    found.append(ast.unparse(node))
            case ast.Subscript(value=ast.Attribute(attr="text")):
                found.append(ast.unparse(node))
    return found


def _name(path: Path) -> str:
    """The module's name in the compiler."""
    return ".".join(path.relative_to(FOLDER).with_suffix("").parts)


WRITERS: Final = [
    path
    for room in (".", "emit", "control", "support")
    for path in sorted((FOLDER / room).glob("*.py"))
    if _name(path) not in ELSEWHERE
]


@pytest.mark.parametrize("path", WRITERS, ids=_name)
def test_no_decision_by_text(path: Path) -> None:
    assert _decisions(path.read_text(encoding="utf-8"), FACTORIES.get(_name(path), set())) == []


@pytest.mark.parametrize(
    "line",
    [
        'text.replace("==", " is ")',
        'text.startswith("not ")',
        'self.lines[-1].endswith(":")',
        '"None" in (left.text, right.text)',
        'b.text not in ("0.0", "-0.0")',
        'value.text[0] == "-"',
        "name.isidentifier()",
        "value.text.isdigit()",
        'any(line.lstrip() == "break" for line in lines)',
        'pattern.fullmatch(line)',
    ],
)  # fmt: skip
def test_decisions_are_found(line: str) -> None:
    assert len(_decisions(line)) >= 1
