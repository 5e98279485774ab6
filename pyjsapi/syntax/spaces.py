"""Which index space belongs to which kind of extern (core specification, "Modules: Indices")."""

from __future__ import annotations

from typing import Protocol, TypeVar

__all__ = ["IndexSpaces", "index_spaces"]

_Funcs = TypeVar("_Funcs", covariant=True)
_Tables = TypeVar("_Tables", covariant=True)
_Mems = TypeVar("_Mems", covariant=True)
_Globals = TypeVar("_Globals", covariant=True)
_Tags = TypeVar("_Tags", covariant=True)


class IndexSpaces(Protocol[_Funcs, _Tables, _Mems, _Globals, _Tags]):
    """Whatever has something for each of them: types, instances, identifiers."""

    @property
    def funcs(self) -> _Funcs: ...
    @property
    def tables(self) -> _Tables: ...
    @property
    def mems(self) -> _Mems: ...
    @property
    def globals(self) -> _Globals: ...
    @property
    def tags(self) -> _Tags: ...


def index_spaces(
    holder: IndexSpaces[_Funcs, _Tables, _Mems, _Globals, _Tags],
) -> dict[str, _Funcs | _Tables | _Mems | _Globals | _Tags]:
    """The index spaces of something, by the kinds in `EXTERN_KINDS`."""
    return {
        "func": holder.funcs,
        "table": holder.tables,
        "memory": holder.mems,
        "global": holder.globals,
        "tag": holder.tags,
    }
