"""The engine as JavaScript's WebAssembly namespace calls it (index.bs, "The WebAssembly Namespace").

JavaScript has read, checked and converted the arguments; here are the store's objects. Numbers are canonical, as the
link layer gives them; sizes are in pages and elements. What is raised, `errors.error_kind` explains to JavaScript.
"""

from __future__ import annotations

import re
import sys
from array import array as units
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

from pyjsapi.bridge.face.errors import InvalidModule, OutOfRange, WrongType
from pyjsapi.bridge.face.values import signature_code, type_code, type_of
from pyjsapi.bridge.memory.linked import make_memory
from pyjsapi.embedding.settings import Settings, settings_of
from pyjsapi.engines import python as engine
from pyjsapi.engines.python import CompiledModule
from pyjsapi.jsapi.builtin_sets import BuiltinImports, check_builtins, find_builtin
from pyjsapi.jsapi.errors import CompileError
from pyjsapi.jsapi.instantiation import Instantiation
from pyjsapi.jsapi.module import wrong_kind
from pyjsapi.jsapi.options import NO_OPTIONS, CompileOptions
from pyjsapi.runtime import (
    ExnInst,
    ExternVal,
    FuncInst,
    GlobalInst,
    MemInst,
    ModuleInstance,
    TableInst,
    TagInst,
    extern_type,
    new_table,
)
from pyjsapi.runtime.depth import entrance
from pyjsapi.runtime.gc import NULL_ARRAY, OUT_OF_BOUNDS, ArrayInst
from pyjsapi.runtime.instantiate import describe
from pyjsapi.runtime.memory import page_limit_of
from pyjsapi.syntax.deftypes import DefType, func_def_type
from pyjsapi.syntax.errors import LinkError, Trap, WasmError
from pyjsapi.syntax.types import (
    I32,
    I64,
    ExternType,
    FuncExtern,
    FuncType,
    GlobalType,
    MemType,
    RefType,
    TableType,
    TagType,
    ValType,
    extern_kind,
)
from pyjsapi.validation.limits import Limits
from pyjsapi.validation.matching import match_extern


class Module(NamedTuple):
    """A compiled module with its compile options."""

    compiled: CompiledModule
    options: CompileOptions


def new_settings(given: Mapping[str, Mapping[str, Any] | None]) -> Settings:
    """The settings of a namespace: fields of `Settings`, in them JavaScript's or Python's names of the fields."""
    named: Any = {
        name: members and {_python_name(member): value for member, value in members.items()}
        for name, members in given.items()
    }
    try:
        return settings_of(named, "settings")
    except TypeError as error:
        raise WrongType(str(error)) from None
    except ValueError as error:
        raise OutOfRange(str(error)) from None


def _python_name(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda m: "_" + m[1].lower(), name)


# ---- modules


def new_module(
    settings: Settings, data: Any, builtins: list[str], strings: list[str], what: str
) -> Module:
    """Compile a module; ``strings`` holds the module name of the string constants, if there is one."""
    if not builtins and not strings:
        options = NO_OPTIONS
    else:
        # Other sets are unknown here; a name given twice is a mistake all the same.
        known = (name for name in builtins if name in _SETS or builtins.count(name) > 1)
        options = CompileOptions(tuple(known), strings[0] if strings else None)
    source = bytes(data)
    try:
        compiled = engine.compile_module(source, settings)
        check_builtins(compiled, options, what)
    except WasmError as error:
        raise InvalidModule(f"{what}: {error}{wrong_kind(source)}") from None
    except CompileError as error:
        raise InvalidModule(str(error)) from None
    return Module(compiled, options)


_OWN: Final = "wasm:js-string"
"""What is imported from there JavaScript has functions of its own for."""
_SETS: Final = ("js-string", "far", "memory-control", "memory-ref")
"""Builtin sets that there are for JavaScript."""


