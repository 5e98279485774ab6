"""Modules that were decoded and validated: what is the same whatever engine runs them."""

from __future__ import annotations

from binascii import crc32
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pyjsapi.embedding.settings import Settings
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.errors import ValidationError
from pyjsapi.syntax.module import Export, Module
from pyjsapi.syntax.origins import origin_of
from pyjsapi.syntax.types import ExternType, FuncExtern, index_spaces
from pyjsapi.validation.context import Context
from pyjsapi.validation.limits import check_module_size

if TYPE_CHECKING:
    from pyjsapi.binary.names import Names
    from pyjsapi.embedding.wasm_frame import WasmFrame
    from pyjsapi.text.positions import Positions


class ValidModule:
    """A valid module. What an engine compiles it to is of a subclass, or keeps it."""

    __slots__ = ("__weakref__", "_names", "context", "data", "module", "settings")

    def __init__(self, data: bytes, module: Module, context: Context, settings: Settings) -> None:
        self.data = data
        """The binary, as given."""
        self.module = module
        self.context = context
        """Index spaces with closed types; imports first."""
        self.settings = settings
        self._names: tuple[str, dict[int, str]] | None = None

    @property
    def imported_funcs(self) -> int:
        """How many functions it imports: the index of the first that it defines."""
        return len(self.context.funcs) - len(self.module.funcs)

    def keep(self) -> None:
        """What an engine keeps of it for other processes is there when this returns; here nothing is kept."""

    def frame(self, funcidx: int, offset: int | None) -> WasmFrame:
        """What people are told of a place in a function; ``offset`` is that of the instruction in the module."""
        from pyjsapi.embedding.wasm_frame import WasmFrame  # seldom needed

        url, functions = self._developer_names()
        found = None if offset is None else _positions(self.data)
        place = None if found is None or offset is None else found.instruction(offset)
        line, column = (None, None) if place is None else place
        return WasmFrame(url, funcidx, functions.get(funcidx), offset, line, column)

    def local_names(self, funcidx: int) -> dict[int, str]:
        """What a function's parameters and locals are called, by their indices, as far as the module says."""
        return _names_of(self.module).locals.get(funcidx, {})

    def _developer_names(self) -> tuple[str, dict[int, str]]:
        found = self._names
        if found is None:
            names = _names_of(self.module)
            hashed = f"{crc32(self.data):08x}"
            name = hashed if names.module is None else f"{names.module}-{hashed}"
            exported = {
                each.index: each.name
                for each in reversed(self.module.exports)
                if each.kind == "func"
            }
            found = self._names = (f"wasm://wasm/{name}", exported | names.funcs)
        return found

    def exports(self) -> Iterator[tuple[Export, ExternType]]:
        """The exports with their closed types."""
        spaces = index_spaces(self.context)
        for export in self.module.exports:
            item = spaces[export.kind][export.index]
            yield export, FuncExtern(item) if isinstance(item, DefType) else item


def _names_of(module: Module) -> Names:
    from pyjsapi.binary.names import names_of  # seldom needed

    return names_of(module)


def valid_module(data: bytes, settings: Settings, *, bodies: bool = True) -> ValidModule:
    """Decode and validate a binary module. Raises `DecodeError`, `ValidationError` or `FeatureError`.

    Without ``bodies`` whoever asks must see to it that those of functions are valid: see `engines.native`.
    """
    # Programs whose modules are all in the code cache do without.
    from pyjsapi.binary.decoder import decode_module

    check_module_size(len(data), settings.limits)
    return validated(data, decode_module(data, settings.features), settings, bodies=bodies)


def validated(
    data: bytes, module: Module, settings: Settings, *, bodies: bool = True
) -> ValidModule:
    """Validate a module that was decoded from ``data``; otherwise as `valid_module`."""
    from pyjsapi.validation.module import validate_module

    try:
        context = validate_module(module, settings.features, settings.limits, bodies=bodies)
    except ValidationError as error:
        _locate(error, data, module, settings)
        raise
    return ValidModule(data, module, context, settings)


def _locate(error: ValidationError, data: bytes, module: Module, settings: Settings) -> None:
    """Find the name of the function that an error is in, or the byte offset of what it is about outside of them, and
    the place in the text if the module was made from one."""
    from pyjsapi.binary.decoder import item_offsets

    if error.funcidx is not None:
        error.func_name = _names_of(module).funcs.get(error.funcidx)
    if error.offset is None and error.item is not None:
        section, position = error.item
        error.offset = item_offsets(data, settings.features)[section][position]
    found = _positions(data)
    if found is not None:
        found.locate(error)


def _positions(data: bytes) -> Positions | None:
    """Where things stand in the text that a module was made from, if that is known."""
    if origin_of(data) is None:
        return None
    from pyjsapi.text.positions import positions  # seldom needed

    return positions(data)
