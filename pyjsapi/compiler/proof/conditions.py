"""Whether one condition is the opposite of another: what an ``if`` tests may be the one or the other."""

from __future__ import annotations

import ast
from typing import Final

from pyjsapi.compiler.notes import Condition

_OPPOSITES: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
"""Comparisons whose opposite is another one, whatever is compared. That of ``<`` is not ``>=`` where a NaN is."""


def are_opposites(condition: Condition) -> bool:
    """Whether exactly one of the two expressions is true."""
    if condition.fails == f"not {condition.holds}" and " " not in condition.holds:
        return True  # No operator is weaker than ``not`` that has no blanks around it.
    return _negates(condition.fails, condition.holds) or _negates(condition.holds, condition.fails)


def _negates(text: str, other: str) -> bool:
    """Whether a text is ``not`` of the other, or compares the same with the opposite operator."""
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError:
        return False
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
        return _source(text, tree.operand) in (other, _bare(other))
    if isinstance(tree, ast.Compare) and len(tree.ops) == 1:
        opposite = _OPPOSITES.get(type(tree.ops[0]))
        if opposite is None:
            return False
        compared = ast.parse(other, mode="eval").body
        if not isinstance(compared, ast.Compare) or len(compared.ops) != 1:
            return False
        return (
            isinstance(compared.ops[0], opposite)
            and _source(text, tree.left) == _source(other, compared.left)
            and _source(text, tree.comparators[0]) == _source(other, compared.comparators[0])
        )
    return False


def _bare(text: str) -> str:
    """An expression without parentheses around it."""
    return _source(text, ast.parse(text, mode="eval").body)


def _source(text: str, node: ast.expr) -> str:
    """The text of an expression, without parentheses around it. Generated code is ASCII on one line."""
    return text[node.col_offset : node.end_col_offset]
