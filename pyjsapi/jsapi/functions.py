"""Exported Functions and host functions (index.bs, "Exported Functions").

Both are plain Python functions made for their signature, so that a call between Python and WebAssembly costs no
more than the conversions it needs, uses no C stack, and can be specialised by the interpreter.
"""

from __future__ import annotations

from _thread import RLock
from collections.abc import Callable, Sequence
from functools import lru_cache
from types import CellType, CodeType, FunctionType
from typing import Any, Final, NoReturn, cast

from pyjsapi.ecmascript import null
from pyjsapi.ecmascript.conversions import fround, to_bigint64, to_float, to_int32
from pyjsapi.jsapi.errors import js_error
from pyjsapi.jsapi.function_signatures import FunctionSignature, Names
from pyjsapi.jsapi.references import (
    EXPORTED_MARK,
    any_to_js,
    extern_from_js,
    extern_to_js,
    funcinst_of,
    hierarchy,
    reference_from_js,
)
from pyjsapi.runtime import FuncInst
from pyjsapi.runtime.depth import DEEP_SCOPE, deep_lines
from pyjsapi.runtime.function import BOUNDARY
from pyjsapi.syntax.deftypes import DefType, inexact
from pyjsapi.syntax.types import (
    CONT,
    EXN,
    EXTERN,
    F32,
    F64,
    FUNC,
    I32,
    I64,
    NOCONT,
    NOEXN,
    V128,
    ContType,
    FuncType,
    RefType,
    ValType,
)

_making: Final = RLock()
"""Held where an Exported Function is made: threads that ask for it together get the same one."""
_SIGNED: Final = {I32: (0x7FFFFFFF, 1 << 32), I64: (0x7FFFFFFFFFFFFFFF, 1 << 64)}


# ---- one value


def to_js(value: Any, type_: ValType) -> Any:
    """ToJSValue: the Python value of a canonical WebAssembly value. Raises `TypeError` for v128."""
    if type_ is I32 or type_ is I64:
        top, modulus = _SIGNED[type_]
        return value - modulus if value > top else value
    if type_ is F32 or type_ is F64:
        return value
    if type_ is V128:
        raise TypeError("a v128 value cannot be read from Python")
    if is_hidden(type_):
        raise TypeError(f"a reference to {is_hidden(type_)} cannot be read from Python")
    if isinstance(type_, RefType):
        return _REFERENCE_TO_JS[_reference_to_js(type_)](value)
    raise TypeError(f"a value of type {type_} cannot be read from Python")


def from_js(value: Any, type_: ValType) -> Any:
    """ToWebAssemblyValue: the canonical WebAssembly value. Raises `TypeError`."""
    if type_ is I32:
        return to_int32(value) & 0xFFFFFFFF
    if type_ is I64:
        return to_bigint64(value) & 0xFFFFFFFFFFFFFFFF
    if type_ is F64:
        return to_float(value)
    if type_ is F32:
        return fround(to_float(value))
    if not isinstance(type_, RefType):
        raise TypeError("a v128 value cannot be given from Python")
    if is_hidden(type_):
        raise TypeError(f"a reference to {is_hidden(type_)} cannot be given from Python")
    return reference_from_js(type_)(value)


def is_hidden(type_: ValType) -> str:
    """What values of a type refer to if the host cannot have them: the type matches exnref or contref."""
    if not isinstance(type_, RefType):
        return ""
    heap = inexact(type_.heap)
    if heap is EXN or heap is NOEXN:
        return "an exception"
    is_cont = heap is CONT or heap is NOCONT
    if is_cont or (isinstance(heap, DefType) and isinstance(heap.comp, ContType)):
        return "a continuation"
    return ""


def default_value(type_: ValType) -> Any:
    """DefaultValue: the canonical value of a missing argument; `TypeError` for a type without one."""
    if type_ is I32 or type_ is I64:
        return 0
    if type_ is F32 or type_ is F64:
        return 0.0
    if isinstance(type_, RefType):
        if type_.heap is EXTERN:
            return extern_from_js(None)
        if type_.nullable:
            return None
    raise TypeError(f"{type_} has no default value")


def func_to_js(value: Any) -> Any:
    """ToJSValue of a function reference."""
    return null if value is None else exported_function(value)


# ---- Exported Functions


def exported_function(func: FuncInst) -> Callable[..., Any]:
    """ "A new Exported Function": the Python function for a function instance, always the same one.

    It has ``name`` and ``length`` as JavaScript's has. Arguments that are missing are undefined, arguments too
    many are ignored. Traps raise `RuntimeError`, an exhausted call stack raises `RangeError`.
    """
    if func.wrapper is None:
        with _making:
            if func.wrapper is None:
                func.wrapper = _make_exported(func)
    return cast("Callable[..., Any]", func.wrapper)


