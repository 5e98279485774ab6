"""Why an instance of the engine ``auto`` runs where it does."""

from __future__ import annotations

from typing import Any


def explain(instance: Any) -> str:
    """Where an instance runs, and why: a sentence for people, such as ``"python: it has shared memory"``.

    ``instance`` is a `WebAssembly.Instance` whose module has the engine ``auto``. Raises `TypeError` for another one,
    and for one without functions of its own.
    """
    funcs = getattr(getattr(instance, "_instance", None), "funcs", ())
    for func in funcs if isinstance(funcs, list) else ():
        own = getattr(func.owner, "instance", None) is instance._instance
        mover = getattr(func.owner, "mover", None) if own else None
        if mover is not None:
            told: str = mover.explain()
            return told
    raise TypeError("an instance with functions, of a module with the engine 'auto', is needed")
