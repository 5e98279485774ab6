"""Instruction sequences, flat and folded (core specification, "Text Format: Instructions").

Nesting is kept on an explicit stack, so that its depth is limited by memory only.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.syntax.instructions import BY_MNEMONIC, Imm, Op
from pyjsapi.syntax.module import Instr
from pyjsapi.text.identifiers import Identifier
from pyjsapi.text.immediates import ImmediateParser, Reader, reader_of

_ELSE: Final = BY_MNEMONIC["else"].instr
_END: Final = BY_MNEMONIC["end"].instr
_SELECT: Final = BY_MNEMONIC["select"]
_IF: Final = BY_MNEMONIC["if"]

_TRY: Final = BY_MNEMONIC["try"]
_TRY_TABLE: Final = BY_MNEMONIC["try_table"]
_CATCH: Final = BY_MNEMONIC["catch"]
_CATCH_ALL: Final = BY_MNEMONIC["catch_all"]
_DELEGATE: Final = BY_MNEMONIC["delegate"]

_BLOCKS: Final = {m: op for m, op in BY_MNEMONIC.items() if op.imm in (Imm.BLOCK, Imm.TRY_TABLE)}
_DIVIDING: Final = {_ELSE[0], _END[0], _CATCH, _CATCH_ALL, _DELEGATE}
"""Instructions that only stand within a block, or close it."""
_PLAIN: Final[dict[str, Instr]] = {
    m: op.instr
    for m, op in BY_MNEMONIC.items()
    if op.imm is Imm.NONE and op is not _SELECT and op not in _DIVIDING
}
"""Instructions that are their mnemonic and nothing else."""
_READERS: Final[dict[str, tuple[Reader, Instr]]] = {
    m: (reader_of(op), op.instr)
    for m, op in BY_MNEMONIC.items()
    if m not in _PLAIN and m not in _BLOCKS and op not in _DIVIDING
}

# What an open construct is. In the first two only folded instructions may come.
_FOLDED: Final = 0  # "(op": the instruction follows its operands
_FOLDED_IF: Final = 1  # "(if": the condition, until "(then"
_FOLDED_BLOCK: Final = 2  # "(block", "(loop" or "(try_table"
_FOLDED_THEN: Final = 3
_FOLDED_ELSE: Final = 4
_FOLDED_DO: Final = 5  # "(try … (do" or one of its clauses
_BLOCK: Final = 6  # "block", "loop" or "try_table", until "end"
_FLAT_IF: Final = 7  # "if", until "else" or "end"
_FLAT_ELSE: Final = 8
_FLAT_TRY: Final = 9  # "try", until a clause, "delegate" or "end"
_FLAT_CATCH: Final = 10
_FLAT_CATCH_ALL: Final = 11
_FLAT: Final = {_IF: _FLAT_IF, _TRY: _FLAT_TRY}

_Frame = tuple[int, Instr, Identifier | None]
"""What it is, the instruction still to be emitted (`_FOLDED`, `_FOLDED_IF`), the label."""


class InstructionParser(ImmediateParser):
    """Parser of instruction sequences."""

    def expression(self) -> list[Instr]:
        """Instructions up to the closing parenthesis of the form around them; ``end`` is added."""
        out: list[Instr] = []
        self._sequence(out, single=False)
        out.append(_END)
        return out

    def folded_expression(self) -> list[Instr]:
        """Exactly one folded instruction; ``end`` is added."""
        if self.tokens[self.i] != "(":
            raise self.unexpected(wanted="(")
        out: list[Instr] = []
        self._sequence(out, single=True)
        out.append(_END)
        return out

    def _sequence(self, out: list[Instr], *, single: bool) -> None:
        tokens = self.tokens
        emit = out.append
        frames: list[_Frame] = []
        operands_only = False
        i = self.i
        while True:
            token = tokens[i]
            if token == "(":
                mnemonic = tokens[i + 1]
                plain = _PLAIN.get(mnemonic)
                if plain is not None:
                    frames.append((_FOLDED, plain, None))
                    i += 2
                    operands_only = True
                    continue
                self.i = i + 2
                entry = _READERS.get(mnemonic)
                if entry is not None:
                    reader, (op,) = entry
                    frames.append((_FOLDED, reader(self, op), None))
                    operands_only = True
                elif mnemonic in _BLOCKS:
                    operands_only = self._open_folded(mnemonic, frames, out)
                elif mnemonic == "then" and frames and frames[-1][0] == _FOLDED_IF:
                    _, instr, label = frames[-1]
                    emit(instr)
                    self.labels.enter(label)
                    frames.append((_FOLDED_THEN, instr, label))
                    operands_only = False
                else:
                    raise self.unexpected(i + 1)
                i = self.i
            elif token == ")":
                if not frames:
                    break
                kind, instr, label = frames.pop()
                if kind == _FOLDED:
                    emit(instr)
                elif kind == _FOLDED_DO:
                    self.i = i
                    if self._next_clause(instr, label, frames, out):
                        i = self.i
                        operands_only = False
                        continue
                    i = self.i - 1
                elif _FOLDED_BLOCK <= kind <= _FOLDED_ELSE:
                    if kind == _FOLDED_THEN and tokens[i + 1] == "(" and tokens[i + 2] == "else":
                        emit(_ELSE)
                        frames.append((_FOLDED_ELSE, instr, label))
                        i += 3
                        continue
                    emit(_END)
                    self.labels.leave(label)
                    if kind != _FOLDED_BLOCK:
                        frames.pop()
                        i += 1
                        if tokens[i] != ")":
                            raise self.unexpected(i)
                else:
                    raise self.unexpected(i)
                i += 1
                if frames:
                    operands_only = frames[-1][0] <= _FOLDED_IF
                else:
                    operands_only = False
                    if single:
                        break
            elif operands_only:
                raise self.unexpected(i)
            else:
                plain = _PLAIN.get(token)
                if plain is not None:
                    emit(plain)
                    i += 1
                    continue
                self.i = i + 1
                entry = _READERS.get(token)
                if entry is not None:
                    reader, (op,) = entry
                    emit(reader(self, op))
                else:
                    self._flat_control(token, frames, out)
                i = self.i
        self.i = i

    def _open_folded(self, mnemonic: str, frames: list[_Frame], out: list[Instr]) -> bool:
        """Begin ``(block``, ``(loop`` or ``(if``; tell whether only folded instructions may follow."""
        op = _BLOCKS[mnemonic]
        label = self.identifier()
        instr = self._block(op)
        if op is _IF:
            frames.append((_FOLDED_IF, instr, label))
            return True
        out.append(instr)
        self.labels.enter(label)
        if op is _TRY:
            if not self.accept_form("do"):
                raise self.unexpected(wanted="(do")
            frames.append((_FOLDED_DO, op.instr, label))
        else:
            frames.append((_FOLDED_BLOCK, instr, label))
        return False

    def _block(self, op: Op) -> Instr:
        """The instruction that opens a block."""
        type_ = self.block_type()
        return (op, type_, self.catch_clauses()) if op is _TRY_TABLE else (op, type_)

    def _next_clause(
        self, last: Instr, label: Identifier | None, frames: list[_Frame], out: list[Instr]
    ) -> bool:
        """After a part of a folded ``try``, of which ``last`` is the first instruction: the next one, or the end."""
        self.i += 1
        self.labels.leave(label)
        if self.at_form("delegate") and last[0] is _TRY:
            self.i += 2
            out.append((_DELEGATE, self._label()))
            self.expect(")")
            self.expect(")")
            return False
        clause = self.tokens[self.i + 1] if self.tokens[self.i] == "(" else ""
        if clause in ("catch", "catch_all") and last[0] is not _CATCH_ALL:
            self.i += 2
            instr = (_CATCH, self.index(self.tags)) if clause == "catch" else _CATCH_ALL.instr
            out.append(instr)
            self.labels.reenter(label)
            frames.append((_FOLDED_DO, instr, label))
            return True
        self.expect(")")
        out.append(_END)
        return False

    def _flat_control(self, token: str, frames: list[_Frame], out: list[Instr]) -> None:
        op = _BLOCKS.get(token)
        if op is not None:
            label = self.identifier()
            instr = self._block(op)
            out.append(instr)
            self.labels.enter(label)
            frames.append((_FLAT.get(op, _BLOCK), instr, label))
            return
        kind, instr, label = frames[-1] if frames else (_FOLDED, _END, None)
        if token == "end" and kind >= _BLOCK:
            frames.pop()
            self._check_label(label)
            self.labels.leave(label)
            out.append(_END)
        elif token == "else" and kind == _FLAT_IF:
            self._check_label(label)
            frames[-1] = (_FLAT_ELSE, instr, label)
            out.append(_ELSE)
        elif token == "catch" and kind in (_FLAT_TRY, _FLAT_CATCH):
            frames[-1] = (_FLAT_CATCH, instr, label)
            out.append((_CATCH, self.index(self.tags)))
        elif token == "catch_all" and kind in (_FLAT_TRY, _FLAT_CATCH):
            frames[-1] = (_FLAT_CATCH_ALL, instr, label)
            out.append(_CATCH_ALL.instr)
        elif token == "delegate" and kind == _FLAT_TRY:
            frames.pop()
            self.labels.leave(label)
            out.append((_DELEGATE, self._label()))
        else:
            raise self.unexpected(self.i - 1)

    def _check_label(self, label: Identifier | None) -> None:
        """The identifier after ``end`` or ``else`` repeats the block's."""
        at = self.i
        again = self.identifier()
        if again is not None and again != label:
            raise self.error(f"mismatching label {again}, the block has {label or 'none'}", at)