def module_info(module: Module) -> dict[str, Any]:
    """What JavaScript has to know of a module: its imports, exports, and names of custom sections."""
    compiled, options = module
    context = compiled.context
    imports = []
    for import_, type_ in zip(compiled.module.imports, context.imports, strict=True):
        provided = None
        if import_.module == options.string_module:
            provided = "string"
        elif find_builtin(options, import_.module, import_.name) is not None:
            provided = "builtin" if import_.module == _OWN else "engine"
        imports.append([import_.module, import_.name, *_extern(type_), provided])
    exports = [
        [export.name, "function" if export.kind == "func" else export.kind]
        for export in compiled.module.exports
    ]
    return {
        "imports": imports,
        "exports": exports,
        "customs": [custom.name for custom in compiled.module.customs],
        "closed": _is_closed(compiled),
    }


def _is_closed(compiled: CompiledModule) -> bool:
    """Whether an instance can give its functions to other instances through nothing but JavaScript.

    It cannot through imported tables and globals, nor inside of structures, arrays and exceptions, if there are none.
    """
    context = compiled.context
    if any(not isinstance(type_.comp, FuncType) for type_ in context.types):
        return False
    for type_ in context.imports:
        if isinstance(type_, TableType):
            return False
        if isinstance(type_, GlobalType) and type_.mutable and isinstance(type_.valtype, RefType):
            return False
    return not any(isinstance(type_, RefType) for tag in context.tags for type_ in _parameters(tag))


def custom_section(module: Module, index: int) -> bytes:
    """The contents of a custom section."""
    return module.compiled.module.customs[index].data


def _extern(type_: ExternType) -> list[Any]:
    """Kind and type of an extern type as JavaScript reads them."""
    kind = extern_kind(type_)
    if isinstance(type_, GlobalType):
        return [kind, [type_code(type_.valtype), type_.mutable]]
    if isinstance(type_, (FuncExtern, TagType)):
        return ["function" if kind == "func" else kind, _signature(type_.type)]
    return [kind, None]


def import_text(module: Module, index: int) -> str:
    """The type of an import as the text format has it."""
    return describe(module.compiled.context.imports[index])


def _signature(type_: DefType | int) -> str:
    return signature_code(_closed_type(type_).func)


def _closed_type(type_: DefType | int) -> DefType:
    if isinstance(type_, int):
        raise TypeError("the type is not closed")
    return type_


def _parameters(tag: TagType) -> tuple[ValType, ...]:
    return _closed_type(tag.type).func.params


# ---- instances


_owners: Final[WeakKeyDictionary[object, int]] = WeakKeyDictionary()
"""The number that JavaScript knows an instance by, for its host functions and for the environment of its own."""


class FaceInstantiation(Instantiation):
    """One instantiation of a module for JavaScript, as the engine's builtins see it: a memory is its own reference."""

    __slots__ = ("imports",)

    def __init__(self, module: Module, what: str) -> None:
        super().__init__(module.compiled, what, sections=False)
        self.imports = BuiltinImports(module.options, self)

    def reference_to(self, memory: MemInst) -> Any:
        return memory

    def _made(self, type_: MemType, limits: Limits) -> MemInst:
        return make_memory(type_, limits)


def instantiation(module: Module, what: str) -> FaceInstantiation:
    """What an instantiation has beside its imports."""
    return FaceInstantiation(module, what)


def engine_function(made: FaceInstantiation, index: int, position: int) -> FuncInst:
    """The function for an import that a builtin set of the engine has, the same one for imports of one name."""
    import_ = made.compiled.module.imports[index]
    func = made.imports.get(import_.module, import_.name)
    if not isinstance(func, FuncInst):
        raise TypeError(f"import #{index} is no builtin")
    if func.index is None:
        func.index = position
    return func


