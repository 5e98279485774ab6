"""Instruction sequences, flat and folded (core specification, "Text Format: Instructions").

Nesting is kept on an explicit stack, so that its depth is limited by memory only.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.syntax.instructions import BY_MNEMONIC, Imm
from pyjsapi.syntax.module import Instr
from pyjsapi.text.identifiers import Identifier
from pyjsapi.text.immediates import ImmediateParser, Reader, reader_of

_ELSE: Final = BY_MNEMONIC["else"].instr
_END: Final = BY_MNEMONIC["end"].instr
_SELECT: Final = BY_MNEMONIC["select"]
_IF: Final = BY_MNEMONIC["if"]

_BLOCKS: Final = {m: op for m, op in BY_MNEMONIC.items() if op.imm is Imm.BLOCK}
_PLAIN: Final[dict[str, Instr]] = {
    m: op.instr
    for m, op in BY_MNEMONIC.items()
    if op.imm is Imm.NONE and op is not _SELECT and op.instr not in (_ELSE, _END)
}
"""Instructions that are their mnemonic and nothing else."""
_READERS: Final[dict[str, tuple[Reader, Instr]]] = {
    m: (reader_of(op), op.instr)
    for m, op in BY_MNEMONIC.items()
    if m not in _PLAIN and m not in _BLOCKS and op.instr not in (_ELSE, _END)
}

# What an open construct is. In the first two only folded instructions may come.
_FOLDED: Final = 0  # "(op": the instruction follows its operands
_FOLDED_IF: Final = 1  # "(if": the condition, until "(then"
_FOLDED_BLOCK: Final = 2  # "(block" or "(loop"
_FOLDED_THEN: Final = 3
_FOLDED_ELSE: Final = 4
_BLOCK: Final = 5  # "block" or "loop", until "end"
_FLAT_IF: Final = 6  # "if", until "else" or "end"
_FLAT_ELSE: Final = 7

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
        instr = (op, self.block_type())
        if op is _IF:
            frames.append((_FOLDED_IF, instr, label))
            return True
        out.append(instr)
        self.labels.enter(label)
        frames.append((_FOLDED_BLOCK, instr, label))
        return False

    def _flat_control(self, token: str, frames: list[_Frame], out: list[Instr]) -> None:
        op = _BLOCKS.get(token)
        if op is not None:
            label = self.identifier()
            instr = (op, self.block_type())
            out.append(instr)
            self.labels.enter(label)
            frames.append((_FLAT_IF if op is _IF else _BLOCK, instr, label))
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
        else:
            raise self.unexpected(self.i - 1)

    def _check_label(self, label: Identifier | None) -> None:
        """The identifier after ``end`` or ``else`` repeats the block's."""
        at = self.i
        again = self.identifier()
        if again is not None and again != label:
            raise self.error(f"mismatching label {again}, the block has {label or 'none'}", at)
