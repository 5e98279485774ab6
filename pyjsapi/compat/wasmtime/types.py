"""The types of values, and of what modules import and export."""

from __future__ import annotations

from typing import Final, TypeAlias

from pyjsapi.compat.wasmtime.errors import WasmtimeError
from pyjsapi.compat.wasmtime.managed import Managed
from pyjsapi.syntax import types as core
from pyjsapi.syntax.deftypes import DefType, func_def_type
from pyjsapi.syntax.types import EXTERNREF, F32, F64, FUNCREF, I32, I64


class ValType(Managed):
    """The type of a value."""

    _type: core.ValType

    @classmethod
    def i32(cls) -> ValType:
        """Integers of 32 bits."""
        return _val_type(I32)

    @classmethod
    def i64(cls) -> ValType:
        """Integers of 64 bits."""
        return _val_type(I64)

    @classmethod
    def f32(cls) -> ValType:
        """Floats of 32 bits."""
        return _val_type(F32)

    @classmethod
    def f64(cls) -> ValType:
        """Floats of 64 bits."""
        return _val_type(F64)

    @classmethod
    def externref(cls) -> ValType:
        """References to any object of the host's, or null."""
        return _val_type(EXTERNREF)

    @classmethod
    def funcref(cls) -> ValType:
        """References to functions, or null."""
        return _val_type(FUNCREF)

    def __init__(self) -> None:
        raise WasmtimeError("cannot construct directly")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ValType):
            return False
        return core_type(self) == core_type(other)

    def __ne__(self, other: object) -> bool:
        return not self.__eq__(other)

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        type_ = core_type(self)
        return "anyref" if type_ is EXTERNREF else str(type_)


def _val_type(type_: core.ValType) -> ValType:
    made = ValType.__new__(ValType)
    made._type = type_
    return made


def core_type(given: object, message: str = "expected valtype") -> core.ValType:
    """The type itself. Raises `TypeError` with the message for what is no `ValType`."""
    if not isinstance(given, ValType):
        raise TypeError(message)
    given._check_open()
    return given._type


class Limits:
    """Smallest and largest size; ``None`` for no largest one."""

    def __init__(self, min: int, max: int | None) -> None:
        self.min = min
        self.max = max

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Limits):
            return False
        return self.min == other.min and self.max == other.max


def _check_limits(limits: object) -> None:
    if not isinstance(limits, Limits):
        raise TypeError("expected Limits")


class FuncType(Managed):
    """The type of a function: its parameters and results."""

    _type: DefType

    def __init__(self, params: list[ValType], results: list[ValType]) -> None:
        self._type = func_def_type(
            core.FuncType(
                tuple(core_type(each, "expected ValType") for each in params),
                tuple(core_type(each, "expected ValType") for each in results),
            )
        )

    @property
    def params(self) -> list[ValType]:
        """Types of the parameters."""
        return [_val_type(each) for each in def_type(self).func.params]

    @property
    def results(self) -> list[ValType]:
        """Types of the results."""
        return [_val_type(each) for each in def_type(self).func.results]


def def_type(given: object) -> DefType:
    """The type of a function itself. Raises `TypeError` for what is no `FuncType`."""
    if not isinstance(given, FuncType):
        raise TypeError("expected a FuncType")
    given._check_open()
    return given._type


class GlobalType(Managed):
    """The type of a global."""

    _type: core.GlobalType

    def __init__(self, valtype: ValType, mutable: bool) -> None:
        self._type = core.GlobalType(core_type(valtype), bool(mutable))

    @property
    def content(self) -> ValType:
        """Type of its value."""
        self._check_open()
        return _val_type(self._type.valtype)

    @property
    def mutable(self) -> bool:
        """Whether its value may change."""
        self._check_open()
        return self._type.mutable


class TableType(Managed):
    """The type of a table; sizes in elements."""

    _type: core.TableType

    def __init__(self, valtype: ValType, limits: Limits) -> None:
        _check_limits(limits)
        element = core_type(valtype)
        if not isinstance(element, core.RefType):
            raise WasmtimeError("failed to allocate TableType")
        if limits.max is not None and limits.max < limits.min:
            raise WasmtimeError("maximum table size cannot be smaller than the minimum table size")
        self._type = core.TableType(I32, limits.min, limits.max, element)

    @property
    def element(self) -> ValType:
        """Type of its elements."""
        self._check_open()
        return _val_type(self._type.reftype)

    @property
    def limits(self) -> Limits:
        """Its sizes."""
        self._check_open()
        return Limits(self._type.minimum, self._type.maximum)


_PAGE_SIZES: Final = (0, core.PAGE_SIZE_LOG2)


