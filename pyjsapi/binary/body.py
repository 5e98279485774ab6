"""Functions' bodies as they stand in a module: bytes, which are decoded when somebody asks (core: "Code Section").

Who only delimits them, or looks for an opcode, needs no decoder, and none is imported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pyjsapi.syntax.errors import DecodeError
from pyjsapi.syntax.instructions import Op
from pyjsapi.syntax.module import Code
from pyjsapi.syntax.spelling import counted


def opcodes_of(ops: Iterable[Op]) -> re.Pattern[bytes]:
    """The pattern of the opcodes of instructions that have no prefix; see `BinaryCode.may_have`."""
    return re.compile(b"[%s]" % re.escape(bytes(op.opcode for op in ops)))


class BinaryCode:
    """A function's code as bytes ``start`` to ``end`` of a module, decoded whenever it is asked for.

    Implements `pyjsapi.syntax.module.CodeSource`.
    """

    __slots__ = ("data", "data_count", "end", "start")

    def __init__(self, data: bytes, start: int, end: int, data_count: bool) -> None:
        self.data = data
        self.start = start
        """Offset of the first group of locals' count, after the size of the code."""
        self.end = end
        self.data_count = data_count
        """Whether the module has a data count section."""

    @property
    def size(self) -> int:
        """Bytes of locals and body, as the JS API's limit on the size of a function counts them."""
        return self.end - self.start

    def load(self) -> Code:
        """Decode. Raises `DecodeError`."""
        from pyjsapi.binary.code import decode_instrs, decode_locals

        locals_, pos = decode_locals(self.data, self.start)
        body, pos = decode_instrs(self.data, pos, self.end, data_count=self.data_count)
        if pos != self.end:
            raise DecodeError(
                f"section size mismatch: code of {counted(self.size, 'byte')}, "
                f"but the body ends after {pos - self.start}",
                self.start,
            )
        return Code(locals_, body)

    def may_have(self, opcodes: re.Pattern[bytes]) -> bool:
        """Whether a body may have an instruction of a pattern; immediates may look like one. Takes no decoding."""
        return opcodes.search(self.data, self.start, self.end) is not None

    def offset_of(self, instruction: int) -> int:
        """Byte offset in the module of the body's instruction at this position.

        Decodes up to there; raises `DecodeError` like `load`.
        """
        from pyjsapi.binary.code import decode_instrs, decode_locals

        _, pos = decode_locals(self.data, self.start)
        _, pos = decode_instrs(self.data, pos, self.end, count=instruction)
        return pos

    def offsets(self) -> list[int]:
        """Byte offsets in the module of all instructions of the body, the last ``end`` too. Raises like `load`."""
        from pyjsapi.binary.code import decode_locals, instr_offsets

        _, pos = decode_locals(self.data, self.start)
        return instr_offsets(self.data, pos, self.end, data_count=self.data_count)