def instantiate(
    module: Module,
    imports: list[ExternVal],
    what: str,
    owner: int,
    made: FaceInstantiation | None = None,
) -> list[ExternVal]:
    """Instantiate a module and call its start function; its exports, in order.

    ``owner`` is the number that JavaScript knows the instance by: see `function_info`. ``made`` is there where a
    builtin set of the engine is imported from.
    """
    compiled = module.compiled
    for index, import_ in enumerate(compiled.module.imports):
        expected = compiled.context.imports[index]
        actual = extern_type(imports[index])
        if not match_extern(actual, expected):
            raise LinkError(
                f'{what}: Import #{index} "{import_.module}" "{import_.name}": imported {extern_kind(expected)} '
                f"does not match the expected type: {describe(expected)} is needed, {describe(actual)} was given"
            )
    instance: ModuleInstance = engine.instantiate(
        compiled, imports, start=False, make_memory=make_memory, setup=made
    )
    for func in instance.funcs[compiled.imported_funcs :][:1]:
        _owners[_owned(func)] = owner
    engine.call_start(instance)
    return list(instance.exports.values())


def _owned(func: FuncInst) -> object:
    """What `_owners` knows a function by: all of an instance's own have one environment."""
    if func.host is not None:
        return func
    found: object = getattr(func.call, "__globals__", {}).get("environment", func)
    return found


def host_function(
    module: Module, index: int, call: Callable[..., Any], position: int, owner: int
) -> FuncInst:
    """ "Create a host function" for an import; ``position`` counts the imported functions before it.

    ``owner`` is the number of the instance that imports it.
    """
    type_ = module.compiled.context.imports[index]
    if not isinstance(type_, FuncExtern) or not isinstance(type_.type, DefType):
        raise TypeError(f"import #{index} is no function")
    func = FuncInst(type_.type, call, host=call, index=position)
    _owners[func] = owner
    return func


def refusing(call: Callable[[], Any]) -> Callable[..., Any]:
    """A callable of any arguments that calls ``call``, which always throws."""

    def refuse(*_: Any) -> Any:
        return call()

    return refuse


def builtin_function(
    module: Module, index: int, call: Callable[..., Any], position: int
) -> FuncInst:
    """ "Create a builtin function" for an import that the compile options provide."""
    import_ = module.compiled.module.imports[index]
    builtin = find_builtin(module.options, import_.module, import_.name)
    if builtin is None:
        raise TypeError(f"import #{index} is no builtin")
    return FuncInst(builtin.type, call, host=call, index=position)


def function_call(func: FuncInst) -> Callable[..., Any]:
    """What JavaScript calls for a function."""
    depth = func.depth(at_once=True)
    call = func.entry()
    return entrance(call, len(func.type.func.params), depth) if depth else call


def function_info(func: FuncInst) -> str:
    """Index and type of a function, and the number of the instance that it belongs to or 0, as in ``3 i,i>d 7``."""
    return f"{func.index or 0} {signature_code(func.type.func)} {_owners.get(_owned(func), 0)}"


# ---- memories


def page_limit(settings: Settings, wide: int) -> int:
    """Pages that the settings allow a memory with 32-bit or, if ``wide``, 64-bit addresses."""
    return page_limit_of(MemType(I64 if wide else I32, 0, None), settings.limits)


def limit_growth(memory: MemInst, pages: int) -> None:
    """Let a memory grow no further than to so many pages."""
    memory.limit_growth(pages)


def memory_info(memory: MemInst) -> dict[str, Any]:
    """The type that a memory was made with."""
    type_: MemType = memory.declared_type
    return {
        "address": type_.addrtype.name,
        "minimum": type_.minimum,
        "maximum": type_.maximum,
        "shared": type_.shared,
        "pageSizeLog2": type_.page_size_log2,
    }


# ---- globals


def new_global(code: str, mutable: int, value: Any) -> GlobalInst:
    """A global with a value."""
    return GlobalInst(GlobalType(type_of(code), bool(mutable)), value)


def global_info(global_: GlobalInst) -> str:
    """Type of a global, as in ``var i`` and ``const F?func``."""
    type_ = global_.type
    return f"{'var' if type_.mutable else 'const'} {type_code(type_.valtype)}"


def global_get(global_: GlobalInst) -> Any:
    """The value of a global."""
    return global_.cell[0]


def global_set(global_: GlobalInst, value: Any) -> None:
    """Set a global."""
    global_.cell[0] = value


