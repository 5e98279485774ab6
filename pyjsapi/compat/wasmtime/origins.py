"""Modules that calls are in: their names, and where their functions begin."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from pyjsapi.binary.body import BinaryCode

if TYPE_CHECKING:
    from pyjsapi.binary.names import Names
    from pyjsapi.embedding.valid_module import ValidModule


class Origin:
    """A module, read as far as somebody asks."""

    def __init__(self, valid: ValidModule) -> None:
        self._valid = valid

    @cached_property
    def _names(self) -> Names:
        from pyjsapi.binary.names import names_of

        return names_of(self._valid.module)

    @property
    def module_name(self) -> str | None:
        """The module's name in the name section."""
        return self._names.module

    def name_of(self, index: int) -> str | None:
        """A function's name in the name section."""
        return self._names.funcs.get(index)

    def start_of(self, index: int) -> int | None:
        """Byte offset in the module of a function's locals, which its code follows; ``None`` if that is not known."""
        code = self._valid.module.funcs[index - self._valid.imported_funcs].code
        return code.start if isinstance(code, BinaryCode) else None


def origin_of(url: str, modules: Iterable[ValidModule]) -> Origin | None:
    """The module that developer tools name so, if it is among those."""
    for valid in modules:
        if valid.frame(0, None).module == url:
            return Origin(valid)
    return None
