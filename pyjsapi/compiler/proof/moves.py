"""Operands on their way: a branch leaves them in the temporaries of its target, a return gives the results.

The emitter notes the text of each operand as it goes (`Notes.moves`). Checked here: that the statements on the way
assign these texts to the temporaries of the label, whose height validation knows; that an operand said to be in its
temporary already was put there, on every way, since it was made; that a return has exactly these texts.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from pyjsapi.compiler.frame import Frame, default_text
from pyjsapi.compiler.proof.body import Body
from pyjsapi.compiler.proof.operands import Labels, Stack
from pyjsapi.compiler.proof.report import Differs
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import Instr

_TAIL_CALLS: Final = frozenset(
    BY_MNEMONIC[name] for name in ("return_call", "return_call_indirect", "return_call_ref")
)
_TEMPORARIES: Final = re.compile(r"(s\d+(?:,s\d+)*)=")
_ZEROS: Final = re.compile(r"((?:[el]\d+(?:_\d+)?=)+)(0|0\.0|None)$")
_ASSERTED: Final = re.compile(r"_n=_m=0$|\w+\(l\d+[,)]")
"""Lines at a function's start with `Options.assertions`: a count begins, parameters are looked at."""
_ASSERTED_VALUE: Final = re.compile(r"\w+\((_[xe]\.payload\[\d+\])(?:,\d+)*\)")
"""With assertions, a value of an exception that is looked at."""
_ASSERTED_LOCAL: Final = re.compile(r"(?:int_in|int_then|float_is)\((l\d+)(?:,[\w+]+)*\)$")
"""With assertions, a local that is looked at."""
_SPILL: Final = re.compile(r"s(\d+)$")


def match_texts(text: str, parts: Sequence[str]) -> bool:
    """Whether a text is these parts with commas between them, each perhaps in parentheses."""
    at = 0
    last = len(parts) - 1
    for i, part in enumerate(parts):
        for written in (part, f"({part})"):
            end = at + len(written)
            if text.startswith(written, at) and (
                end == len(text) if i == last else text[end : end + 1] == ","
            ):
                at = end if i == last else end + 1 + (text[end + 1 : end + 2] == " ")
                break
        else:
            return False
    return at == len(text)


