"""Where the instructions of a field stand among the tokens of a text that has been parsed."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Final

from pyjsapi.syntax.instructions import BY_MNEMONIC


@dataclass(slots=True)
class Field:
    """A field of a module's text, by its tokens."""

    start: int
    """The token of its parenthesis."""
    end: int
    """That of the closing one."""
    marks: array[int]
    """The tokens of its instructions, in the order that they have in the module; the last is ``end``."""


_BLOCKS: Final = ("block", "loop", "try", "try_table")
_CLAUSES: Final = ("catch", "catch_all", "delegate")


def field_at(tokens: list[str], start: int) -> Field:
    """The field whose parenthesis is the token at ``start``, of a text that has been parsed."""
    marks = array("Q")
    open_: list[tuple[str, int]] = []
    """Forms: what they are (empty: no instruction), and the token of their keyword."""
    i = start
    while True:
        token = tokens[i]
        if token == "(":
            i += 1
            keyword = tokens[i]
            form = ""
            if keyword in _BLOCKS:
                form = keyword
                marks.append(i)
            elif keyword == "then":
                marks.append(open_[-1][1])
            elif keyword == "else":
                marks.append(i)
            elif keyword in _CLAUSES:
                # Those of a try_table are immediates of it.
                if open_[-1][0] == "try":
                    marks.append(i)
                    if keyword == "delegate":
                        open_[-1] = ("", i)
            elif keyword in BY_MNEMONIC:
                form = "if" if keyword == "if" else "plain"
            open_.append((form, i))
        elif token == ")":
            form, at = open_.pop()
            if form:
                marks.append(at if form == "plain" else i)
            if not open_:
                marks.append(i)
                return Field(start, i, marks)
        elif token in BY_MNEMONIC:
            marks.append(i)
        i += 1
