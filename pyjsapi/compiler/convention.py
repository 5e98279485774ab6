"""Calling conventions: how a function of generated code hands over its results.

Most functions are *direct*: Python's return value is ``None``, the result, or a tuple of the results. So are host
functions, and the wrapper that every function shows to the world.

A function that tail-calls others *hands on*: beside its wrapper it has a body, which returns a pair. That is ``(None,
results)``, or ``(callee, arguments)`` for a call that is still to be made. The wrapper makes such calls one after the
other, so that the stack does not grow.

Whether a call can be pending is a property of the callee, and of nothing else: who has a body hands on. No value is
ever looked at to find out, so a host may pass whatever it likes as a reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

BODY_ATTRIBUTE: Final = "wasm_body"
"""Attribute of the wrapper of a function that hands on: its body."""


def returning(results: Sequence[str], hands_on: bool) -> str:
    """The statement that returns results, each given as an expression."""
    if not results:
        return "return None,None" if hands_on else "return"
    if not hands_on:
        return f"return {', '.join(results)}"
    return (
        f"return None,{results[0]}" if len(results) == 1 else f"return None,({','.join(results)})"
    )


def handing_on(callee: str, arguments: Sequence[str]) -> str:
    """The statement by which a body hands on a call."""
    return f"return {callee},({''.join(f'{argument},' for argument in arguments)})"


def wrapper(funcidx: int, parameters: int, shared: str | None = None) -> list[str]:
    """The source of the wrapper of a function that hands on; ``B`` has the bodies by function index.

    ``shared`` is a variable that all functions share, where there is one: code that is exchanged has to agree in that.
    """
    names = ",".join(f"l{i}" for i in range(parameters))
    return [
        f"def f{funcidx}({names}):",
        *([] if shared is None else [f" nonlocal {shared}"]),
        f" f,a=B[{funcidx}]({names})",
        " while f is not None:",
        f"  b=getattr(f,{BODY_ATTRIBUTE!r},None)",
        "  if b is None: return f(*a)",
        "  f,a=b(*a)",
        " return a",
    ]
