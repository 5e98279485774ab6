"""The control graph of a generated function, from its lines.

Generated code has one statement a line, one blank a level, and few forms of compound statements. What has another
form is refused (`Unknown`). A node is the index of a line; a ``for`` has a second node beyond the lines, its test.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

# Kinds of nodes. Those up to `FLAG_TEST` only lead on: they show nothing of the instructions.
GOTO: Final = 0
SET_FLAG: Final = 1
FLAG_TEST: Final = 2
STATEMENT: Final = 3
TEST: Final = 4
"""The test of an ``if`` or of a conditional branch."""
SELECT: Final = 5
"""A decision on the selector of a table."""
LOOK_UP: Final = 6
"""A state looked up in a table."""
FOR_TEST: Final = 7
"""Whether a ``for`` goes on to another round."""
RETURN: Final = 8
RAISE: Final = 9
STOP: Final = 10
"""``unreachable``"""
TAG_TEST: Final = 11
LANDING: Final = 12
"""A state machine's table of handlers."""
CAUGHT: Final = 13
"""Asks what an exception is; the payload is the variable that has it."""
UNCAUGHT: Final = 14
"""What no clause may catch, a trap, goes on; the payload is the variable."""
UNLANDED: Final = 15
"""What no clause of a state machine catches goes on."""
FELL_OUT: Final = 16
"""The end of the text: the function returns without having said so."""

CANNOT_THROW: Final = -2
"""In place of a handler, for a line that cannot throw an exception of WebAssembly."""

BRANCH: Final = 1
SWITCH: Final = 2


class Unknown(Exception):
    """Text that no translation may contain where it stands."""


class Flag(NamedTuple):
    """``name = value``"""

    name: str
    value: int


class FlagTest(NamedTuple):
    """Comparisons of flags with constants, all of which must hold: (name, operator, constant)."""

    comparisons: tuple[tuple[str, str, int], ...]

    def holds(self, b: int | None, s: int | None) -> bool | None:
        """The outcome; ``None`` if it depends on a flag that was not set."""
        for name, operator, right in self.comparisons:
            left = b if name == "_b" else s
            if left is None:
                return None
            if operator == "==":
                holds = left == right
            elif operator == "!=":
                holds = left != right
            else:
                holds = left < right
            if not holds:
                return False
        return True


class Select(NamedTuple):
    """``selector < bound``"""

    selector: str
    bound: int


class LookUp(NamedTuple):
    """A state by a selector below ``bound``, else ``default``; without a table the selector itself."""

    selector: str
    bound: int
    table: Sequence[int] | None
    default: int


class Landing(NamedTuple):
    """What `exceptions.landing_state` decides by: the region of each state, and the handlers."""

    regions: Sequence[int]
    handlers: Sequence[tuple[int, Sequence[tuple[int, int]]]]


Payload = Flag | FlagTest | Select | LookUp | Landing | int | bool | str | None
"""By the kind of a node; of a `TAG_TEST` the tag's index, of a `RAISE` whether it raises what is being handled.

The string is a variable of a handler."""

_FLAG: Final = re.compile(r"(_[bs])=(\d+)$")
_SELECTOR: Final = r"\w+|\w+\([\w,+]*\)"
"""A variable or a literal; with assertions one that is looked at."""
_LOOK_UP: Final = re.compile(
    rf"_s=(?:(b['\"].*['\"]|\([\d, ]+\))\[({_SELECTOR})\]|({_SELECTOR})) if ({_SELECTOR})<(\d+) else (\d+)$"
)
_LANDING: Final = re.compile(r"_s=landing_state\(_e,(\([-\d, ]*\))\[_s\],(\(.*\)),X\)$")
_FLAG_TEST: Final = re.compile(r"if (_[bs](?:==|!=|<)\d+(?: and _[bs](?:==|!=|<)\d+)*):$")
_UNSET: Final = "_b=None"
"""What is 0 in the graph."""
_IS_SET: Final = {
    "if _b is not None:": FlagTest((("_b", "!=", 0),)),
    "if _b is None:": FlagTest((("_b", "==", 0),)),
}
_COMPARISON: Final = re.compile(r"(_[bs])(==|!=|<)(\d+)")
_SELECT: Final = re.compile(rf"if ({_SELECTOR})<(\d+):$")
_TAG: Final = re.compile(r"(?:el)?if _x\.tag is X\[(\d+)\]:$")
_HANDLING: Final = {
    "_x=caught(_x)": (CAUGHT, "_x"),
    "_e=caught(_x)": (CAUGHT, "_e"),
    "if _x is None: raise": (UNCAUGHT, "_x"),
    "if _e is None: raise": (UNCAUGHT, "_e"),
    "if _s<0: raise": (UNLANDED, None),
}
_THROWS: Final = re.compile(r"\bf\d+\(|\bt\d+_\d+\[|\.call\(|\braise\b")
_STATEMENTS: Final = re.compile(
    r"(?:while|for|try|with|def|class|async|match|case|del|global|nonlocal|assert|import|from|except|finally|elif"
    r"|yield|await)\b"
)
"""Words that begin what is no simple statement here."""
_INNER_CONTROL: Final = re.compile(r": *(?:break|continue|return|raise)\b")
_LITERAL: Final = re.compile(r"b'(?:[^'\\]|\\.)*'|b\"(?:[^\"\\]|\\.)*\"")


