"""Whether two engines saw the same of a program."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from fuzz.engines.base import Observation
from fuzz.program import Program

KINDS: Final = (
    ("unreachable", r"unreachable"),
    ("null reference", r"null function reference"),
    ("null function or signature", r"uninitialized element|type mismatch|signature|call_indirect to a null"
                                    r"|null function"),
    ("null reference", r"null"),
    ("cast", r"cast"),
    ("out of bounds table", r"out of bounds table|undefined element|element segment|bounds call_indirect"
                            r"|table (index|access|element|operation).*out of bounds|index is out of bounds"),
    ("out of bounds array", r"bounds.*array|array.*bounds|array.*too large"),
    ("out of bounds memory", r"bounds memory|memory access out of bounds|data segment|offset is out of bounds"
                             r"|^index out of bounds$"),
    ("division by zero", r"by zero"),
    ("integer overflow", r"integer overflow|result unrepresentable"),
    ("invalid conversion", r"invalid conversion|float unrepresentable|bounds trunc"),
    ("unaligned", r"unaligned"),
    ("not shared", r"shared|cannot be called in this context"),
    ("too large", r"too large|allocation (size|failed)|out of memory|failed to allocate"),
)  # fmt: skip
"""Kinds of traps, and what the messages of engines have in them; the first that fits counts."""

_NOT_TOLD_APART: Final = (
    {"null function or signature", "null reference"},
    {"invalid conversion", "integer overflow"},
    {"null reference", "cast"},
    {"out of bounds array", "out of bounds memory"},
    {"out of bounds array", "out of bounds table"},
    {"out of bounds array", "too large"},
    {"out of bounds memory", "not shared"},
    {"out of bounds memory", "unaligned"},
)
"""Kinds for which JavaScript engines have one message."""

_NULL_EXCEPTION: Final = re.compile("rethrowing null|null exception")
"""What V8, and pyjsapi, say of a ``throw_ref`` of null."""

ENDS_COMPARISON: Final = "exhausts"
"""How deep the stack is, is the engine's: nothing after it is compared."""


def trap_kind(message: str) -> str:
    """The kind of a trap, by the message of any engine."""
    text = message.lower()
    for kind, pattern in KINDS:
        if re.search(pattern, text):
            return kind
    return f"unknown: {message}"


def _same_outcome(a: list[Any], b: list[Any], strict: bool) -> bool:
    if a[0] != b[0]:
        return False
    if a[0] == "traps":
        kinds = {trap_kind(a[1]), trap_kind(b[1])}
        return len(kinds) == 1 or (not strict and kinds in _NOT_TOLD_APART)
    if a[0] == "throws":
        # Wasmtime's package does not tell what was thrown.
        return len(a) == 1 or len(b) == 1 or a == b
    if a[0] == "returns":
        if ["?"] in (a[1:], b[1:]):
            return True
        return len(a) == len(b) and all(x == y or "?" in (x, y) for x, y in zip(a, b, strict=True))
    return True


def _called_wrongly(outcome: list[Any]) -> bool:
    """Whether a function was given arguments of another type than it has: a damaged export or type."""
    return outcome[0] == "missing" or (outcome[0] == "raises" and "TypeError" in outcome[1])


def skipped(seen: Observation) -> bool:
    """Whether an observation says nothing that could be compared."""
    return seen["end"] == "skipped" or any(c[0] == ENDS_COMPARISON for c in seen.get("calls", ()))


def _told(outcome: list[Any]) -> str:
    return " ".join(str(part) for part in outcome)


def differences(
    program: Program, right: Observation, seen: Observation, *, strict: bool
) -> Iterator[str]:
    """What `seen` has other than `right`, in words; `strict`: both tell all kinds of traps apart."""
    if right["end"] != seen["end"]:
        yield f"{seen['end']} ({seen.get('detail', '')}), not {right['end']} ({right.get('detail', '')})"
        return
    names = ["instantiation", *map(str, program.calls)]
    for name, a, b in zip(names, right.get("calls", ()), seen.get("calls", ()), strict=False):
        if ENDS_COMPARISON in (a[0], b[0]):
            # What there is room for differs, where a module asks for very much.
            if a[0] != b[0] and program.kind != "mutant":
                yield f"{name}: {_told(b)}, not {_told(a)}"
            return
        if program.kind == "mutant" and any(map(_called_wrongly, (a, b))):
            return
        if not _same_outcome(a, b, strict):
            yield f"{name}: {_told(b)}, not {_told(a)}"
    if len(right.get("calls", ())) != len(seen.get("calls", ())):
        yield "another number of calls"
    if right.get("log") != seen.get("log"):
        yield f"calls of the host: {_first_other(right['log'], seen['log'])}"
    for part in ("exports", "same"):
        # Wasmtime's package does not tell them.
        if part in right and part in seen and right[part] != seen[part]:
            yield f"{part}: {seen[part]}, not {right[part]}"
    for part in ("memories", "globals", "tables"):
        if part == "memories" and not program.nans_fixed:
            continue
        yield from _other_state(part, right.get(part, {}), seen.get(part, {}))


def misplaced(program: Program, right: Observation, seen: Observation) -> str | None:
    """The first trap of which two engines tell other calls that it passed, in words; not every engine tells them."""
    names = ["instantiation", *map(str, program.calls)]
    for name, a, b in zip(names, right.get("calls", ()), seen.get("calls", ()), strict=False):
        if ENDS_COMPARISON in (a[0], b[0]):
            return None
        if a[0] == b[0] == "traps" and a[2:] and b[2:] and a[2] and b[2]:
            if _places(program, a) != _places(program, b):
                return f"{name}: the trap passed {b[2]}, not {a[2]}"
    return None


def _places(program: Program, trap: list[Any]) -> list[list[int]]:
    """What is compared of the calls that a trap passed, where there are handlers.

    V8 takes a call inside of one for another now and then (`deep` 42), and one ``throw_ref`` of null for another in
    code that it has optimised (`handlers` 8198).
    """
    passed: list[list[int]] = trap[2]
    if not any("exceptions" in feature for feature in program.features):
        return passed
    exact = 0 if _NULL_EXCEPTION.search(trap[1]) else 1
    return [*passed[:exact], *(call[:1] for call in passed[exact:])]


def tells_places(seen: Observation) -> bool:
    """Whether an engine tells of any trap which calls it passed."""
    return any(len(call) > 2 and call[2] for call in seen.get("calls", ()) if call[0] == "traps")


def _first_other(right: list[Any], seen: list[Any]) -> str:
    for k, (a, b) in enumerate(zip(right, seen, strict=False)):
        if a != b:
            return f"number {k} is {_told(b)}, not {_told(a)}"
    return f"{len(seen)}, not {len(right)}"


def _other_state(part: str, right: dict[str, Any], seen: dict[str, Any]) -> Iterator[str]:
    singular = {"memories": "memory", "globals": "global", "tables": "table"}[part]
    for name in {**right, **seen}:
        a, b = right.get(name), seen.get(name)
        if a == b or "hidden" in (a, b):
            continue
        if part == "tables" and a and b and a[0] == b[0] and "hidden" in (a[1], b[1]):
            continue
        yield f"{singular} {name} is {b}, not {a}"
