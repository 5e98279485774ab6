"""Texts of code that memories and tables have alike. Places are numbers of locals."""

from __future__ import annotations

from pyjsapi.syntax.types import AddrType


def if_beyond(length: str, start: str, count: str, place: int) -> str:
    """Begin an ``if`` for what is not within ``length`` bytes or elements; all are i64, and so is the place."""
    return f"""
        {length}
        local.tee {place}
        {count}
        i64.lt_u
        {start}
        local.get {place}
        {count}
        i64.sub
        i64.gt_u
        i32.or
        if
    """


def if_more_than_left(at: AddrType, surplus: int, delta: int, place: int) -> str:
    """Begin an ``if`` for growth by more than the ``surplus`` that is there already.

    ``place`` is for how much of ``delta`` is there: both of the address type ``at``; ``surplus`` is a global.
    """
    return f"""
        local.get {delta}
        global.get {surplus}
        local.get {delta}
        global.get {surplus}
        {at}.lt_u
        select
        local.tee {place}
        local.get {delta}
        {at}.ne
        if
    """
