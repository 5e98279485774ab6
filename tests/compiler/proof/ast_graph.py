"""The control graph of Python read from its syntax tree: a second way to `proof.graph`, to compare it with."""

from __future__ import annotations

import ast
from collections.abc import Sequence

Edges = dict[int, tuple[int, int]]
"""For each line with a statement: the line that control goes on to, and the other one where it decides. -1 for none."""

OUT = 0
"""In place of a line: the function's end."""


class _Reader:
    def __init__(self) -> None:
        self.edges: Edges = {}
        self.waiting: list[tuple[int, ast.stmt]] = []

    def suite(self, body: Sequence[ast.stmt], follows: int, brk: int, cont: int) -> int:
        """The line where a suite begins that is followed by a line."""
        for statement in reversed(body):
            follows = self.statement(statement, follows, brk, cont)
        return follows

    def statement(self, statement: ast.stmt, follows: int, brk: int, cont: int) -> int:
        line = statement.lineno
        match statement:
            case ast.Pass():
                return follows
            case ast.Break():
                return brk
            case ast.Continue():
                return cont
            case ast.Return() | ast.Raise():
                self.edges[line] = (-1, -1)
            case ast.While():
                # A loop has a node of its own: what is in it may lead back to it.
                inner = self.suite(statement.body, line, follows, line)
                self.edges[line] = (inner, -1)
            case ast.For():
                test = -line - 1
                inner = self.suite(statement.body, test, follows, test)
                other = self.suite(statement.orelse, follows, brk, cont)
                self.edges[line] = (inner, -1)
                self.edges[test] = (inner, other)
            case ast.If() if statement.body[0].lineno == line:
                self.edges[line] = (follows, -1)
                for arm in statement.orelse:
                    # `else` on a line of its own is read as one more statement.
                    self.edges[line] = (arm.lineno, -1)
                    self.edges[arm.lineno] = (follows, -1)
            case ast.If():
                inner = self.suite(statement.body, follows, brk, cont)
                other = self.suite(statement.orelse, follows, brk, cont)
                self.edges[line] = (inner, other)
            case ast.Try():
                self.suite(statement.handlers[0].body, follows, brk, cont)
                return self.suite(statement.body, follows, brk, cont)
            case ast.Expr(ast.Call(ast.Name("unreachable"))):
                self.edges[line] = (-1, -1)
            case _:
                self.edges[line] = (follows, -1)
        return line


def read(lines: Sequence[str]) -> tuple[int, Edges]:
    """The line where a function begins, and its edges."""
    function = ast.parse("\n".join(lines)).body[0]
    assert isinstance(function, ast.FunctionDef)
    reader = _Reader()
    start = reader.suite(function.body, OUT, -1, -1)
    return start, reader.edges
