"""Every instruction of the table is translated by somebody."""

from __future__ import annotations

import pyjsapi.compiler.function  # noqa: F401 (fills the table of emitters)
from pyjsapi.compiler.emit.registry import CONTROL, EMITTERS
from pyjsapi.syntax.instructions import OPS


def test_every_row_has_an_emitter_or_is_control() -> None:
    assert [op for op in OPS if op not in EMITTERS and op not in CONTROL] == []


def test_no_row_is_handled_twice() -> None:
    assert not CONTROL & EMITTERS.keys()
