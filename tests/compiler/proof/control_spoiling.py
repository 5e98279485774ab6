"""Small faults put into generated Python: jumps, flags, tests, tables, moves, indentation, lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final

Lines = tuple[list[str], list[int]]
"""Lines with their marks."""

_GLUE: Final = -8
_TEMPORARIES: Final = re.compile(r"(s\d+(?:,s\d+)*)=(.*)")
_HEADERS: Final = ("if ", "elif ", "else", "while", "for ", "try", "except")


def _parts(line: str) -> tuple[str, str]:
    text = line.lstrip()
    return line[: len(line) - len(text)], text


def _number(text: str, random: Random) -> str | None:
    """One number of a text changed a little."""
    found = list(re.finditer(r"(?<![\w.])\d+\b|\\x[0-9a-f]{2}", text))
    if not found:
        return None
    match = random.choice(found)
    if match[0].startswith("\\x"):
        new = f"\\x{max(0, int(match[0][2:], 16) + random.choice((-1, 1))):02x}"
    else:
        new = str(max(0, int(match[0]) + random.choice((-1, 1, 2))))
    return text[: match.start()] + new + text[match.end() :]


def _jump(text: str, random: Random) -> str | None:
    return random.choice([t for t in ("break", "continue", "pass") if t != text])


def _test(text: str, random: Random) -> str | None:
    if random.random() < 0.3:
        return _number(text, random)
    return f"if {text[7:]}" if text.startswith("if not ") else f"if not ({text[3:-1]}):"


def _move(text: str, random: Random) -> str | None:
    """Targets of a move exchanged, or another temporary."""
    targets, _, value = text.partition("=")
    names = targets.split(",")
    if len(names) > 1 and random.random() < 0.5:
        return f"{','.join(reversed(names))}={value}"
    i = random.randrange(len(names))
    names[i] = f"s{max(0, int(names[i][1:]) + random.choice((-1, 1)))}"
    return f"{','.join(names)}={value}" if len(set(names)) == len(names) else None


def _return(text: str, random: Random) -> str | None:
    return "return" if text != "return" else "return 0"


_RULES: Final[list[tuple[Callable[[str], object], Callable[[str, Random], str | None]]]] = [
    (re.compile(r"(?:break|continue|pass)$").match, _jump),
    (re.compile(r"(?:el)?if _x\.tag|if _|_[bs]=").match, _number),
    (re.compile(r"if ").match, _test),
    (re.compile(r"s\d+(?:,s\d+)*=").match, _move),
    (re.compile(r"return").match, _return),
]


def _left_out(lines: list[str], marks: list[int], i: int) -> None:
    space, _ = _parts(lines[i])
    alone = lines[i - 1].endswith(":")
    alone = alone and (i + 1 == len(lines) or len(_parts(lines[i + 1])[0]) < len(space))
    if alone:
        lines[i], marks[i] = f"{space}pass", _GLUE
    else:
        del lines[i], marks[i]


def is_spill(text: str, mark: int, moves: Mapping[int, tuple[str, ...]]) -> bool:
    """Whether a line evaluates an operand into its temporary ahead of time. Its value is no matter of control."""
    match = _TEMPORARIES.match(text)
    return match is not None and "," not in match[1] and match[2] not in moves.get(mark, ())


def spoiled(
    lines: Sequence[str],
    marks: Sequence[int],
    moves: Mapping[int, tuple[str, ...]],
    random: Random,
) -> Lines | None:
    """The lines with one fault; ``None`` if chance found nothing to spoil."""
    new, codes = list(lines), list(marks)
    i = random.randrange(2, len(new)) if len(new) > 2 else 0
    if not i:
        return None
    space, text = _parts(new[i])
    if is_spill(text, codes[i], moves):
        return None
    chance = random.random()
    if chance < 0.5:
        for fits, rule in _RULES:
            if fits(text):
                changed = rule(text, random)
                if changed is None:
                    return None
                new[i] = space + changed
                return new, codes
        return None
    if text.startswith(_HEADERS):
        return None
    if chance < 0.7:
        _left_out(new, codes, i)
    elif chance < 0.85 and len(space) > 1:
        new[i] = new[i][1:]
    else:
        j = random.randrange(2, len(new))
        other_space, other = _parts(new[j])
        if other.startswith(_HEADERS) or is_spill(other, codes[j], moves):
            return None
        new[i], new[j] = space + other, other_space + text
        codes[i], codes[j] = codes[j], codes[i]
    return new, codes