def name_exported(function: Callable[..., Any], name: str) -> None:
    """Let representations, `help` and Python's messages call an Exported Function by what it is first exported as.

    Its ``__name__`` stays what JavaScript gives it, the index.
    """
    if function.__qualname__ == function.__name__ and name.isprintable() and name:
        function.__qualname__ = name
        function.__doc__ = f"{function.__doc__}, exported as {name!r}"


def name_parameters(function: Callable[..., Any], names: Names) -> None:
    """Let `help` call the parameters of an Exported Function as its module does, which ``names`` tells."""
    signature = getattr(function, "__signature__", None)
    if isinstance(signature, FunctionSignature):
        signature.names = names


def _make_exported(func: FuncInst) -> Callable[..., Any]:
    type_ = func.type.func
    name = str(func.index if func.index is not None else 0)
    if _is_opaque(type_):
        function = _fresh(_opaque(type_, "functions of type {} cannot be called from Python"), name)
    else:
        function = _made_at_first_call(func, type_, name)
    function.__doc__ = f"WebAssembly function {name}: {type_}"
    setattr(function, EXPORTED_MARK, func)
    setattr(function, "__signature__", FunctionSignature(type_))  # noqa: B010
    setattr(function, "name", name)  # noqa: B010 - a property of JavaScript's function, unknown to mypy
    setattr(function, "length", len(type_.params))  # noqa: B010
    return function


def _made_at_first_call(func: FuncInst, type_: FuncType, name: str) -> FunctionType:
    """An Exported Function whose code is made when it is needed: few of those that modules export are ever called.

    Whether it may call deep (see `runtime.depth`) is found out only then, too.
    """
    called = CellType()
    function = FunctionType(
        _FIRST.replace(co_name=name),
        _exporter_scope(type_),
        name,
        (None,) * len(type_.params),
        (called,),
    )
    function.__qualname__ = name

    def first(*arguments: Any) -> Any:
        depth, call = func.depth(), func.entry()
        code = _exporter(type_, depth)(call).__code__
        # Before the call: if it comes back here it must not use more of the C stack.
        called.cell_contents = call
        # A code object of its own, so that the interpreter specialises the call inside for this function alone.
        function.__code__ = code.replace(co_name=function.__name__)
        return function(*arguments)

    called.cell_contents = first
    return function


def raw_exporter(func: FuncInst) -> Callable[..., Any]:
    """What an Exported Function does, but for its depth and its time, which are its caller's concern."""
    type_ = func.type.func
    name = str(func.index if func.index is not None else 0)
    if _is_opaque(type_):
        return _fresh(_opaque(type_, "functions of type {} cannot be called from Python"), name)
    return _fresh(_exporter(type_)(func.call), name)


def _first(raw: Callable[..., Any]) -> Callable[..., Any]:
    def first(*arguments: Any) -> Any:
        return raw(*arguments)

    return first


_FIRST: Final[CodeType] = _first(print).__code__.replace(co_filename=BOUNDARY)


def _fresh(function: Callable[..., Any], name: str) -> FunctionType:
    made = cast("FunctionType", function)
    made.__code__ = made.__code__.replace(co_name=name)
    made.__name__ = made.__qualname__ = name
    return made


@lru_cache(maxsize=4096)
def _exporter(type_: FuncType, depth: int = 0) -> Callable[[Callable[..., Any]], Any]:
    """A function that makes the Exported Function of the type from a raw callable.

    ``depth`` is how deep that may call, or 0. Code for different depths can be exchanged.
    """
    names = [f"a{i}" for i in range(len(type_.params))]
    lines = [
        "def make(raw):",
        f" def exported({', '.join([n + '=None' for n in names] + ['*rest'])}):",
    ]
    for name, param in zip(names, type_.params, strict=True):
        lines += ["  " + line for line in _from_js_lines(name, param)]
    call = f"{'r = ' if type_.results else ''}raw({', '.join(names)})"
    lines += [
        "  try:",
        *(f"   {line}" for line in (deep_lines([call], str(depth)) if depth else [call])),
        "  except BaseException as error:",
        "   other = js_error(error)",
        "   if other is error: raise",
        "   raise other from None",
    ]
    if len(type_.results) == 1:
        lines.append(f"  return {_to_js_text('r', type_.results[0])}")
    elif type_.results:
        parts = [_to_js_text(f"r[{i}]", t) for i, t in enumerate(type_.results)]
        lines.append(f"  return [{', '.join(parts)}]")
    lines.append(" return exported")
    return cast("Callable[[Callable[..., Any]], Any]", _define(lines, _exporter_scope(type_)))


@lru_cache(maxsize=4096)
def _exporter_scope(type_: FuncType) -> dict[str, Any]:
    """The globals of the code that `_exporter` makes for a type."""
    names = [f"a{i}" for i in range(len(type_.params))]
    return _SCOPE | _converters(dict(zip(names, type_.params, strict=True)))


# ---- host functions


