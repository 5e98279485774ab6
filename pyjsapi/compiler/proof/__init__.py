"""A proof that the Python written for a function has the control flow of its body, without running anything.

`prove` reads the body as validation does and the lines as Python does, makes a graph of each, and walks both together.
The emitter says which instruction each line is for (`notes`); it is believed in nothing else. Imported only where
proofs are asked for.
"""

from __future__ import annotations

from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.proof.graph import Unknown
from pyjsapi.compiler.proof.legacy import Lowering
from pyjsapi.compiler.proof.report import Finding, Step, UnprovedWarning
from pyjsapi.compiler.proof.walk import Walk
from pyjsapi.syntax.module import Code


def prove(frame: Frame, code: Code) -> Finding | None:
    """The first difference between a translated function and its body, ``None`` if there is none.

    The function was translated with `Options.proof`, from ``code``, which is valid.
    """
    try:
        if frame.flat is not code.body:
            locals_ = len(frame.type.params) + sum(count for count, _ in code.locals)
            finding = Lowering(code.body, locals_, frame).run()
            if finding is not None:
                return finding
        return Walk(frame).run()
    except Unknown as unknown:
        return Finding(0, "the function", str(unknown), 1)


__all__ = ["Finding", "Step", "UnprovedWarning", "prove"]
