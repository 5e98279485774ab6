"""What Python tells of an Exported Function when it is asked: `help` and `inspect.signature`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from keyword import iskeyword
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from pyjsapi.syntax.types import FuncType

Names: TypeAlias = Callable[[], Mapping[int, str]]
"""Gives the names of a function's locals, by their indices."""


def _no_names() -> Mapping[int, str]:
    return {}


class _Type(str):
    """The name of a type, shown without quotation marks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class FunctionSignature(inspect.Signature):
    """The parameters and results of a function type; names, which need decoding, are read when they are asked for.

    All parameters are positional. That JavaScript may leave some out, and give more, is not said.
    """

    __slots__ = ("_type", "names")

    def __init__(self, type_: FuncType, names: Names = _no_names) -> None:
        self._type: Final = type_
        self.names = names

    @property
    def parameters(self) -> MappingProxyType[str, inspect.Parameter]:
        """By name, in order; ``a0``, ``a1`` … where the module has no name for Python."""
        names = self.names()
        found: dict[str, inspect.Parameter] = {}
        for i, type_ in enumerate(self._type.params):
            name = names.get(i, "")
            if not name.isidentifier() or iskeyword(name) or name in found:
                name = f"a{i}"
            found[name] = inspect.Parameter(
                name, inspect.Parameter.POSITIONAL_ONLY, annotation=_Type(type_)
            )
        return MappingProxyType(found)

    @property
    def return_annotation(self) -> Any:
        """The result, ``None``, or a list of results."""
        results = [_Type(type_) for type_ in self._type.results]
        return results[0] if len(results) == 1 else results or None

    def _plain(self) -> inspect.Signature:
        return inspect.Signature(
            list(self.parameters.values()), return_annotation=self.return_annotation
        )

    def replace(self, **changes: Any) -> inspect.Signature:  # type: ignore[override]
        """See `inspect.Signature.replace`."""
        return self._plain().replace(**changes)

    def __reduce__(self) -> Any:
        return self._plain().__reduce__()
