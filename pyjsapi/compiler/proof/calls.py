"""Every call that the body reaches is in exactly one statement that the Python reaches, and no other call is.

A call that gives a value may be part of any statement, so walking the graphs does not meet it.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final

from pyjsapi.compiler.proof.report import Differs
from pyjsapi.compiler.scope import ModuleScope
from pyjsapi.syntax.module import Instr

CALLING: Final = re.compile(r"f(?<!\wf)\d+\(|t(?<!\wt)\d+_\d+\[|\.call\(")
"""Calls in generated code: of a function of the module, through a table, of a reference."""


def check_calls(
    called: Iterable[Instr], statements: Sequence[Sequence[str]], scope: ModuleScope
) -> None:
    """Compare call instructions with the calls in statements, each given as the lines that it consists of."""
    wanted = Counter(_written(instr, scope) for instr in called)
    found = Counter(CALLING.findall("\n".join(line for lines in statements for line in lines)))
    if found == wanted:
        return
    for by_text in (True, False):
        found = Counter()
        for lines in statements:
            found += _executed(lines, by_text)
        if found == wanted:
            return
    missing = [f"{name}…) is missing" for name in (wanted - found)]
    raise Differs(
        ", ".join([*missing, *(f"{name}…) is once too often" for name in found - wanted)])
    )


def _written(instr: Instr, scope: ModuleScope) -> str:
    """How generated code writes a call."""
    name = instr[0].mnemonic.removeprefix("return_")
    if name == "call":
        return f"f{instr[1]}("
    if name == "call_ref":
        return ".call("
    return f"t{instr[2]}_{scope.signatures[instr[1]]}["


def _executed(lines: Sequence[str], by_text: bool) -> Counter[str]:
    """The calls of a statement; one that both of two arms have is counted once, or only if its text is the same."""
    found = Counter(CALLING.findall("\n".join(lines)))
    if all(count == 1 for count in found.values()):
        return found
    text = "\n".join(lines)
    if text.endswith(":"):
        text += " pass"
    try:
        tree = ast.parse(text.removeprefix("return "))
    except SyntaxError:
        return found
    counted: Counter[str] = Counter()
    for (name, _), count in _calls(tree, by_text).items():
        counted[name] += count
    return counted


def _calls(node: ast.AST, by_text: bool) -> Counter[tuple[str, str]]:
    """The calls in a piece of code, by what is called and their text, where that matters."""
    if isinstance(node, ast.IfExp):
        arms = [_calls(arm, by_text) for arm in (node.body, node.orelse)]
        return _calls(node.test, by_text) + (arms[0] | arms[1])
    if isinstance(node, ast.If):
        arms = [_all_calls(arm, by_text) for arm in (node.body, node.orelse)]
        return _calls(node.test, by_text) + (arms[0] | arms[1])
    parts: Iterable[ast.AST]
    if isinstance(node, ast.Call):
        name = _called(node.func)
        inner = ast.iter_child_nodes(node.func)
        parts = chain(() if isinstance(node.func, ast.Name) else inner, node.args)
    else:
        name = _called(node) if isinstance(node, ast.Subscript) else None  # it is handed on
        parts = ast.iter_child_nodes(node)
    found = _all_calls(parts, by_text)
    if name is not None:
        found[name, ast.dump(node) if by_text else ""] += 1
    return found


def _all_calls(nodes: Iterable[ast.AST], by_text: bool) -> Counter[tuple[str, str]]:
    return sum((_calls(node, by_text) for node in nodes), Counter())


def _called(node: ast.AST) -> str | None:
    """What code calls, of what `CALLING` finds: a function, a reference, or an entry of a table."""
    if isinstance(node, ast.Attribute) and node.attr == "call":
        return ".call("
    if isinstance(node, ast.Name) and CALLING.match(f"{node.id}("):
        return f"{node.id}("
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        return f"{node.value.id}[" if CALLING.match(f"{node.value.id}[") else None
    return None
