"""Opcode numbers stand in the instruction table alone; only the binary format reads them there."""

from __future__ import annotations

import ast
import tokenize
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "pyjsapi"
TABLE = {*(PACKAGE / "syntax").glob("instructions*.py"), PACKAGE / "syntax" / "op.py"}
PREFIXES = {0xFB, 0xFC, 0xFD, 0xFE}


def _other_files() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path not in TABLE]


def _prefix_literals(path: Path) -> Iterator[str]:
    with tokenize.open(path) as handle:
        for token in tokenize.generate_tokens(handle.readline):
            written_as_byte = token.type == tokenize.NUMBER and token.string[:2] in ("0x", "0X")
            if written_as_byte and int(token.string, 16) in PREFIXES:
                yield f"{path.relative_to(PACKAGE)}:{token.start[0]}: {token.line.strip()}"


def test_prefix_bytes_are_written_in_the_table_only() -> None:
    assert [line for path in _other_files() for line in _prefix_literals(path)] == []


def test_only_the_binary_format_reads_opcodes() -> None:
    readers = {
        path.relative_to(PACKAGE).parts[0]
        for path in _other_files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "opcode"
    }
    assert readers <= {"binary"}


def test_every_instruction_has_an_opcode_of_its_own() -> None:
    from pyjsapi.syntax.instructions import OPS
    from pyjsapi.syntax.instructions_atomic import ORDERINGS

    codes = [(op.prefix, op.opcode) for op in OPS if op not in ORDERINGS]
    assert len(codes) == len(set(codes))