class Moves:
    """The moves of one function. ``statements`` gives the lines of a code that run whenever its instruction does."""

    def __init__(
        self, frame: Frame, body: Body, statements: Callable[[int], Sequence[str]]
    ) -> None:
        self._frame = frame
        self._body = body
        self._statements = statements
        self._noted: Mapping[int, tuple[str, ...]] = frame.notes.moves if frame.notes else {}
        self.labels = Labels(body, frame.scope, frame.type)
        self._stack: Stack | None = None
        self._spilled: dict[int, list[int]] | None = None
        self.results = len(frame.type.results)
        self.hands_on = any(
            instr[0] in _TAIL_CALLS
            and not (instr[0].mnemonic == "return_call" and instr[1] == frame.funcidx)
            for instr in (body.instrs[position] for position in body.exits)
        )
        """Whether the function tail-calls others: it returns pairs, see `convention`."""

    @property
    def stack(self) -> Stack:
        """Where the operands are; found when it is first asked for."""
        if self._stack is None:
            self._stack = self.labels.stack()
        return self._stack

    # Branches

    def arrive(self, code: int, label: int, lines: Sequence[str], *, spills: bool = False) -> None:
        """A branch takes operands to a label; ``lines`` are the statements on the way that may move them.

        With ``spills`` there may be others ahead of the one that moves.
        """
        self._arrive(code, label, self.labels.arity(label), lines, spills=spills)

    def end(self, code: int, label: int, lines: Sequence[str]) -> None:
        """Control comes to the end of a block with its results."""
        self._arrive(code, label, self.labels.counts[label][1], lines, spills=True)

    def _arrive(
        self, code: int, label: int, arity: int, lines: Sequence[str], *, spills: bool
    ) -> None:
        if not arity:
            if lines and not spills:
                raise Differs(f"`{lines[0]}` where nothing is carried")
            return
        height = self.stack.heights[label]
        names = [f"s{height + i}" for i in range(arity)]
        carried = self._carried(code, arity)
        if spills and list(carried) == names:
            lines = ()  # What stands there evaluates operands into their temporaries.
        self._move(code, names, carried, lines)

    def _carried(self, code: int, arity: int) -> Sequence[str]:
        noted = self._noted.get(code)
        if noted is None:
            start, _ = self.stack.slots[code >> 2]
            return [f"s{start + i}" for i in range(arity)]
        if len(noted) != arity:
            raise Differs(f"{len(noted)} operands are noted, {arity} are carried")
        return noted

    def _move(
        self, code: int, names: Sequence[str], texts: Sequence[str], lines: Sequence[str]
    ) -> None:
        """Afterwards each name has the value of its text; the last line is the one that moves."""
        wanted = dict(zip(names, texts, strict=True))
        for i, (name, text) in enumerate(wanted.items()):
            if name == text:
                self._in_place(code, i, name)
        _assigned(wanted, lines[-1] if lines else "")

    def _in_place(self, code: int, i: int, name: str) -> None:
        """An operand that is said to be in its temporary was put there."""
        position = code >> 2
        start, makers = self.stack.slots[position]
        if name != f"s{start + i}":
            raise Differs(f"the operand at height {start + i} is taken from {name}")
        self._put(position, name, start + i, makers[i])

    def asked(self, position: int, text: str) -> None:
        """An instruction decides on a variable: if it is the temporary of the operand, that was put there."""
        slot, maker = self.stack.asked[position]
        if text == f"s{slot}":
            self._put(position, text, slot, maker)

    def _put(self, position: int, name: str, slot: int, maker: int) -> None:
        """A temporary was assigned on every way to an instruction, since its operand was made."""
        if maker < 0:
            return
        until = self.stack.until
        for at in self._spills(slot):
            if maker <= at <= position <= until[at]:
                return
        raise Differs(f"{name} is not assigned since {self._body.say(maker)}")

    def _spills(self, slot: int) -> Sequence[int]:
        """Positions of the instructions with a statement that assigns a temporary."""
        if self._spilled is None:
            self._spilled = {}
            for position in range(self._body.count):
                for text in self._statements(position * 4):
                    names = _TEMPORARIES.match(text)
                    if names is not None:
                        for name in names[1].split(","):
                            self._spilled.setdefault(int(name[1:]), []).append(position)
        return self._spilled.get(slot, ())

    def enter(self, position: int) -> None:
        """A structured instruction where ways meet, or part, begins: its parameters are in their temporaries."""
        if position not in self.stack.slots:
            return
        start, makers = self.stack.slots[position]
        for i in range(len(makers)):
            self._in_place(position * 4, i, f"s{start + i}")

    def caught(self, label: int, values: Sequence[str], lines: Sequence[str]) -> None:
        """A clause gives an exception's values to a label."""
        arity = self.labels.arity(label)
        if arity != len(values):
            raise Differs(f"a clause gives {len(values)} values to a label with {arity} operands")
        if not arity:
            if lines:
                raise Differs(f"`{lines[0]}` where nothing is carried")
            return
        height = self.stack.heights[label]
        targets = ",".join(f"s{height + i}" for i in range(arity))
        assigned, _, value = lines[0].partition("=") if lines else ("", "", "")
        if assigned != targets or not match_texts(self._unasserted(value), values):
            raise Differs(f"{targets} do not take the values of the exception")

    def _unasserted(self, text: str) -> str:
        """A text without what assertions look at in an exception."""
        return _ASSERTED_VALUE.sub(r"\1", text) if self._frame.options.assertions else text

    # Returns

    def returned(self, code: int | None, text: str) -> None:
        """A ``return`` for an instruction, or where control has led out of the function already."""
        if code is None:
            names: Sequence[str] = [f"s{i}" for i in range(self.results)]
        elif self.results:
            names = self._carried(code, self.results)
            self._returned_in_place(code, names)
        else:
            names = ()
        self.returned_values(text, names)

    def end_of_function(self) -> None:
        """The results are in their temporaries where control comes to the end of the body."""
        _, makers = self.stack.slots.get(self._body.count - 1, (0, ()))
        for maker in makers:
            if maker >= 0:
                raise Differs(f"the result of {self._body.say(maker)} is not in its temporary")

    def returned_values(self, text: str, values: Sequence[str]) -> None:
        """A ``return`` of these values, as the function's convention has it."""
        found = self._unasserted(text.removeprefix("return").lstrip())
        if len(values) != self.results:
            raise Differs(
                f"`{text[:60]}` gives {len(values)} results, the function has {self.results}"
            )
        matches = True
        if self.hands_on:
            matches = found.startswith("None,")
            found = found.removeprefix("None,")
            if not values:
                matches = matches and found == "None"
                found = ""
            elif len(values) > 1:
                matches = matches and found[:1] == "(" and found[-1:] == ")"
                found = found[1:-1]
        if not matches or not (match_texts(found, values) if values else not found):
            raise Differs(f"`{text[:60]}` does not return {','.join(values) or 'nothing'}")

    def _returned_in_place(self, code: int, names: Sequence[str]) -> None:
        if not any(_SPILL.match(name) for name in names):
            return
        start, _ = self.stack.slots[code >> 2]
        for i, name in enumerate(names):
            if name == f"s{start + i}":
                self._in_place(code, i, name)

    def handed_on(self, text: str, instr: Instr) -> None:
        """A tail call: what is called, with as many arguments as it has parameters."""
        name, scope = instr[0].mnemonic, self._frame.scope
        pair = ast.parse(text.removeprefix("return ")).body[0]
        value = pair.value if isinstance(pair, ast.Expr) else None
        if not isinstance(value, ast.Tuple) or len(value.elts) != 2:
            raise Differs(f"`{text[:60]}` hands on no call")
        callee, arguments = ast.unparse(value.elts[0]), value.elts[1]
        if name == "return_call":
            type_ = scope.func_type(instr[1])
            matches = callee == f"f{instr[1]}"
        else:
            type_ = scope.types[instr[1]].func
            if name == "return_call_ref":
                matches = callee.endswith(" or null_function).call")
            else:
                matches = callee.startswith(f"t{instr[2]}_{scope.signatures[instr[1]]}[")
        if not matches:
            raise Differs(f"`{text[:60]}` hands on another call")
        if not isinstance(arguments, ast.Tuple) or len(arguments.elts) != len(type_.params):
            raise Differs(f"`{text[:60]}` has not {len(type_.params)} arguments")

    # The function's start, and tail calls to itself

    def zeros(self, lines: Sequence[str]) -> Sequence[str]:
        """The lines at the function's start that give every declared local its first value, once."""
        frame = self._frame
        wanted = {}
        for i in range(len(frame.type.params), len(frame.locals)):
            if i in frame.lane_locals:
                wanted.update(
                    dict.fromkeys((lane.text for lane in frame.lane_locals[i].lanes), "0.0")
                )
            else:
                wanted[frame.variable(i)] = default_text(frame.locals[i])
        found: dict[str, str] = {}
        if frame.options.assertions:
            lines = [line for line in lines if not _ASSERTED.match(line)]
        for line in lines:
            zeros = _ZEROS.match(line)
            if zeros is None:
                raise Differs(f"`{line}` is no zero of a local")
            for name in zeros[1][:-1].split("="):
                if name in found:
                    raise Differs(f"{name} is set twice")
                found[name] = zeros[2]
        if found != wanted:
            wrong = sorted(found.items() ^ wanted.items())[0][0]
            raise Differs(f"{wrong} does not begin as it must")
        return lines

    def start_again(self, code: int, lines: Sequence[str], zeros: Sequence[str]) -> None:
        """A tail call of the function to itself: parameters assigned, locals as at the start."""
        before = len(lines) - len(zeros)
        if before < 0 or list(lines[before:]) != list(zeros):
            raise Differs("the locals are not as at the function's start")
        names = [f"l{i}" for i in range(len(self._frame.type.params))]
        noted = self._noted.get(code)
        if noted is None or len(noted) != len(names):
            raise Differs("the arguments of a tail call are not noted")
        values = list(noted)
        if self._frame.options.assertions:
            values = [_ASSERTED_LOCAL.sub(r"\1", text) for text in noted]
        if values != names:
            kept = {name for name, value in zip(names, values, strict=True) if name == value}
            line = lines[before - 1] if before else ""
            _assigned(dict(zip(names, noted, strict=True)), line, kept)


def _assigned(wanted: Mapping[str, str], line: str, same: Collection[str] = ()) -> None:
    """A line gives variables the values of texts; those that have them already, as ``same`` do, may be left out."""
    kept = {name for name, text in wanted.items() if name != text and name not in same}
    if not kept and not line:
        return
    targets, _, value = line.partition("=")
    names = targets.split(",")
    if (
        not kept <= set(names) <= wanted.keys()
        or len(set(names)) < len(names)
        or not match_texts(value, [wanted[name] for name in names])
    ):
        raise Differs(f"`{line[:60]}` does not move {_listed(wanted)}")


def _listed(moves: Mapping[str, str]) -> str:
    """Moves for people."""
    return ",".join(moves) + "=" + ",".join(text[:40] for text in moves.values())