class MemoryType(Managed):
    """The type of a memory; sizes in pages of 64 KiB, or of one byte with ``page_size_log2=0``."""

    _type: core.MemType

    def __init__(
        self, limits: Limits, is_64: bool = False, shared: bool = False, page_size_log2: int = 16
    ) -> None:
        _check_limits(limits)
        most = 1 << (64 if is_64 else 32)
        if limits.min >= most:
            raise WasmtimeError("minimum size too large")
        if limits.max and limits.max >= most:
            raise WasmtimeError("maximum size too large")
        if page_size_log2 not in _PAGE_SIZES:
            raise WasmtimeError(
                f"page size must be 2**16 or 2**0, but was given 2**{page_size_log2}"
            )
        if limits.min > most >> page_size_log2:
            raise WasmtimeError("minimum size is too large for this memory type's index type")
        if limits.max is not None and limits.max < limits.min:
            raise WasmtimeError("maximum page size cannot be smaller than the minimum page size")
        if shared and limits.max is None:
            raise WasmtimeError("shared memories must have a maximum size")
        self._type = core.MemType(
            I64 if is_64 else I32, limits.min, limits.max, bool(shared), page_size_log2
        )

    @property
    def limits(self) -> Limits:
        """Its sizes."""
        return Limits(mem_type(self).minimum, mem_type(self).maximum)

    @property
    def is_64(self) -> bool:
        """Whether it has addresses of 64 bits."""
        return mem_type(self).addrtype is I64

    @property
    def is_shared(self) -> bool:
        """Whether threads can share it."""
        return mem_type(self).shared

    @property
    def page_size(self) -> int:
        """Bytes of a page."""
        return mem_type(self).page_size

    @property
    def page_size_log2(self) -> int:
        """Their binary logarithm."""
        return mem_type(self).page_size_log2


def mem_type(given: MemoryType) -> core.MemType:
    """The type itself."""
    given._check_open()
    return given._type


class TagType(Managed):
    """The type of a tag: what its exceptions carry are the parameters of a function type."""

    _type: core.TagType

    def __init__(self, functype: FuncType) -> None:
        self._type = core.TagType(def_type(functype))
        functype._consume()

    @property
    def functype(self) -> FuncType:
        """The function type."""
        self._check_open()
        return func_type(_closed(self._type.type))


AsExternType: TypeAlias = FuncType | TableType | MemoryType | GlobalType | TagType
"""The type of something that modules import or export."""


def func_type(type_: DefType) -> FuncType:
    """A function type of the core's."""
    made = FuncType.__new__(FuncType)
    made._type = type_
    return made


def global_type(type_: core.GlobalType) -> GlobalType:
    """A global type of the core's."""
    made = GlobalType.__new__(GlobalType)
    made._type = type_
    return made


def table_type(type_: core.TableType) -> TableType:
    """A table type of the core's."""
    made = TableType.__new__(TableType)
    made._type = type_
    return made


def memory_type(type_: core.MemType) -> MemoryType:
    """A memory type of the core's."""
    made = MemoryType.__new__(MemoryType)
    made._type = type_
    return made


def tag_type(type_: core.TagType) -> TagType:
    """A tag type of the core's."""
    made = TagType.__new__(TagType)
    made._type = type_
    return made


def extern_type(type_: core.ExternType) -> AsExternType:
    """A closed type of the core's."""
    if isinstance(type_, core.FuncExtern):
        return func_type(_closed(type_.type))
    if isinstance(type_, core.TableType):
        return table_type(type_)
    if isinstance(type_, core.MemType):
        return memory_type(type_)
    if isinstance(type_, core.GlobalType):
        return global_type(type_)
    return tag_type(type_)


def _closed(type_: DefType | int) -> DefType:
    if isinstance(type_, int):
        raise WasmtimeError("the type is not closed")
    return type_


class ImportType(Managed):
    """An import of a module: its two names and its type."""

    _names: tuple[str, str]
    _type: core.ExternType

    @property
    def module(self) -> str:
        """The module that it is from."""
        self._check_open()
        return self._names[0]

    @property
    def name(self) -> str | None:
        """Its name there."""
        self._check_open()
        return self._names[1]

    @property
    def type(self) -> AsExternType:
        """Its type."""
        self._check_open()
        return extern_type(self._type)


def import_type(module: str, name: str, type_: core.ExternType) -> ImportType:
    """An import."""
    made = ImportType.__new__(ImportType)
    made._names, made._type = (module, name), type_
    return made


class ExportType(Managed):
    """An export of a module: its name and its type."""

    _name: str
    _type: core.ExternType

    @property
    def name(self) -> str:
        """Its name."""
        self._check_open()
        return self._name

    @property
    def type(self) -> AsExternType:
        """Its type."""
        self._check_open()
        return extern_type(self._type)


def export_type(name: str, type_: core.ExternType) -> ExportType:
    """An export."""
    made = ExportType.__new__(ExportType)
    made._name, made._type = name, type_
    return made
