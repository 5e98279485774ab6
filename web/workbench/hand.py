"""What somebody wrote in Python: imports, an object for each module; ``hand.mjs`` has those in JavaScript."""

from __future__ import annotations

import ast
import textwrap
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pyjsapi import WebAssembly


class ImportsError(Exception):
    """Imports that do not fit the module, or are no Python; the message is for who wrote them."""


_KINDS: Final[dict[str, tuple[str, Callable[[Any], bool]]]] = {
    "func": ("a function", callable),
    "memory": (
        "a WebAssembly.Memory",
        lambda value: isinstance(value, WebAssembly.Memory),
    ),
    "table": ("a WebAssembly.Table", lambda value: isinstance(value, WebAssembly.Table)),
    "tag": ("a WebAssembly.Tag", lambda value: isinstance(value, WebAssembly.Tag)),
    "global": (
        "a value or a WebAssembly.Global",
        lambda value: isinstance(value, WebAssembly.Global) or not callable(value),
    ),
}


def evaluate(text: str, scope: dict[str, Any], name: str) -> Any:
    """Execute a text; the value of its last statement, if that is an expression. Its file is ``name``."""
    tree = ast.parse(textwrap.dedent(text).strip("\n"), name)
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr):
        exec(compile(tree, name, "exec"), scope)
        return None
    tree.body.pop()
    exec(compile(tree, name, "exec"), scope)
    return eval(compile(ast.Expression(last.value), name, "eval"), scope)


def line_of(error: BaseException, name: str) -> int | None:
    """The line of a text where an error was raised, or where its grammar ends."""
    if isinstance(error, SyntaxError) and error.filename == name:
        return error.lineno
    lines = [
        line for frame, line in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_filename == name
    ]  # fmt: skip
    return lines[-1] if lines else None


def written_imports(
    texts: Mapping[str, str], scope: dict[str, Any], stubs: Sequence[Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    """The imports that texts stand for, by module. Raises `ImportsError` for what does not fit the module."""
    return {
        module: _object(module, text, scope, [stub for stub in stubs if stub["module"] == module])
        for module, text in texts.items()
        if text.strip()
    }


def _object(
    module: str, text: str, scope: dict[str, Any], known: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any]:
    where = f"imports of “{module}”"
    try:
        found = evaluate(text, scope, where)
    except Exception as error:
        line = line_of(error, where)
        place = "" if line is None else f"line {line}: "
        message = error.msg if isinstance(error, SyntaxError) else str(error)
        raise ImportsError(f"{where}: {place}{type(error).__name__}: {message}") from error
    if not isinstance(found, Mapping):
        wanted = 'a dict is wanted, as {"name": lambda value: 0}'
        raise ImportsError(f"{where}: {wanted}, not {type(found).__name__}")
    kinds = {stub["name"]: stub["kind"] for stub in known}
    for name, value in found.items():
        if name not in kinds:
            names = ", ".join(f"“{each}”" for each in kinds)
            raise ImportsError(
                f"{where}: the module imports no “{name}” from it; it imports {names}"
            )
        what, fits = _KINDS[kinds[name]]
        if not fits(value):
            raise ImportsError(f"{where}: “{name}” must be {what}, and is {type(value).__name__}")
    return found
