"""The rows of exception handling, which the instruction table includes (core specification, 2.4.8).

The second list is the first form of the proposal ("legacy exceptions"), which toolchains still write. There
``try`` is closed by ``end`` or by ``delegate``; ``catch`` and ``catch_all`` divide it as ``else`` divides an ``if``.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.syntax.op import Imm, Op, row

EXCEPTION_OPS: Final[tuple[Op, ...]] = (
    row(0x08, "throw", Imm.TAG, feature="exceptions"),
    row(0x0A, "throw_ref", feature="exceptions"),
    row(0x1F, "try_table", Imm.TRY_TABLE, feature="exceptions"),
)
"""Instructions of WebAssembly 3.0."""

LEGACY_EXCEPTION_OPS: Final[tuple[Op, ...]] = (
    row(0x06, "try", Imm.BLOCK, feature="legacy_exceptions"),
    row(0x07, "catch", Imm.TAG, feature="legacy_exceptions"),
    row(0x09, "rethrow", Imm.LABEL, feature="legacy_exceptions"),
    row(0x18, "delegate", Imm.LABEL, feature="legacy_exceptions"),
    row(0x19, "catch_all", feature="legacy_exceptions"),
)
"""Instructions of the first form."""

CATCH_KINDS: Final = ("catch", "catch_ref", "catch_all", "catch_all_ref")
"""Kinds of the clauses of ``try_table``, in the order of their codes in the binary format."""

WITH_TAG: Final = frozenset(("catch", "catch_ref"))
"""Kinds of clauses that name a tag."""

WITH_REF: Final = frozenset(("catch_ref", "catch_all_ref"))
"""Kinds of clauses that give the label a reference to the exception."""
