"""What the workbench asks pyjsapi, in Pyodide and in tests: plain values and bytes go in and come out.

The page loads this file into Pyodide beside ``pyjsapi``; it needs nothing else.
"""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any, Final, cast

import pyjsapi
from pyjsapi import WebAssembly
from pyjsapi.binary.decoder import decode_module
from pyjsapi.embedding.settings import DEFAULT_SETTINGS
from pyjsapi.embedding.valid_module import valid_module
from pyjsapi.lowering import LoweringError
from pyjsapi.lowering import lower as lowered
from pyjsapi.syntax.errors import DecodeError, ParseError, ValidationError, WasmError
from pyjsapi.syntax.op import Imm
from pyjsapi.syntax.types import extern_kind
from pyjsapi.text import wasm2wat, wat2wasm
from pyjsapi.text.disassembly import disassemble
from pyjsapi.text.positions import positions

if TYPE_CHECKING:
    from pyjsapi.binary.body import BinaryCode
    from pyjsapi.compiler.module import CompiledModule

Answer = dict[str, Any]

_LINKS: Final = {
    Imm.FUNC: "func", Imm.TYPE: "type", Imm.TYPE_TABLE: "type", Imm.TYPE_FIELD: "type", Imm.TYPE_COUNT: "type",
    Imm.TYPE_DATA: "type", Imm.TYPE_ELEM: "type", Imm.TYPE_TYPE: "type", Imm.DATA: "data", Imm.DATA_MEM: "data",
}  # fmt: skip
"""Where an instruction leads: what its first immediate is the index of."""


def versions() -> Answer:
    """The versions of what answers here."""
    return {"pyjsapi": pyjsapi.__version__, "python": platform.python_version()}


def assemble(text: str) -> Answer:
    """``bytes`` of the module that a text is, and ``error`` with its ``line`` and ``column``, from 1.

    Of a module that can be assembled but is not valid there are both.
    """
    try:
        data = wat2wasm(text)
    except ParseError as error:
        return _mistake(error, error.line, error.column)
    try:
        valid_module(data, DEFAULT_SETTINGS)
    except ValidationError as error:
        return {"bytes": data, **_mistake(error, error.line or 1, error.column)}
    except WasmError as error:
        return {"bytes": data, **_mistake(error, 1, 1)}
    return {"bytes": data}


def _mistake(error: WasmError, line: int, column: int) -> Answer:
    return {"error": str(error), "message": error.message, "line": line, "column": column}


def validate(data: bytes) -> Answer:
    """Whether a module is valid; if not, ``error`` says why and where."""
    try:
        valid_module(bytes(data), DEFAULT_SETTINGS)
    except (DecodeError, ValidationError) as error:
        return {"error": str(error)}
    return {}


def print_text(data: bytes) -> Answer:
    """The ``text`` of a module, or an ``error``."""
    try:
        return {"text": wasm2wat(bytes(data))}
    except (DecodeError, ValueError) as error:
        return {"error": str(error)}


def lower(data: bytes) -> Answer:
    """The ``bytes`` of the module with one memory, or an ``error``."""
    try:
        return {"bytes": lowered(bytes(data))}
    except (DecodeError, ValidationError, LoweringError) as error:
        return {"error": str(error)}


def function(data: bytes, index: int) -> Answer:
    """A function of a valid module as it stands there, and as Python.

    ``head`` are the lines before the instructions, ``lines`` the instructions: ``offset``, ``text``, and where they
    lead, ``kind`` (``func``, ``type``, ``data``) and ``index``. ``source`` is what it is compiled to.
    """
    data = bytes(data)
    try:
        compiled = cast("CompiledModule", WebAssembly.Module(data)._compiled)
    except WebAssembly.CompileError as error:
        return {"error": str(error)}
    module = compiled.module
    imported = sum(extern_kind(one.type) == "func" for one in module.imports)
    code = cast("BinaryCode", module.funcs[index - imported].code)
    body = code.load().body
    text = list(disassemble(data, {index}))[:-1]
    instructions = text[len(text) - len(body) :]
    lines = [
        {"offset": line[:8], "text": line[10:], **_link(instr)}
        for line, instr in zip(instructions, body, strict=True)
    ]
    return {"head": text[: -len(body)], "lines": lines, "source": compiled.source(index)}


def _link(instr: Any) -> Answer:
    kind = _LINKS.get(instr[0].imm)
    return {} if kind is None else {"kind": kind, "index": instr[1]}


def place(text: str, line: int, column: int) -> Answer:
    """The ``offset`` in the binary of the instruction at, or last before, a place of the text it was assembled from.

    Nothing if the place is in no function's body, or the text is no module.
    """
    try:
        data = wat2wasm(text)
    except ParseError:
        return {}
    found = positions(data)
    if found is None:
        return {}
    best: Answer = {}
    best_at = (0, 0)
    for func in decode_module(data).funcs:
        offsets = list(cast("BinaryCode", func.code).offsets())
        for offset in offsets[:-1]:
            at = found.instruction(offset)
            if at is not None and best_at < at <= (line, column):
                best, best_at = {"offset": offset}, at
    return best
