"""Functions as they stand in a binary module: an instruction to a line, with its offset."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final, cast

from pyjsapi.binary.body import BinaryCode
from pyjsapi.binary.decoder import decode_module
from pyjsapi.binary.names import names_of
from pyjsapi.syntax.module import Module
from pyjsapi.syntax.types import FuncType, extern_kind
from pyjsapi.text.printer_instructions import InstructionPrinter
from pyjsapi.text.printer_names import References

_CONTINUED: Final = "\n" + " " * 10


def disassemble(data: bytes, functions: Collection[int] | None = None) -> Iterator[str]:
    """The lines of functions, given by their indices, or of all that a module defines.

    Each begins with its index, identifier, exports and type; the offsets are those of messages and traces. Raises
    `DecodeError`; the module is not validated.
    """
    module = decode_module(data)
    printer = InstructionPrinter(module, names_of(module))
    imported = sum(extern_kind(import_.type) == "func" for import_ in module.imports)
    for index, func in enumerate(module.funcs, imported):
        if functions is None or index in functions:
            code = cast("BinaryCode", func.code)  # as of all that is decoded
            yield from _function(printer, module, index, func.typeidx, code)


def _function(
    printer: InstructionPrinter, module: Module, index: int, typeidx: int, code: BinaryCode
) -> Iterator[str]:
    type_ = printer.func_type_at(typeidx) or FuncType((), ())
    loaded = code.load()
    names = printer.names.locals.get(index, {})
    count = len(type_.params) + sum(times for times, _ in loaded.locals)
    exports = [each.name for each in module.exports if (each.kind, each.index) == ("func", index)]
    identifier = printer.funcs.identifiers.get(index)
    head = [f"function {index}", *([identifier] if identifier else []), str(type_)]
    yield " ".join([*head, *(f'(export "{_shown(name)}")' for name in exports)])
    for times, local in loaded.locals:
        yield f"          local {times} × {local}" if times > 1 else f"          local {local}"
    lines = printer.body(loaded.body, References(count, names), printer.names.labels.get(index, {}))
    for offset, line in zip(code.offsets(), [*lines, "  end"], strict=True):
        yield f"{offset:#08x}  {line[2:]}".replace("\n", _CONTINUED)
    yield ""


def _shown(name: str) -> str:
    return name if name.isprintable() else repr(name)[1:-1]