def _constant(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise Unknown(f"`{text}` is no constant") from None


def _flag_test(text: str) -> FlagTest | None:
    found = _IS_SET.get(text)
    matched = None if found else _FLAG_TEST.match(text)
    if matched is None:
        return found
    return FlagTest(tuple((n, o, int(c)) for n, o, c in _COMPARISON.findall(matched[1])))


# What a line is in the text.
_SIMPLE, _IF, _ELIF, _ELSE, _WHILE, _FOR, _TRY, _EXCEPT, _DEF = range(9)
_HEADERS: Final = {
    "else:": _ELSE,
    "while True:": _WHILE,
    "try:": _TRY,
    "except Exception as _x:": _EXCEPT,
}


def _header(text: str) -> int:
    """What a line that ends with a colon begins."""
    found = _HEADERS.get(text)
    if found is not None:
        return found
    if text.startswith("if "):
        return _IF
    if text.startswith("elif "):
        return _ELIF
    if text.startswith("for "):
        return _FOR
    if text.startswith("def "):
        return _DEF
    raise Unknown(f"`{text}` begins a statement of another form")


class Graph:
    """Where control goes between the lines of a function.

    ``asks`` says what the instruction of a code asks for: `BRANCH` for one with a condition, `SWITCH` for a table.
    """

    __slots__ = (
        "_aft", "_brk", "_clause", "_cont", "_fall", "_hand", "_indents", "_starts", "_tests", "_throwing",
        "_what", "asks", "entry", "flags", "handlers", "kinds", "live", "marks", "nexts", "others", "payloads",
        "texts", "throws", "where",
    )  # fmt: skip

    def __init__(
        self,
        lines: Sequence[str],
        marks: Sequence[int],
        asks: dict[int, int],
        *,
        throwing: bool = False,
    ) -> None:
        self.texts = [line.lstrip(" ") for line in lines]
        """The lines without their indentation; by node, as everything below."""
        self.asks = asks
        self.marks = [*marks, 0]
        """Codes."""
        count = len(lines)
        self.kinds = [GOTO] * count + [FELL_OUT]
        self.nexts = [-1] * (count + 1)
        """Where control goes on, or where a test is true; -1 for nowhere, or out of a loop that is none."""
        self.others = [-1] * (count + 1)
        """Where control goes on if a test is false."""
        self.payloads: list[Payload] = [None] * (count + 1)
        self.throws = [-1] * (count + 1)
        """The handler around a node, -1 for the caller's, or `CANNOT_THROW`."""
        self.where = list(range(count + 1))
        """Lines."""
        self.flags = False
        """Whether there are flags."""
        self.handlers = "try:" in self.texts
        self._throwing = throwing or self.handlers
        self._indents = [
            len(line) - len(text) for line, text in zip(lines, self.texts, strict=True)
        ]
        self._what = self._read()
        self._starts = [-1] * (count + 1)
        self._tests: dict[int, int] = {}
        self._connect()
        self.entry = self._starts[1] if count > 1 else count
        self.live = self._liveness() if self.flags else bytearray(len(self.kinds))
        """Which flags may still be read: 1 for ``_b``, 2 for ``_s``. What may not is no part of a state."""

    def _read(self) -> list[int]:
        """What each line is; the text must be laid out as expected."""
        what: list[int] = []
        level, opened = 0, False
        for text, indent in zip(self.texts, self._indents, strict=True):
            if indent != level if opened else not min(len(what), 1) <= indent <= level:
                raise Unknown(f"`{text}` stands at another level")
            if ";" in text and ";" in _LITERAL.sub("", text):
                raise Unknown(f"`{text}` is more than one statement")
            opened = text.endswith(":")
            level = indent + opened
            if opened:
                what.append(_header(text))
            else:
                what.append(_ELSE if text.startswith("else:") else _SIMPLE)
        if not what or what[0] != _DEF or _DEF in what[1:] or opened:
            raise Unknown("the text is no function")
        return what

    def _connect(self) -> None:
        """Connect the lines, from the last to the first.

        For each level of indentation it is known what follows its suite, where ``break`` and ``continue`` lead,
        which handler is around it, and what follows the compound statement at that level that is being read.
        """
        indents = self._indents
        count = len(indents)
        depth = max(indents) + 2
        self._fall = [count] * depth
        self._brk, self._cont, self._hand = [-1] * depth, [-1] * depth, [-1] * depth
        self._aft, self._clause = [-1] * depth, [-1] * depth
        above = self._parents()
        below = 0
        starts = self._starts
        for i in range(count - 1, 0, -1):
            indent = indents[i]
            if indent > below:
                self._leave(i, below, above)
                follows = self._fall[indent]
            else:
                follows = starts[i + 1]
            starts[i] = self._line(i, indent, follows, indent < below)
            below = indent

    def _parents(self) -> list[int]:
        """For each line the one that begins the suite around it."""
        parents = []
        open_ = [0] * (max(self._indents) + 2)
        for i, indent in enumerate(self._indents):
            parents.append(open_[indent - 1] if indent else -1)
            open_[indent] = i
        return parents

    def _leave(self, i: int, below: int, parents: list[int]) -> None:
        """The suites that end with a line, from the outermost on: what is behind each of them."""
        headers = []
        parent = parents[i]
        while parent and self._indents[parent] >= below:
            headers.append(parent)
            parent = parents[parent]
        aft, clause, what = self._aft, self._clause, self._what
        for header in reversed(headers):
            level = self._indents[header]
            if level != below:
                aft[level], clause[level] = self._fall[level], -1
            elif what[i + 1] in (_ELSE, _ELIF, _EXCEPT):
                clause[level] = i + 1
            else:
                aft[level], clause[level] = self._starts[i + 1], -1
            self._enter(header, level)

    def _enter(self, header: int, level: int) -> None:
        """The suite below a header: what it means to leave it."""
        inner = level + 1
        what = self._what[header]
        after = self._aft[level]
        handler = self._hand[level]
        fall, brk, cont = after, self._brk[level], self._cont[level]
        if what == _WHILE:
            fall, brk, cont = header, after, header
        elif what == _FOR:
            test = self._tests[header] = self._extra(header)
            fall, brk, cont = test, after, test
        elif what == _TRY:
            if self._clause[level] < 0:
                raise Unknown("a try without a handler")
            handler = self._starts[self._clause[level]]
        self._fall[inner], self._brk[inner], self._cont[inner] = fall, brk, cont
        self._hand[inner] = handler

    def _extra(self, line: int) -> int:
        """A second node for a line."""
        self.kinds.append(FOR_TEST)
        self.nexts.append(-1)
        self.others.append(-1)
        self.payloads.append(None)
        self.throws.append(CANNOT_THROW)
        self.marks.append(self.marks[line])
        self.where.append(line)
        return len(self.kinds) - 1

    def _line(self, i: int, level: int, follows: int, opens: bool) -> int:
        """Make the node of a line; the node that control comes to where the line stands."""
        what = self._what[i]
        if what == _SIMPLE:
            return self._simple(i, self.texts[i], level, follows)
        if what == _ELSE and not opens:
            # A statement on the line of its ``else``, which is all of its suite.
            start = self._simple(i, self.texts[i].removeprefix("else:").lstrip(), level, follows)
            self._aft[level], self._clause[level] = follows, -1
            return start
        inner = self._starts[i + 1]
        if what in (_IF, _ELIF):
            clause = self._clause[level]
            self.nexts[i] = inner
            self.others[i] = self._aft[level] if clause < 0 else self._starts[clause]
            if clause >= 0 and self._what[clause] == _EXCEPT:
                raise Unknown("an if with a handler")
            return self._if(i, level)
        if what == _WHILE:
            self.nexts[i] = inner
            return i
        if what == _FOR:
            clause = self._clause[level]
            test = self._tests[i]
            self.nexts[i] = self.nexts[test] = inner
            self.others[test] = self._aft[level] if clause < 0 else self._starts[clause]
            return i
        return inner

    def _if(self, i: int, level: int) -> int:
        text = self.texts[i]
        mark = self.marks[i]
        asks = self.asks.get(mark, 0)
        flags = _flag_test(text)
        if flags is not None:
            self.kinds[i] = FLAG_TEST
            self.payloads[i] = flags
            self.flags = True
            return i
        tag = _TAG.match(text)
        if tag is not None:
            self.kinds[i], self.payloads[i] = TAG_TEST, int(tag[1])
        elif self._what[i] == _ELIF:
            raise Unknown(f"`{text}` tests no tag")
        elif asks == BRANCH:
            self.kinds[i] = TEST
            self.throws[i] = self._thrower(text, level)
        elif asks == SWITCH:
            select = _SELECT.match(text)
            if select is None:
                raise Unknown(f"`{text}` is no decision of a table")
            self.kinds[i], self.payloads[i] = SELECT, Select(select[1], int(select[2]))
        else:
            raise Unknown(f"`{text}` is a test of no instruction")
        return i

    def _simple(self, i: int, text: str, level: int, follows: int) -> int:
        """A simple statement; what is not a plain one begins with a letter or ``_`` that tells."""
        first = text[:1]
        if first == "b" and text == "break":
            return self._brk[level]
        if first == "c" and text == "continue":
            return self._cont[level]
        if first == "p" and text == "pass":
            return follows
        self.nexts[i] = follows
        if first == "_":
            if text in _HANDLING:
                self.kinds[i], self.payloads[i] = _HANDLING[text]
                return i
            if text.startswith(("_s=", "_b=")):
                self._flag(i, text, level)
                return i
        elif first == "i" and text.startswith("if "):
            if text in _HANDLING:
                self.kinds[i], self.payloads[i] = _HANDLING[text]
                return i
            if _INNER_CONTROL.search(text):
                raise Unknown(f"`{text}`: control inside a statement")
        elif first == "r" and text.startswith("return"):
            self.kinds[i], self.nexts[i] = RETURN, -1
            self.throws[i] = self._thrower(text, level)
            return i
        elif first == "r" and text.startswith("raise"):
            self.kinds[i], self.nexts[i], self.payloads[i] = RAISE, -1, text == "raise"
            self.throws[i] = self._hand[level]
            return i
        elif first == "u" and text == "unreachable()":
            self.kinds[i], self.nexts[i], self.throws[i] = STOP, -1, CANNOT_THROW
            return i
        elif _STATEMENTS.match(text):
            raise Unknown(f"`{text}` is a statement of another form")
        self.kinds[i] = STATEMENT
        self.throws[i] = self._thrower(text, level)
        return i

    def _thrower(self, text: str, level: int) -> int:
        if not self._throwing:
            return -1
        return self._hand[level] if _THROWS.search(text) else CANNOT_THROW

    def _flag(self, i: int, text: str, level: int) -> None:
        self.flags = True
        if text == _UNSET:
            self.kinds[i], self.payloads[i] = SET_FLAG, Flag("_b", 0)
            return
        simple = _FLAG.match(text)
        if simple is not None:
            self.kinds[i], self.payloads[i] = SET_FLAG, Flag(simple[1], int(simple[2]))
            return
        looked_up = _LOOK_UP.match(text)
        if looked_up is not None:
            table, selector, alone, compared, bound, default = looked_up.groups()
            if compared != (selector or alone):
                raise Unknown(f"`{text}` compares another selector")
            entries = None if table is None else _constant(table)
            self.kinds[i] = LOOK_UP
            self.payloads[i] = LookUp(compared, int(bound), entries, int(default))
            return
        landing = _LANDING.match(text)
        if landing is None:
            raise Unknown(f"`{text}` is no way to set a flag")
        self.kinds[i] = LANDING
        self.payloads[i] = Landing(_constant(landing[1]), _constant(landing[2]))
        self.throws[i] = self._hand[level]

    # Which flags are read

    def _liveness(self) -> bytearray:
        count = len(self.kinds)
        live, kills, reads = bytearray(count), bytearray(b"\3" * count), bytearray(count)
        for node, payload in enumerate(self.payloads):
            if isinstance(payload, Flag):
                kills[node] = 2 if payload.name == "_b" else 1
            elif isinstance(payload, FlagTest):
                for name, _, _ in payload.comparisons:
                    reads[node] |= 1 if name == "_b" else 2
            elif isinstance(payload, LookUp | Landing):
                kills[node] = 1
                reads[node] = 2 * isinstance(payload, Landing)
        # What is beyond the lines leads into them, so it comes last. -1 is the last node: it is read as nothing.
        nodes = [
            (node, self.nexts[node], self.others[node], max(self.throws[node], -1))
            for node in (*range(count - 1, 0, -1),)
        ]
        live.append(0)
        before = None
        while before != live:
            before = bytes(live)
            for node, following, other, handler in nodes:
                live[node] = reads[node] | (
                    (live[following] | live[other] | live[handler]) & kills[node]
                )
        return live
