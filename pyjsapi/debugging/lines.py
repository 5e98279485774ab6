"""Compiled code that bears the lines of the module's text, for `pdb`, IDEs, profilers and tracebacks."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from types import CodeType
from typing import Any, Final

from pyjsapi.compiler.code import FunctionCode
from pyjsapi.compiler.control.metering import SHARED
from pyjsapi.compiler.environment import Environment
from pyjsapi.compiler.source_map import SourceMap
from pyjsapi.debugging.errors import DebugError
from pyjsapi.runtime.function import bear_lines_of
from pyjsapi.runtime.instance import ModuleInstance
from pyjsapi.syntax.errors import ParseError
from pyjsapi.text.positions import Positions
from pyjsapi.text.printer import print_with_lines

_LineOf = Callable[[int, int], "int | None"]
"""From a function and an instruction to a line."""
_AROUND: Final = 3
"""Lines before a function that shares a variable."""


def show_lines(instance: Any, path: str | PathLike[str]) -> None:
    """Let the functions of an instance bear the lines of a text: Python's tools take it for their source.

    A breakpoint of `pdb` or an IDE at a line of the text stops in the function's frame, whose variables are those of
    generated code (``l0`` is local 0, unless it is kept in another form); tracebacks of exceptions of the host show the
    lines that they passed. Code runs as fast as before. It is not kept in the cache.

    ``path`` is the file that the module was made from, or one that is not there: then the module is written to it as
    `wasm2wat` prints it. Raises `DebugError` for a file with another text, and `OSError`.
    """
    core = getattr(instance, "_instance", instance)
    if not isinstance(core, ModuleInstance):
        raise DebugError("only instances of the Python engine have lines to show")
    environment = next(
        (
            f.owner
            for f in core.funcs
            if isinstance(f.owner, Environment) and f.owner.instance is core
        ),
        None,
    )
    if environment is None:
        raise DebugError("the instance has no functions of its own")
    file = Path(path).absolute()
    line_of = _lines_of(environment, file)
    name = os.fspath(file)
    bear_lines_of(name)

    def resolve(index: int) -> Callable[..., Any]:
        return environment.install(index, _with_lines(environment, index, name, line_of))

    environment.divert(resolve)


def _lines_of(environment: Environment, file: Path) -> _LineOf:
    data = environment.compiled.data
    positions = _positions(file, data) if file.exists() else None
    if positions is None:
        return _printed_lines(file, data)

    def line(function: int, instruction: int) -> int | None:
        offset = environment.variant.offset_of(function, instruction)
        place = None if offset is None else positions.instruction(offset)
        return None if place is None else place.line

    return line


def _printed_lines(file: Path, data: bytes) -> _LineOf:
    """The lines of the module as it is printed, which the file gets unless it has that already."""
    printed = print_with_lines(data)
    if not file.exists():
        file.write_text(printed.text, "utf-8")
    elif file.read_text("utf-8", "replace") != printed.text:
        raise DebugError(f"{file} is there, and not the text that the module was made from")
    return lambda function, instruction: printed.lines[function][instruction]


def _positions(file: Path, data: bytes) -> Positions | None:
    """Where things stand in a file, if the module was made from it."""
    text = file.read_text("utf-8", "replace")
    for names in (True, False):
        try:
            return Positions(text, data, names=names)
        except (ParseError, ValueError):
            continue
    return None


def _with_lines(
    environment: Environment, index: int, filename: str, line_of: _LineOf
) -> FunctionCode:
    """The code of a function, with the lines of its text."""
    variant = environment.variant
    plain = variant.function(index)
    source = variant.source(index)
    metered = bool(variant.scope.metering)
    if metered:
        source = "\n ".join(
            ["def around():", f"global f{index}", f"{SHARED}=0.0", *source.split("\n")]
        )
    tree = ast.parse(source)
    places = _Places(variant.source_map(index), _AROUND * metered, lambda i: line_of(index, i))
    places.move(tree)
    module = compile(tree, filename, "exec", dont_inherit=True, optimize=0)
    code = _named(module, f"f{index}")
    if metered:
        code = code.replace(co_qualname=code.co_name)
    environment.compiled.lined[code] = places.instructions
    if plain.body is None:
        return FunctionCode(code, None, plain.signatures, plain.accessors)
    return FunctionCode(plain.code, code, plain.signatures, plain.accessors)


def _named(module: CodeType, name: str) -> CodeType:
    for constant in module.co_consts:
        if isinstance(constant, CodeType):
            return constant if constant.co_name == name else _named(constant, name)
    raise DebugError("the function has no code")


class _Places:
    """Moves the nodes of a tree to lines of a text."""

    def __init__(self, source_map: SourceMap, before: int, line_of: Callable[[int], int | None]):
        self._map = source_map
        self._before = before
        self._line_of = line_of
        self._lines: dict[int, int | None] = {}
        self._last = self._line(0) or 1
        self.instructions: dict[tuple[int | None, ...], int] = {}
        """For each position of the code the instruction that it is for."""

    def move(self, tree: ast.Module) -> None:
        """Give each node the line of its instruction; one that is for none has that of the statement before."""
        for statement in tree.body:
            self._move_statement(statement)

    def _move_statement(self, statement: ast.stmt) -> None:
        inner = [
            each
            for field in ("body", "orelse", "handlers", "finalbody")
            for each in getattr(statement, field, ())
            if isinstance(each, ast.stmt | ast.ExceptHandler)
        ]
        self._last = self._place(statement, self._last)
        pending: list[ast.AST] = list(ast.iter_child_nodes(statement))
        while pending:
            node = pending.pop()
            if node not in inner:
                if isinstance(node, ast.expr):
                    self._place(node, self._last)
                pending += ast.iter_child_nodes(node)
        for each in inner:
            self._move_inner(each)

    def _move_inner(self, node: ast.stmt | ast.ExceptHandler) -> None:
        if isinstance(node, ast.stmt):
            self._move_statement(node)
            return
        self._place(node, self._last)
        for statement in node.body:
            self._move_statement(statement)

    def _place(self, node: ast.stmt | ast.expr | ast.ExceptHandler, otherwise: int) -> int:
        line, column, end = node.lineno - self._before, node.col_offset, node.end_col_offset or 0
        if node.end_lineno != node.lineno:
            end = column
        instruction = self._map.instruction(line, column, end)
        found = None if instruction is None else self._line(instruction)
        placed = otherwise if found is None else found
        node.lineno = node.end_lineno = placed
        node.end_col_offset = end
        if instruction is not None:
            self.instructions[placed, column, end] = instruction
        return placed

    def _line(self, instruction: int) -> int | None:
        if instruction not in self._lines:
            self._lines[instruction] = self._line_of(instruction)
        return self._lines[instruction]