def host_function(function: Callable[..., Any], type_: DefType) -> FuncInst:
    """ "Create a host function" from any Python callable: its arguments and its result are converted."""
    return FuncInst(type_, _importer(type_.func)(function), host=function)


def funcinst_for_import(value: Callable[..., Any], type_: DefType) -> FuncInst:
    """The function instance of an imported value: an Exported Function stands for itself."""
    return funcinst_of(value) or host_function(value, type_)


@lru_cache(maxsize=4096)
def _importer(type_: FuncType) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A function that makes the raw callable of a host function of the type."""
    if _is_opaque(type_):
        return lambda _: _opaque(type_, "host functions of type {} cannot be called")
    names = [f"a{i}" for i in range(len(type_.params))]
    results = ["r"] if len(type_.results) == 1 else [f"r{i}" for i in range(len(type_.results))]
    given = ", ".join(_to_js_text(n, t) for n, t in zip(names, type_.params, strict=True))
    lines = ["def make(host):", f" def imported({', '.join(names)}):"]
    if not type_.results:
        lines.append(f"  host({given})")
    elif len(type_.results) == 1:
        lines.append(f"  r = host({given})")
        lines += ["  " + line for line in _from_js_lines("r", type_.results[0])]
        lines.append("  return r")
    else:
        lines.append(f"  {', '.join(results)} = several(host({given}), {len(results)})")
        for name, result in zip(results, type_.results, strict=True):
            lines += ["  " + line for line in _from_js_lines(name, result)]
        lines.append(f"  return {', '.join(results)}")
    lines.append(" return imported")
    scope = _SCOPE | _converters(dict(zip(results, type_.results, strict=True)))
    return cast("Callable[[Callable[..., Any]], Any]", _define(lines, scope))


def _several(values: Any, count: int) -> Sequence[Any]:
    try:
        found = list(values)
    except TypeError:
        raise TypeError(
            f"a host function of {count} results must return an iterable, not {type(values).__name__}"
        ) from None
    if len(found) != count:
        from pyjsapi.syntax.spelling import counted

        given = counted(len(found), "value")
        raise TypeError(f"a host function of {count} results returned {given}")
    return found


# ---- source text


def _opaque(type_: FuncType, message: str) -> Callable[..., NoReturn]:
    def opaque(*_: Any) -> NoReturn:
        raise TypeError(message.format(type_))

    return opaque


def _is_opaque(type_: FuncType) -> bool:
    return any(t is V128 or bool(is_hidden(t)) for t in type_.params + type_.results)


def _converters(types: dict[str, ValType]) -> dict[str, Any]:
    """What `_from_js_lines` needs for variables of these types."""
    return {
        f"ref_{name}": reference_from_js(type_)
        for name, type_ in types.items()
        if isinstance(type_, RefType)
    }


def _from_js_lines(name: str, type_: ValType) -> list[str]:
    if type_ is I32:
        return [
            f"if {name}.__class__ is int: {name} &= 0xFFFFFFFF",
            f"else: {name} = to_int32({name}) & 0xFFFFFFFF",
        ]
    if type_ is I64:
        return [
            f"if {name}.__class__ is int: {name} &= 0xFFFFFFFFFFFFFFFF",
            f"else: {name} = to_bigint64({name}) & 0xFFFFFFFFFFFFFFFF",
        ]
    if type_ is F64:
        return [f"if {name}.__class__ is not float: {name} = to_float({name})"]
    if type_ is F32:
        return [f"{name} = fround({name} if {name}.__class__ is float else to_float({name}))"]
    return [f"{name} = ref_{name}({name})"]


def _to_js_text(name: str, type_: ValType) -> str:
    if type_ is I32 or type_ is I64:
        top, modulus = _SIGNED[type_]
        return f"{name} if {name} <= {top} else {name} - {modulus}"
    if isinstance(type_, RefType):
        return f"{_reference_to_js(type_)}({name})"
    return name


def _reference_to_js(type_: RefType) -> str:
    """Name of the function that is ToJSValue for references of the type."""
    top = hierarchy(type_)
    if top is EXTERN:
        return "extern_to_js"
    return "func_to_js" if top is FUNC else "any_to_js"


def _define(lines: list[str], scope: dict[str, Any]) -> Any:
    made: dict[str, Any] = {}
    exec(compile("\n".join(lines), BOUNDARY, "exec"), scope, made)
    return made["make"]


_REFERENCE_TO_JS: Final[dict[str, Callable[[Any], Any]]] = {
    "any_to_js": any_to_js,
    "extern_to_js": extern_to_js,
    "func_to_js": func_to_js,
}
_SCOPE: Final[dict[str, Any]] = {
    **_REFERENCE_TO_JS,
    **DEEP_SCOPE,
    "fround": fround,
    "js_error": js_error,
    "several": _several,
    "to_bigint64": to_bigint64,
    "to_float": to_float,
    "to_int32": to_int32,
}
