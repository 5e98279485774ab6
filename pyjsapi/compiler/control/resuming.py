"""Handler clauses of stack switching, rewritten into clauses of ``try_table``.

``resume $k (on $e $l)`` becomes ``try_table (catch $e' $l) resume $k (on $e $l) end``: where the continuation is
suspended, what resumed it raises an exception of the tag's twin ``$e'``, whose values are those of the suspension and
the continuation. Twins have the indices behind those of the module's tags.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Final, NamedTuple

from pyjsapi.compiler.emit.stack import operands_of
from pyjsapi.compiler.scope import ModuleScope
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.instructions_stack import FEATURE
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import CONT, ValType, ref_type

_OP_OF: Final = itemgetter(0)
_TRY_TABLE: Final = BY_MNEMONIC["try_table"]
_END: Final = BY_MNEMONIC["end"].instr
_RESUMING: Final = frozenset(BY_MNEMONIC[n] for n in ("resume", "resume_throw", "resume_throw_ref"))
_CONTREF: Final = ref_type(True, CONT)
_CONT: Final = ref_type(False, CONT)


class Rewritten(NamedTuple):
    """A body whose handlers are clauses of ``try_table``."""

    body: list[Instr]
    starts: list[int]
    """For each instruction of the original, where in ``body`` what it became begins."""


def resumes(body: Sequence[Instr]) -> bool:
    """Whether a body has instructions with handlers."""
    return not _RESUMING.isdisjoint(map(_OP_OF, body))


def switches_stacks(body: Sequence[Instr]) -> bool:
    """Whether a body has instructions of stack switching."""
    return any(instr[0].feature == FEATURE for instr in body)


def with_twins(tags: Sequence[tuple[ValType, ...]]) -> list[tuple[ValType, ...]]:
    """Parameters of the tags, and of their twins."""
    return [*tags, *((*params, _CONT) for params in tags)]


def rewrite_handlers(body: Sequence[Instr], scope: ModuleScope) -> Rewritten:
    """Rewrite a valid body. ``scope`` is that of the module, without twins."""
    out: list[Instr] = []
    starts: list[int] = []
    twins = len(scope.tags)
    for instr in body:
        starts.append(len(out))
        catches: tuple[tuple[str, int, int], ...] = ()
        if instr[0] in _RESUMING:
            catches = tuple(
                ("catch", twins + tagidx, label) for tagidx, label in instr[-1] if label is not None
            )
        if not catches:
            out.append(instr)
            continue
        params = (*operands_of(scope, instr), _CONTREF)
        out.append((_TRY_TABLE, (params, scope.types[instr[1]].cont.results), catches))
        out += (instr, _END)
    return Rewritten(out, starts)
