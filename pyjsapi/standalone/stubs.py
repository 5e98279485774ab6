"""The types of a compiled module, for type checkers; they need no pyjsapi either."""

from __future__ import annotations

import keyword
import re
from typing import Any, Final

from pyjsapi.jsapi.function_signatures import FunctionSignature
from pyjsapi.jsapi.imported import is_program
from pyjsapi.jsapi.module import Module
from pyjsapi.standalone.python_module import has_exports, is_command, python_names
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.types import (
    F32,
    F64,
    I32,
    I64,
    ExternType,
    FuncType,
    GlobalType,
    MemType,
    TableType,
    TagType,
)

_NUMBERS: Final[dict[Any, str]] = {I32: "int", I64: "int", F32: "float", F64: "float"}
_USED: Final = {"Any", "bool", "float", "int", "list", "property", "str"}
"""What annotations name. Where an export is called so, they are written with their modules."""

_ANNOTATION: Final = re.compile(r"(: |-> |\[)(Any|bool|float|int|list|str)\b|@(property)\b")
_ANY: Final = "from typing import Any\n"

_TYPES: Final = """\
import typing as _pyjsapi_typing
from collections.abc import Iterator as _pyjsapi_Iterator
from typing import Any

_pyjsapi_T = _pyjsapi_typing.TypeVar("_pyjsapi_T")

class _pyjsapi_Memory(_pyjsapi_typing.Protocol):
    @property
    def buffer(self) -> Any: ...
    def grow(self, delta: Any, /) -> int: ...

class _pyjsapi_Table(_pyjsapi_typing.Protocol):
    @property
    def length(self) -> int: ...
    def get(self, index: Any, /) -> Any: ...
    def set(self, index: Any, value: Any = ..., /) -> None: ...
    def grow(self, delta: Any, value: Any = ..., /) -> int: ...

class _pyjsapi_Global(_pyjsapi_typing.Protocol[_pyjsapi_T]):
    value: _pyjsapi_T

"""
_PROGRAM: Final = """\
WASI: Any
ReadOnly: Any
"""
_COMMAND: Final = """\
def run(
    *arguments: str,
    imports: Any = None,
    env: Any = None,
    preopens: Any = None,
    stdin: Any = None,
    stdout: Any = None,
    stderr: Any = None,
) -> int: ...
def main(arguments: Any = None) -> int: ...
"""


def stub(module: Module) -> str:
    """The text of a stub file."""
    names = python_names(module)
    writer = _Writer(module)
    text = _TYPES
    text += "class _pyjsapi_Exports:\n" + writer.members(
        {name: name for name in names if not keyword.iskeyword(name) and name[:2] != "__"}, "    "
    )
    text += "".join(
        f"    def {line}: ...\n"
        for line in (
            "__getitem__(self, name: str, /) -> Any",
            "__contains__(self, name: object, /) -> bool",
            "__iter__(self) -> _pyjsapi_Iterator[str]",
            "__len__(self) -> int",
        )
    )
    program = is_program(module)
    wasi = ", *, wasi: Any = None" if program else ""
    text += "\nWebAssembly: Any\nmodule: Any\npyjsapi: Any\n" + (_PROGRAM if program else "")
    text += f"def instantiate(imports: Any = None{wasi}) -> _pyjsapi_Exports: ...\n"
    text += _COMMAND if is_command(module) else ""
    if has_exports(module):
        text += "exports: _pyjsapi_Exports\n" + writer.members(names, "")
    return _qualified(text) if not _USED.isdisjoint([*names, *names.values()]) else text


def _qualified(text: str) -> str:
    """The same with annotations that no export can be taken for."""

    def qualified(found: re.Match[str]) -> str:
        before, name, decorator = found.groups()
        if decorator:
            return f"@_pyjsapi_builtins.{decorator}"
        return f"{before}_pyjsapi_{'typing' if name == 'Any' else 'builtins'}.{name}"

    text = text.replace(_ANY, "")
    return "import builtins as _pyjsapi_builtins\n" + _ANNOTATION.sub(qualified, text)


class _Writer:
    """Writes declarations."""

    def __init__(self, module: Module) -> None:
        self._module = module

    def members(self, names: dict[str, str], indent: str) -> str:
        """A line for each export that has a name."""
        lines = [
            f"{indent}{self._declared(names[export.name], export.index, type_, bool(indent))}\n"
            for export, type_ in self._module._compiled.exports()
            if export.name in names
        ]
        return "".join(lines)

    def _declared(self, name: str, index: int, type_: ExternType, is_method: bool) -> str:
        if isinstance(type_, MemType):
            return f"{name}: _pyjsapi_Memory"
        if isinstance(type_, TableType):
            return f"{name}: _pyjsapi_Table"
        if isinstance(type_, GlobalType):
            return f"{name}: _pyjsapi_Global[{_NUMBERS.get(type_.valtype, 'Any')}]"
        if isinstance(type_, TagType):
            return f"{name}: Any"
        closed = type_.type
        func = closed.func if isinstance(closed, DefType) else FuncType((), ())
        parameters = self._parameters(index, func)
        results = [_NUMBERS.get(each, "Any") for each in func.results]
        result = "None" if not results else results[0] if len(results) == 1 else "list[Any]"
        given = [*(["self"] if is_method else []), *parameters, *(["/"] if parameters else [])]
        return f"def {name}({', '.join(given)}) -> {result}: ..."

    def _parameters(self, index: int, func: FuncType) -> list[str]:
        signature = FunctionSignature(func, lambda: self._module._compiled.local_names(index))
        types = [_NUMBERS.get(each, "Any") for each in func.params]
        found = zip(signature.parameters, types, strict=True)
        return [f"{name if name != 'self' else 'self_'}: {type_}" for name, type_ in found]
