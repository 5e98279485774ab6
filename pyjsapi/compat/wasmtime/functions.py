"""Functions, of WebAssembly and of the host's, and who calls the latter."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyjsapi.compat.wasmtime.errors import WasmtimeError
from pyjsapi.compat.wasmtime.failures import HostFailure, enter
from pyjsapi.compat.wasmtime.store import Store, Storelike
from pyjsapi.compat.wasmtime.types import FuncType, def_type, func_type
from pyjsapi.compat.wasmtime.values import check_known, from_js, to_js
from pyjsapi.jsapi.functions import exported_function, host_function
from pyjsapi.jsapi.references import funcinst_of
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.types import RefType, ValType

if TYPE_CHECKING:
    from pyjsapi.compat.wasmtime.externs import AsExtern


class Func:
    """A function. The host's ``func`` gets Python values; with ``access_caller`` a `Caller` before them."""

    _store: Store
    _js: Callable[..., Any]
    _type: DefType
    _host: HostFunc | None

    def __init__(
        self, store: Storelike, ty: FuncType, func: Callable[..., Any], access_caller: bool = False
    ) -> None:
        if not isinstance(store, Store):
            raise TypeError("expected a Store")
        self._store = store._context()
        self._host = HostFunc(ty, func, access_caller)
        self._type = self._host.type
        self._js = self._host.bound(self._store, Calling())

    def type(self, store: Storelike) -> FuncType:
        """Its type."""
        self._store.require(store._context())
        return func_type(self._type)

    def __call__(self, store: Storelike, *params: Any) -> Any:
        """Call it, with a `Val` or a Python value for each parameter.

        Gives ``None``, the result, or a list of several. Raises `TypeError` for a value of another type,
        `WasmtimeError` for too many or too few, `Trap`, `ExitTrap`, and what host functions raise.
        """
        context = store._context()
        self._store.require(context)
        type_ = self._type.func
        if len(params) != len(type_.params):
            many = "many" if len(params) > len(type_.params) else "few"
            raise WasmtimeError(
                f"too {many} parameters provided: given {len(params)}, expected {len(type_.params)}"
            )
        given = [
            to_js(context, each, value) for each, value in zip(type_.params, params, strict=True)
        ]
        check_known(type_.results)
        result = enter(context, self._js, *given, runs=not is_host(self._js))
        if len(type_.results) == 1:
            return from_js(context, type_.results[0], result)
        if not type_.results:
            return None
        return [
            from_js(context, each, value) for each, value in zip(type_.results, result, strict=True)
        ]


def is_host(js: Callable[..., Any]) -> bool:
    """Whether an Exported Function is one of the host's."""
    inst = funcinst_of(js)
    return inst is not None and inst.host is not None


def func_of(store: Store, js: Callable[..., Any]) -> Func:
    """The function that the JS API has as an Exported Function."""
    inst = funcinst_of(js)
    if inst is None:
        raise WasmtimeError(f"{js!r} is no function of WebAssembly")
    made = Func.__new__(Func)
    made._store, made._js, made._type, made._host = store, js, inst.type, None
    return made


class HostFunc:
    """A callable of the host's with its type: what functions of any store are made of."""

    def __init__(self, ty: FuncType, func: Callable[..., Any], access_caller: bool) -> None:
        self.type = def_type(ty)
        self.func = func
        self.access_caller = access_caller

    def bound(self, store: Store, calling: Calling) -> Callable[..., Any]:
        """An Exported Function that calls it; ``calling`` is the instance that imports it."""
        return exported_function(host_function(self._callback(store, calling), self.type))

    def _callback(self, store: Store, calling: Calling) -> Callable[..., Any]:
        params, results = self.type.func.params, self.type.func.results
        has_references = any(isinstance(each, RefType) for each in params)
        func, access_caller = self.func, self.access_caller

        def callback(*arguments: Any) -> Any:
            caller = Caller._of(store, calling) if access_caller else None
            try:
                given: Any = arguments
                if has_references:
                    given = [from_js(store, t, a) for t, a in zip(params, arguments, strict=True)]
                found = func(*given) if caller is None else func(caller, *given)
                return _results(store, results, found)
            except RecursionError:
                raise  # it may be the end of the stack, whose other half WebAssembly code has
            except BaseException as error:
                failure = HostFailure(error)
            finally:
                if caller is not None:
                    caller._invalidate()
            raise failure

        return callback


def _results(store: Store, types: tuple[ValType, ...], found: Any) -> Any:
    if not types:
        if found is not None:
            raise WasmtimeError("callback produced results when it shouldn't")
        return None
    if len(types) == 1:
        return to_js(store, types[0], found)
    if len(found) != len(types):
        raise WasmtimeError("callback produced wrong number of results")
    return [to_js(store, type_, value) for type_, value in zip(types, found, strict=True)]


class Calling:
    """An instance that imports host functions; the engine's, as soon as there is one."""

    __slots__ = ("instance",)

    def __init__(self) -> None:
        self.instance: Any = None


class Caller:
    """Who calls a host function, while it does: its exports, and its store.

    It is the instance that imports the function, also where that is called through a table of another one.
    """

    _store: Store | None
    _calling: Calling

    def __init__(self) -> None:
        raise WasmtimeError("cannot construct directly")

    @classmethod
    def _of(cls, store: Store, calling: Calling) -> Caller:
        made = cls.__new__(cls)
        made._store, made._calling = store, calling
        return made

    def __getitem__(self, name: str) -> AsExtern:
        """An export of the caller. Raises `KeyError` where there is none, and when the call is over."""
        found = self.get(name)
        if found is None:
            raise KeyError(f"failed to find export {name}")
        return found

    def get(self, name: str) -> AsExtern | None:
        """An export of the caller, or ``None``; also when the call is over."""
        name.encode()  # whatever is no text is refused
        if self._store is None or self._calling.instance is None:
            return None
        found = self._calling.instance.exports.get(name)
        if found is None:
            return None
        from pyjsapi.compat.wasmtime.externs import extern_of

        return extern_of(self._store, found)

    def _context(self) -> Store:
        if self._store is None:
            raise ValueError("caller is no longer valid")
        return self._store._context()

    def _invalidate(self) -> None:
        self._store = None
