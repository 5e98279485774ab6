"""Every call that the body reaches is in exactly one statement that the Python reaches, and no other call is.

A call that gives a value may be part of any statement, so walking the graphs does not meet it.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Sequence
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
    found = Counter()
    for lines in statements:
        found += _executed(lines)
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


def _executed(lines: Sequence[str]) -> Counter[str]:
    """The calls of a statement; of those in two arms of which one runs, the one is counted."""
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
    return _calls(tree)


def _calls(node: ast.AST) -> Counter[str]:
    if isinstance(node, ast.IfExp):
        return _calls(node.test) + (_calls(node.body) | _calls(node.orelse))
    if isinstance(node, ast.If):
        first, other = (sum(map(_calls, arm), Counter()) for arm in (node.body, node.orelse))
        return _calls(node.test) + (first | other)
    found: Counter[str] = Counter()
    for child in ast.iter_child_nodes(node):
        found += _calls(child)
    called = node.func if isinstance(node, ast.Call) else None
    if isinstance(called, ast.Attribute) and called.attr == "call":
        found[".call("] += 1
    elif isinstance(called, ast.Name) and CALLING.match(f"{called.id}("):
        found[f"{called.id}("] += 1
    elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        if CALLING.match(f"{node.value.id}["):
            found[f"{node.value.id}["] += 1
    return found
