"""Modules whose functions are edited and that get more functions; every index of the original stays what it is."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from pyjsapi.binary.body import BinaryCode
from pyjsapi.binary.branch_hints import SECTION as HINTS
from pyjsapi.binary.decoder import decode_module
from pyjsapi.binary.encoder import encode_module
from pyjsapi.binary.names import SECTION_NAME, decode_names, set_names
from pyjsapi.rewriting.builder import Builder
from pyjsapi.rewriting.hints import map_hints
from pyjsapi.rewriting.instrs import written
from pyjsapi.rewriting.units import Body, Locals, assemble, beyond_limits
from pyjsapi.syntax.errors import DecodeError
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.module import Export, Func, Instr, Module
from pyjsapi.syntax.types import FuncExtern, FuncType, GlobalType, MemType, NumType, ValType
from pyjsapi.tools.errors import ToolError
from pyjsapi.validation.limits import Limits
from pyjsapi.validation.module import validate_module


def read(data: bytes, *, validate: bool) -> Module:
    """The module that a tool is given. Raises `DecodeError` or `ValidationError`."""
    module = decode_module(_bytes_of(data))
    if validate:
        validate_module(module, Features(memory_control=True), Limits())
    return module


def code_of(func: Func) -> BinaryCode:
    """The code of a function of a decoded module."""
    if not isinstance(func.code, BinaryCode):
        raise TypeError("only the code of a decoded module can be edited")
    return func.code


class EditedModule:
    """A decoded module under change. What is added comes after everything that is there."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.imported_functions = len(module.imported(FuncExtern))
        self._defined = len(module.funcs)
        self._comps = [sub.comp for rec in module.types for sub in rec.subtypes]
        self._builder = Builder(module)
        self._names: dict[int, str] = {}

    def add_memory(self, type_: MemType, export: str) -> int:
        """The index of an added memory, which is exported."""
        index = self.add_private_memory(type_)
        self.export(export, "memory", index)
        return index

    def add_private_memory(self, type_: MemType) -> int:
        """The index of an added memory."""
        index = len(self.module.mem_types)
        most = Limits().memories
        if index >= most:
            raise ToolError(f"one memory more would be {index + 1}, and engines allow {most}")
        self.module.mems.append(type_)
        return index

    def add_global(self, type_: NumType, value: int = 0) -> int:
        """The index of an added mutable global."""
        index = len(self.module.global_types)
        self._builder.add_global(GlobalType(type_, True), written(f"{type_}.const {value}")[0])
        return index

    def add_function(
        self, key: Hashable, type_: FuncType, locals_: Sequence[ValType], body: list[Instr]
    ) -> int:
        """The index of an added function; the key is its name too where it is a string."""
        position = self._builder.add(key, type_, locals_, body)
        index = self.imported_functions + self._defined + position
        if isinstance(key, str):
            self._names[index] = key
        return index

    def known(self, key: Hashable) -> int | None:
        """The index of a function that has been added."""
        position = self._builder.has(key)
        return None if position is None else self.imported_functions + self._defined + position

    def export(self, name: str, kind: str, index: int) -> None:
        """Export something that was added. Raises `ToolError` if the name is taken."""
        if any(export.name == name for export in self.module.exports):
            raise ToolError(
                f"the module has an export {name!r} already: was the tool run on its own output?"
            )
        self.module.exports.append(Export(name, kind, index))

    def bodies(self) -> list[Body]:
        """The functions that the module defines, without edits yet."""
        return [Body(code_of(func), func.typeidx) for func in self.module.funcs]

    def locals_of(self, body: Body) -> Locals:
        """The locals of a function, to which some can be added."""
        if body.locals is None:
            comp = self._comps[body.typeidx]
            if not isinstance(comp, FuncType):
                raise TypeError(f"type {body.typeidx} is no function type")
            body.locals = Locals(body.code, comp)
        return body.locals

    def finish(self, bodies: Iterable[Body]) -> bytes:
        """The module's bytes, with the functions that it defined as they have become. To be called once."""
        offsets: dict[int, list[tuple[int, int]]] = {}
        for position, body in enumerate(bodies):
            func = self.module.funcs[position]
            index = self.imported_functions + position
            code = assemble(body, int, int, offsets.setdefault(index, []))
            excess = beyond_limits(body, code)
            if excess is not None:
                raise ToolError(
                    f"the function would have {excess}", funcidx=index, offset=body.code.start
                )
            self.module.funcs[position] = Func(func.typeidx, code)
        self.module.customs = [
            map_hints(custom, int, offsets) if custom.name == HINTS else custom
            for custom in self.module.customs
        ]
        module = self._builder.finish()
        self._add_names(module)
        return encode_module(module)

    def _add_names(self, module: Module) -> None:
        """Name what was added in a module that has names."""
        for custom in module.customs:
            if custom.name == SECTION_NAME:
                try:
                    names = decode_names(custom.data)
                except DecodeError:
                    return
                names.funcs.update(self._names)
                set_names(module, names)
                return


def _bytes_of(data: bytes) -> bytes:
    """What the bytes are; `TypeError` for what has none, as a number, of which `bytes` would make so many zeros."""
    try:
        return memoryview(data).tobytes()
    except TypeError:
        raise TypeError(f"the bytes of a module are needed, not {type(data).__name__}") from None
