"""The modules that are compared: a kernel as it is, lowered, and rewritten by hand's rule for one memory."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pyjsapi.binary.decoder import decode_module
from pyjsapi.binary.encoder import encode_module
from pyjsapi.lowering import lower
from pyjsapi.syntax.instructions import BY_MNEMONIC, Imm
from pyjsapi.syntax.module import Active, Code, Data, Func, Instr, Module
from pyjsapi.syntax.types import I32, MemType
from pyjsapi.text import wat2wasm

KERNELS: Final = Path(__file__).with_name("kernels")
_BASE: Final = 8 << 20
"""Bytes between the beginnings of the memories in the module with one memory: their size is below."""


def names() -> list[str]:
    """The kernels, by name."""
    return sorted(path.stem for path in KERNELS.glob("*.wat"))


def variants(name: str) -> dict[str, bytes]:
    """A kernel's modules.

    "public" and "private" are the kernel itself, with and without its memories among its exports; "… lowered" what
    lowering makes of them; "single" has one memory, in which all others have a place.
    """
    public = wat2wasm((KERNELS / f"{name}.wat").read_text())
    private = _without_memory_exports(public)
    return {
        "public": public,
        "private": private,
        "single": _single(public),
        "public lowered": lower(public),
        "private lowered": lower(private),
    }


def _without_memory_exports(data: bytes) -> bytes:
    module = decode_module(data)
    module.exports = [export for export in module.exports if export.kind != "memory"]
    return encode_module(module)


def _single(data: bytes) -> bytes:
    module = decode_module(data)
    count = len(module.mems)
    pages = count * _BASE >> 16
    module.mems = [MemType(I32, pages, None)]
    module.exports = [e for e in module.exports if e.kind != "memory" or e.index == 0]
    module.funcs = [Func(func.typeidx, _single_code(func, module)) for func in module.funcs]
    module.datas = [_single_data(data) for data in module.datas]
    return encode_module(module)


def _single_data(data: Data) -> Data:
    mode = data.mode
    if not isinstance(mode, Active):
        return data
    offset = mode.offset[0][1] + mode.index * _BASE
    return Data(data.init, Active(0, [(BY_MNEMONIC["i32.const"], offset), *mode.offset[1:]]))


def _single_code(func: Func, module: Module) -> Code:
    code = func.code.load()
    body: list[Instr] = []
    for instr in code.body:
        op, *rest = instr
        if op.imm is Imm.MEMARG:
            memory, align, offset = rest
            body.append((op, 0, align, offset + memory * _BASE))
        elif op.imm is Imm.MEM_MEM:
            body += _single_copy(*rest)
        elif op.imm in (Imm.MEM, Imm.DATA_MEM, Imm.MEMARG_LANE):
            raise ValueError(f"{op} is not used in kernels")
        else:
            body.append(instr)
    return Code(code.locals, body)


def _single_copy(to: int, from_: int) -> list[Instr]:
    """The kernels copy from memory 0 in functions whose parameters are the operands."""
    if from_ != 0:
        raise ValueError("kernels copy from memory 0")
    get, const = BY_MNEMONIC["local.get"], BY_MNEMONIC["i32.const"]
    drop, add = BY_MNEMONIC["drop"].instr, BY_MNEMONIC["i32.add"].instr
    operands = [(get, 0), (const, to * _BASE), add, (get, 1), (get, 2)]
    return [drop, drop, drop, *operands, (BY_MNEMONIC["memory.copy"], 0, 0)]