# ---- tables


def new_table_of(
    settings: Settings, code: str, wide: int, initial: int, maximum: list[str], value: Any
) -> TableInst:
    """A table; the maximum is a decimal number in a list, or the list is empty."""
    reftype = type_of(code)
    if not isinstance(reftype, RefType):
        raise WrongType(f"{reftype} is not a reference type")
    most = int(maximum[0]) if maximum else None
    try:
        return new_table(
            TableType(I64 if wide else I32, initial, most, reftype), value, settings.limits
        )
    except (MemoryError, OverflowError) as error:
        raise OutOfRange(f"WebAssembly.Table(): could not allocate the table: {error}") from None


def table_info(table: TableInst) -> dict[str, Any]:
    """Type of a table."""
    type_ = table.type
    return {
        "element": type_code(type_.reftype),
        "address": type_.addrtype.name,
        "maximum": None if type_.maximum is None else str(type_.maximum),
    }


def table_size(table: TableInst) -> int:
    """Number of elements."""
    return table.size()


def table_get(table: TableInst, index: int) -> Any:
    """An element; `OutOfRange` where there is none."""
    elems = table.elems
    if index >= len(elems):
        raise _out_of_range(table, index, "get")
    return elems[index]


def table_set(table: TableInst, index: int, value: Any) -> None:
    """Replace an element; `OutOfRange` where there is none."""
    if index >= len(table.elems):
        raise _out_of_range(table, index, "set")
    table.set(index, value)


def table_grow(table: TableInst, count: int, value: Any) -> int:
    """Add elements; the size before, or -1."""
    return table.grow(value, count)


def _out_of_range(table: TableInst, index: int, method: str) -> OutOfRange:
    return OutOfRange(
        f"WebAssembly.Table.{method}(): invalid index {index} into {table.reftype} table of size {table.size()}"
    )


# ---- tags and exceptions


def new_tag(codes: list[str]) -> TagInst:
    """A tag of the parameter types."""
    return TagInst(TagType(func_def_type(FuncType(tuple(map(type_of, codes)), ()))))


def tag_info(tag: TagInst) -> str:
    """The type of a tag, as the signature of a function."""
    return _signature(tag.type.type)


def new_exception(tag: TagInst, payload: list[Any]) -> ExnInst:
    """An exception that carries canonical values."""
    return ExnInst(tag, tuple(payload))


def exception_tag(exception: ExnInst) -> TagInst:
    """The tag of an exception."""
    return exception.tag


def exception_argument(exception: ExnInst, index: int) -> Any:
    """A value of the payload."""
    return exception.payload[index]


# ---- lists of values, and the arrays of the string builtins


def new_list() -> list[Any]:
    """An empty list."""
    return []


def append(values: list[Any], value: Any) -> None:
    """Add to a list."""
    values.append(value)


def item(values: list[Any], index: int) -> Any:
    """An item of a list."""
    return values[index]


_UNIT: Final = "H"


def array_length(array: ArrayInst | None) -> int:
    """Elements of an array; a trap for null."""
    if array is None:
        raise Trap(NULL_ARRAY)
    return len(array.elems)


def array_slice(array: ArrayInst, start: int, end: int) -> bytes:
    """Elements of an array of i16 as little-endian bytes; a trap out of bounds."""
    if start > end or end > len(array.elems):
        raise Trap(OUT_OF_BOUNDS)
    return _little_endian(units(_UNIT, array.elems[start:end])).tobytes()


def array_write(array: ArrayInst, start: int, data: Any) -> None:
    """Replace elements of an array of i16 by little-endian bytes; a trap out of bounds."""
    given = units(_UNIT, bytes(data))
    end = start + len(given)
    if end > len(array.elems):
        raise Trap(OUT_OF_BOUNDS)
    array.elems[start:end] = _little_endian(given)


def _little_endian(given: units[int]) -> units[int]:
    """From the machine's byte order to little-endian, and back."""
    if sys.byteorder == "big":
        given.byteswap()
    return given
