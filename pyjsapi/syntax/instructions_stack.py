"""The rows of stack switching, which the instruction table includes (stack-switching proposal, "Instructions").

A handler clause is a pair: tag index and label index, or ``None`` for ``switch`` in place of a label.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.syntax.op import Imm, Op, row

FEATURE: Final = "stack_switching"
"""The field of `Features`."""

STACK_OPS: Final[tuple[Op, ...]] = (
    row(0xE0, "cont.new", Imm.TYPE, feature=FEATURE),
    row(0xE1, "cont.bind", Imm.TYPE_TYPE, feature=FEATURE),
    row(0xE2, "suspend", Imm.TAG, feature=FEATURE),
    row(0xE3, "resume", Imm.TYPE_ON, feature=FEATURE),
    row(0xE4, "resume_throw", Imm.TYPE_TAG_ON, feature=FEATURE),
    row(0xE5, "resume_throw_ref", Imm.TYPE_ON, feature=FEATURE),
    row(0xE6, "switch", Imm.TYPE_TAG, feature=FEATURE),
)

ON_LABEL: Final = 0
"""Code of a clause that names a label."""
ON_SWITCH: Final = 1
"""Code of a clause that has ``switch`` in its place."""

Clause = tuple[int, int | None]
