"""SQLite as published on npm (sql.js), with a counter in a second memory for every function and loop."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pyjsapi.binary.decoder import decode_module
from pyjsapi.binary.encoder import encode_module
from pyjsapi.lowering import Options, lower
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import Code, Export, Func, Instr, Module
from pyjsapi.syntax.types import I32, I64, PAGE_SIZE, FuncType, MemType, RecType, SubType

ROOT: Final = Path(__file__).resolve().parents[2]
SQLITE: Final = ROOT / "node_modules/sql.js/dist/sql-wasm.wasm"
COUNTERS: Final = "pyjsapi counters"
"""Name under which the second memory is exported."""
COUNT: Final = "pyjsapi count"
"""Name of an exported function that gives a counter, i32 -> i64."""

_LOOP: Final = BY_MNEMONIC["loop"]


def instrument(data: bytes) -> bytes:
    """The module with counters, in a second memory that is exported."""
    module = decode_module(data)
    count = 0

    def increment() -> list[Instr]:
        nonlocal count
        offset = 8 * count
        count += 1
        zero: Instr = (BY_MNEMONIC["i32.const"], 0)
        return [
            zero,
            zero,
            (BY_MNEMONIC["i64.load"], 1, 3, offset),
            (BY_MNEMONIC["i64.const"], 1),
            BY_MNEMONIC["i64.add"].instr,
            (BY_MNEMONIC["i64.store"], 1, 3, offset),
        ]

    funcs = []
    for func in module.funcs:
        code = func.code.load()
        body = increment()
        for instr in code.body:
            body.append(instr)
            if instr[0] is _LOOP:
                body += increment()
        funcs.append(Func(func.typeidx, Code(code.locals, body)))
    module.funcs = funcs
    read = [
        (BY_MNEMONIC["local.get"], 0),
        (BY_MNEMONIC["i64.load"], 1, 3, 0),
        BY_MNEMONIC["end"].instr,
    ]
    module.funcs.append(Func(_type_of_reader(module), Code((), read)))
    module.exports.append(Export(COUNT, "func", len(module.func_typeidxs) - 1))
    pages = -(-8 * count // PAGE_SIZE)
    module.mems.append(MemType(I32, pages, pages))
    module.exports.append(Export(COUNTERS, "memory", 1))
    return encode_module(module)


def _type_of_reader(module: Module) -> int:
    module.types.append(RecType((SubType(True, (), FuncType((I32,), (I64,))),)))
    return sum(len(rec.subtypes) for rec in module.types) - 1


def modules() -> dict[str, bytes]:
    """The module as it is, instrumented, and lowered."""
    data = SQLITE.read_bytes()
    public = instrument(data)
    return {
        "original": data,
        "instrumented": public,
        "lowered": lower(public),
        "lowered, accessors only": lower(public, options=Options(outline=False, windows=False)),
    }
