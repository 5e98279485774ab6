"""``memory.atomic.wait`` and ``notify`` on shared memories: code of every engine, and `Atomics`, wait in one queue.

Wasmtime's own queues know nothing of others who wait, of agents that must not, or of ending a wait. So each such
instruction becomes a call of a function that is added behind all others. That calls what a global holds, which is added
as well and is set when the memory is known. No index changes, and a call is as long as the instruction, so that no
offset does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ctypes import addressof
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from pyjsapi.binary.body import BinaryCode
from pyjsapi.binary.decoder import decode_module
from pyjsapi.binary.encode_instrs import encode_instr
from pyjsapi.binary.encode_types import value_type
from pyjsapi.binary.leb128 import read_u32, signed, unsigned
from pyjsapi.binary.scan import beginnings, scan
from pyjsapi.binary.types import FUNC_FORM, REF_NULL
from pyjsapi.embedding.valid_module import ValidModule
from pyjsapi.engines.wasmtime.words import V_FUNC, Words, check, words
from pyjsapi.runtime import atomics
from pyjsapi.runtime.function import FuncInst
from pyjsapi.runtime.memory import MemInst
from pyjsapi.syntax.deftypes import func_def_type
from pyjsapi.syntax.errors import DecodeError
from pyjsapi.syntax.instructions import BY_MNEMONIC, Op
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import I32, I64, FuncType, MemType

if TYPE_CHECKING:
    from pyjsapi.blocks.shared import SharedBlock
    from pyjsapi.engines.wasmtime.store import Store
    from pyjsapi.engines.wasmtime.turns import Turns

_NOTIFY: Final = BY_MNEMONIC["memory.atomic.notify"]
_WAIT_32: Final = BY_MNEMONIC["memory.atomic.wait32"]
_WAIT_64: Final = BY_MNEMONIC["memory.atomic.wait64"]
_OPS: Final = frozenset((_NOTIFY, _WAIT_32, _WAIT_64))
_BEGINNINGS: Final = beginnings(_OPS)
_FUNC_TYPE, _NULLABLE, _MUTABLE = bytes((FUNC_FORM,)), bytes((REF_NULL,)), b"\x01"
_NOP: Final = encode_instr((BY_MNEMONIC["nop"],))
_CALL: Final = encode_instr((BY_MNEMONIC["call"], 0))[:-1]
_END: Final = encode_instr((BY_MNEMONIC["end"],))
_LONGEST_INDEX: Final = 5


class Instruction(NamedTuple):
    """What one of the added functions stands for."""

    op: Op
    memory: int
    offset: int


class _Place(NamedTuple):
    pos: int
    end: int
    instruction: Instruction


class Waits:
    """The waiting instructions of a module, each once, and where they stand."""

    def __init__(self, valid: ValidModule) -> None:
        self._mems = valid.context.mems
        self._places = list(_places(valid)) if any(type_.shared for type_ in self._mems) else []
        self.instructions: Final = list(dict.fromkeys(place.instruction for place in self._places))
        self._context = valid.context

    def add_to(self, sections: dict[str, bytes], start: int) -> int:
        """Replace them in the contents of sections, of which the code's begins at ``start`` in the module.

        Returns by how many bytes bodies stand further behind in their section.
        """
        if not self.instructions:
            return 0
        types, functions = len(self._context.types), len(self._context.funcs)
        globals_ = len(self._context.globals)
        signatures = [self.type_of(each) for each in self.instructions]
        added = {type_: types + index for index, type_ in enumerate(dict.fromkeys(signatures))}
        before = len(sections["code"])
        sections["code"] = self._patched(sections["code"], start, functions)
        indices = [added[type_] for type_ in signatures]
        _append(sections, "type", [_func_type(type_) for type_ in added])
        _append(sections, "func", [unsigned(index) for index in indices])
        _append(sections, "global", [_global(index) for index in indices])
        bodies = [
            _body(type_, globals_ + number, index)
            for number, (type_, index) in enumerate(zip(signatures, indices, strict=True))
        ]
        _append(sections, "code", bodies)
        return len(sections["code"]) - before - sum(map(len, bodies))

    def _patched(self, code: bytes, start: int, functions: int) -> bytes:
        patched = bytearray(code)
        indices = {each: functions + number for number, each in enumerate(self.instructions)}
        for pos, end, instruction in self._places:
            size = end - pos
            index = _padded(indices[instruction], min(size - 1, _LONGEST_INDEX))
            patched[pos - start : end - start] = (_CALL + index).ljust(size, _NOP)
        return bytes(patched)

    def type_of(self, instruction: Instruction) -> FuncType:
        """The type of the function that stands for an instruction."""
        given = {_NOTIFY: (I32,), _WAIT_32: (I32, I64), _WAIT_64: (I64, I64)}[instruction.op]
        return FuncType((self._mems[instruction.memory].addrtype, *given), (I32,))

    def connect(
        self, store: Store, mems: Sequence[MemInst], global_of: Callable[[int], Words]
    ) -> None:
        """Have the instructions of an instance wait at its memories; ``global_of`` gives the handles of its globals."""
        first = len(self._context.globals)
        for number, instruction in enumerate(self.instructions):
            type_ = func_def_type(self.type_of(instruction))
            func = FuncInst(type_, _function(store.turns, instruction, mems[instruction.memory]))
            handle, value = global_of(first + number), words(4)
            value[0] = V_FUNC
            store.lib.wasmtime_func_from_raw(
                store.context, store.func_raw(func), addressof(value) + 8
            )
            error = store.lib.wasmtime_global_set(
                store.context, addressof(handle), addressof(value)
            )
            check(store.lib, error)


def _function(turns: Turns, instruction: Instruction, memory: MemInst) -> Callable[..., int]:
    op, _, offset = instruction
    if op is _NOTIFY:
        return lambda address, count: atomics.notify(memory, address + offset, count)
    size, block = op.width >> 3, cast("SharedBlock", memory.block)

    def wait(address: int, expected: int, timeout: int) -> int:
        with turns.waiting(lambda: block.waiting(address + offset)):
            return atomics.wait(memory, address + offset, size, expected, timeout)

    return wait


def _places(valid: ValidModule) -> list[_Place]:
    """Where they stand in the module. Those that are not valid stay: Wasmtime says so."""
    codes = [func.code for func in valid.module.funcs]
    if not all(isinstance(code, BinaryCode) and code.data is valid.data for code in codes):
        codes = [func.code for func in decode_module(valid.data, valid.settings.features).funcs]
    found = []
    for code in codes:
        if not isinstance(code, BinaryCode):
            raise TypeError("decoded bodies have no offsets")
        data = code.data[code.start : code.end]
        if not any(beginning in data for beginning in _BEGINNINGS):
            continue
        try:
            found += _places_in(code, valid.context.mems)
        except DecodeError:  # Wasmtime says so, too
            continue
    return found


def _places_in(code: BinaryCode, mems: Sequence[MemType]) -> list[_Place]:
    found = []
    for stop in scan(code):
        if stop.instr[0] not in _OPS:
            continue
        op, memory, align, offset = stop.instr
        type_ = mems[memory] if memory < len(mems) else None
        natural = 1 << align == op.width >> 3
        if type_ is not None and type_.shared and natural and not offset >> type_.addrtype.bits:
            found.append(_Place(stop.pos, stop.end, Instruction(op, memory, offset)))
    return found


def _append(sections: dict[str, bytes], name: str, entries: Sequence[bytes]) -> None:
    """Add entries to a section, whose contents are a vector."""
    content = sections.get(name, b"\0")
    count, pos = read_u32(content, 0)
    sections[name] = unsigned(count + len(entries)) + content[pos:] + b"".join(entries)


def _func_type(type_: FuncType) -> bytes:
    params, results = (
        unsigned(len(types)) + b"".join(map(value_type, types))
        for types in (type_.params, type_.results)
    )
    return _FUNC_TYPE + params + results


def _global(typeidx: int) -> bytes:
    null = encode_instr((BY_MNEMONIC["ref.null"], typeidx))
    return _NULLABLE + signed(typeidx) + _MUTABLE + null + _END


def _body(type_: FuncType, globalidx: int, typeidx: int) -> bytes:
    instrs: list[Instr] = [(BY_MNEMONIC["local.get"], local) for local in range(len(type_.params))]
    instrs += [(BY_MNEMONIC["global.get"], globalidx), (BY_MNEMONIC["call_ref"], typeidx)]
    content = b"\0" + b"".join(map(encode_instr, instrs)) + _END
    return unsigned(len(content)) + content


def _padded(value: int, size: int) -> bytes:
    """An unsigned integer in a number of bytes."""
    low = bytes(value >> 7 * place & 0x7F | 0x80 for place in range(size - 1))
    return low + bytes((value >> 7 * (size - 1),))
