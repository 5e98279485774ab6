"""What generated Python does: the host calls of `control_programs`, in order, with the answers of a script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from pyjsapi.compiler.support import exceptions, numerics
from pyjsapi.runtime.exception import ExnInst, TagInst
from pyjsapi.syntax.deftypes import func_def_type
from pyjsapi.syntax.types import I32, FuncType, TagType

TAGS = [TagInst(TagType(func_def_type(FuncType(params, ())))) for params in ((), (I32,))]
ROUNDS = 400
"""Rounds of ``while`` loops after which a run is given up."""

Trace = tuple[list[object], str]


def agree(one: Trace, other: Trace) -> bool:
    """Whether two traces are the same, as far as both go: rounds of loops count differently."""
    if _Endless.__name__ in (one[1], other[1]):
        length = min(len(one[0]), len(other[0]))
        return one[0][:length] == other[0][:length]
    return one == other


class _Endless(BaseException):
    """No handler of generated code may stop it."""


def compiled(lines: Sequence[str], name: str = "f2") -> Callable[[Random], Trace]:
    """A function that runs the Python with the answers of a script. Raises `SyntaxError`."""
    source = "\n".join(lines).replace("while True:", "while tick():")
    code = compile(source, "<generated>", "exec")

    def run(script: Random) -> Trace:
        trace: list[object] = []
        left = ROUNDS
        throwing = script.random() < 0.5

        def tick() -> bool:
            nonlocal left
            left -= 1
            if left < 0:
                raise _Endless
            return True

        def ev(position: int) -> None:
            trace.append(position)
            if throwing and script.random() < 0.15:
                tag = script.randrange(2)
                raise ExnInst(TAGS[tag], (position,) * tag)

        def c(position: int) -> int:
            answer = script.choice((0, 0, 1, 1, 2, 3, 5))
            trace.append((position, answer))
            return answer

        class Callee:
            """Another function, and a reference to it."""

            call: object = "reference"

            def __repr__(self) -> str:
                return "callee"

        def unreachable() -> None:
            raise ZeroDivisionError

        space: dict[str, Any] = {
            **numerics.GLOBALS,
            **exceptions.GLOBALS,
            "f0": ev,
            "f1": c,
            "f3": Callee(),
            "F": {3: Callee()},
            "tick": tick,
            "unreachable": unreachable,
            "X": TAGS,
        }
        exec(code, space)
        try:
            end = repr(space[name](1))
        except ExnInst as exn:
            end = f"tag {TAGS.index(exn.tag) if exn.tag in TAGS else None} {exn.payload!r}"
        except (Exception, _Endless) as error:
            end = type(error).__name__
        return trace, end

    return run
