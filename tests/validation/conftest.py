"""Builds modules from a compact notation, so that tests of validation need neither text nor bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from pyjsapi.syntax.features import Features
from pyjsapi.syntax.instructions import BY_MNEMONIC, SELECT_TYPED, Imm
from pyjsapi.syntax.module import Active, Code, Data, Elem, Func, Global, Instr, Module, Table
from pyjsapi.syntax.types import (
    EXTERN,
    EXTERNREF,
    F32,
    F64,
    FUNC,
    FUNCREF,
    I32,
    I64,
    V128,
    FuncType,
    GlobalType,
    HeapType,
    MemType,
    RecType,
    SubType,
    TableType,
    ValType,
    ref_type,
)
from pyjsapi.validation.context import Context
from pyjsapi.validation.limits import Limits
from pyjsapi.validation.module import validate_module

NAMES: dict[str, ValType] = {
    "i32": I32,
    "i64": I64,
    "f32": F32,
    "f64": F64,
    "v128": V128,
    "funcref": FUNCREF,
    "externref": EXTERNREF,
    "ref_func": ref_type(False, FUNC),
    "ref_extern": ref_type(False, EXTERN),
    "ref_0": ref_type(False, 0),
    "ref_null_0": ref_type(True, 0),
    "ref_1": ref_type(False, 1),
    "ref_null_1": ref_type(True, 1),
}


WORDS: dict[str, ValType | HeapType] = {**NAMES, "func": FUNC, "extern": EXTERN}


def val_types(text: str) -> tuple[ValType, ...]:
    return tuple(NAMES[word] for word in text.split())


def rec(params: str = "", results: str = "") -> RecType:
    return RecType((SubType(True, (), FuncType(val_types(params), val_types(results))),))


def instrs(text: str) -> list[Instr]:
    """Instructions divided by ";": a mnemonic, then integers, names of types or "_" for no block type.

    ``br_table`` takes its last label as the default; ``select`` with types takes them all;
    one lane of ``i8x16.shuffle`` stands for sixteen.
    """
    found: list[Instr] = []
    for part in text.split(";"):
        words = part.split()
        if not words:
            continue
        op = BY_MNEMONIC[words[0]]
        immediates = [
            None if word == "_" else WORDS[word] if word in WORDS else int(word, 0)
            for word in words[1:]
        ]
        if words[0] == "br_table":
            found.append((op, tuple(immediates[:-1]), immediates[-1]))
        elif op.imm is Imm.LANES16:
            lanes = [lane for lane in immediates if isinstance(lane, int)]
            found.append((op, tuple(lanes * 16 if len(lanes) == 1 else lanes)))
        elif words[0] == "select" and immediates:
            found.append((SELECT_TYPED, tuple(t for t in immediates if t is not None)))
        else:
            found.append((op, *immediates))
    return found


def surroundings() -> Module:
    """A module with something of everything; the function under test becomes number 4.

    types 0 [] -> [], 1 [i32 i64] -> [f32], 2 [] -> [i32 f64], 3 [i32] -> [i32]
    functions 0-3 of types 0-3 (0 and 1 may be named by ref.func)
    memories 0 i32, 1 i64, 2 i32; tables 0 funcref, 1 externref, 2 funcref with 64-bit addresses, 3 (ref null 0)
    globals 0 i32, 1 mutable i32, 2 mutable f64, 3 (ref 0)
    element segments 0 funcref, 1 externref; data segment 0
    """
    end = "end"
    bodies = ["end", "f32.const 0; end", "i32.const 0; f64.const 0; end", "local.get 0; end"]
    null = {name: instrs(f"ref.null {name}; {end}") for name in ("func", "extern")}
    return Module(
        types=[rec(), rec("i32 i64", "f32"), rec("", "i32 f64"), rec("i32", "i32")],
        funcs=[Func(i, Code((), instrs(body))) for i, body in enumerate(bodies)],
        mems=[MemType(I32, 1, 2), MemType(I64, 1, None), MemType(I32, 0, None)],
        tables=[
            Table(TableType(I32, 1, None, FUNCREF), None),
            Table(TableType(I32, 1, None, EXTERNREF), None),
            Table(TableType(I64, 1, 3, FUNCREF), None),
            Table(TableType(I32, 1, 3, ref_type(True, 0)), None),
        ],
        globals=[
            Global(GlobalType(I32, False), instrs("i32.const 7; end")),
            Global(GlobalType(I32, True), instrs("i32.const 7; end")),
            Global(GlobalType(F64, True), instrs("f64.const 0; end")),
            Global(GlobalType(ref_type(False, 0), False), instrs("ref.func 0; end")),
        ],
        elems=[
            Elem(FUNCREF, [null["func"], instrs("ref.func 1; end")], "passive"),
            Elem(EXTERNREF, [null["extern"]], "passive"),
        ],
        datas=[Data(b"abc", Active(0, instrs("i32.const 0; end")))],
        data_count=1,
    )


ValidateBody = Callable[..., Context]


@pytest.fixture
def validate_body() -> ValidateBody:
    """Validates one function among `surroundings`; its body is given without the last ``end``."""

    def validate(
        body: str,
        params: str = "",
        results: str = "",
        locals_: Sequence[tuple[int, str]] = (),
        features: Features | None = None,
        limits: Limits | None = None,
    ) -> Context:
        module = surroundings()
        module.types.append(rec(params, results))
        groups = tuple((count, NAMES[name]) for count, name in locals_)
        module.funcs.append(Func(4, Code(groups, [*instrs(body), *instrs("end")])))
        return validate_module(module, features or Features(), limits or Limits())

    return validate


@pytest.fixture
def build() -> Callable[[str], list[Instr]]:
    """The parser of the notation: a list of instructions from text."""
    return instrs


@pytest.fixture
def functype() -> Callable[..., RecType]:
    """A function type as a recursion group of its own: names of parameters, names of results."""
    return rec


@pytest.fixture
def whole() -> Callable[[], Module]:
    """Makes `surroundings` anew."""
    return surroundings
