"""What generated code runs in: one dictionary of globals per instance.

Its keys are all there from the start, because a new key would cost every specialised instruction its cache. A function
is translated when it is first called: until then it is a stub, whose code object is exchanged so that tables, exports
and other functions keep the same function object.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.compiler import aggregates, exceptions, numerics, simd
from pyjsapi.compiler.convention import BODY_ATTRIBUTE
from pyjsapi.compiler.emit_accessor import ATOMIC_NAMES, NAMES
from pyjsapi.compiler.function import FunctionCode
from pyjsapi.runtime import atomics
from pyjsapi.runtime.function import FuncInst
from pyjsapi.runtime.instance import ModuleInstance
from pyjsapi.runtime.memory import MemoryStorage

if TYPE_CHECKING:
    from pyjsapi.compiler.module import Variant

_MOST_SIGNATURES: Final = 4096
"""Names of call_indirect lists that are made in advance."""


def _stub(*arguments: Any, index: int) -> Any:
    return resolve(index)(*arguments)  # type: ignore[name-defined]  # noqa: F821


_STUB: Final[CodeType] = _stub.__code__.replace(co_filename="<wasm stub>", co_name="stub")


class Environment:
    """The globals of an instance's generated code.

    Memories hold it weakly and tell it when their bytes move; the functions hold it through their globals.
    """

    __slots__ = ("__weakref__", "_instance", "_variant", "globals")

    def __init__(self, variant: Variant, instance: ModuleInstance) -> None:
        self._variant = variant
        self._instance = instance
        scratch = memoryview(bytearray(8))
        self.globals: dict[str, Any] = {
            **numerics.GLOBALS,
            **aggregates.GLOBALS,
            **exceptions.GLOBALS,
            "environment": self,
            "resolve": self.resolve,
            "V": simd,
            "A": atomics,
            "sf": scratch.cast("f"),
            "sd": scratch.cast("d"),
            "sq": scratch.cast("Q"),
            "M": instance.mems,
            "T": instance.tables,
            "F": instance.funcs,
            "D": instance.datas,
            "E": instance.elems,
            "Y": instance.context.types,
            "X": instance.tags,
            "B": {},
        }
        for index in range(len(variant.scope.globals)):
            self.globals[f"g{index}"] = None
        self._reserve_signatures()
        for index, memory in enumerate(instance.mems):
            if memory.by_calls:
                self._reserve_accessors(index)
            else:
                memory.attach(self, index)
        self._add_functions()

    def _reserve_signatures(self) -> None:
        types = set(self._variant.scope.signatures.values())
        tables = len(self._instance.tables)
        if len(types) * tables <= _MOST_SIGNATURES:
            for table in range(tables):
                for type_ in types:
                    self.globals[f"t{table}_{type_}"] = None

    def _reserve_accessors(self, memidx: int) -> None:
        shared = self._variant.scope.memories[memidx].shared
        for name in NAMES + ATOMIC_NAMES if shared else NAMES:
            self.globals[f"{name}_{memidx}"] = None

    def _add_functions(self) -> None:
        instance = self._instance
        scope = self._variant.scope
        space = self.globals
        for index, imported in enumerate(instance.funcs):
            space[f"f{index}"] = imported.call
        start = len(instance.funcs)
        for index in range(start, len(scope.funcs)):
            name = f"f{index}"
            # Functions whose code is there already begin as stubs too: most are never called.
            function = FunctionType(_STUB, space, name)
            function.__kwdefaults__ = {"index": index}
            space[name] = function
            instance.funcs.append(FuncInst(scope.funcs[index], function, index=index))

    def bind_globals(self) -> None:
        """Take over the cells of the globals, once they exist."""
        for index, global_ in enumerate(self._instance.globals):
            self.globals[f"g{index}"] = global_.cell

    def memory_moved(self, memidx: int, storage: MemoryStorage) -> None:
        """Take over the bytes and views of a memory."""
        space = self.globals
        space[f"ba{memidx}"] = storage.data
        space[f"u16_{memidx}"] = storage.u16
        space[f"u32_{memidx}"] = storage.u32
        space[f"u64_{memidx}"] = storage.u64
        space[f"f32_{memidx}"] = storage.f32
        space[f"f64_{memidx}"] = storage.f64

    def resolve(self, index: int) -> Callable[..., Any]:
        """Translate a function unless it is, put its code into its stub, and return it."""
        code = self._variant.function(index)
        function: FunctionType = self.globals[f"f{index}"]
        self._exchange(index, function, code)
        return function

    def _exchange(self, index: int, function: FunctionType, code: FunctionCode) -> None:
        for table, type_ in code.signatures:
            name = f"t{table}_{type_}"
            if self.globals.get(name) is None:
                calls = self._instance.tables[table].signature_list(
                    self._variant.scope.types[type_]
                )
                self.globals[name] = calls
        for memidx, accessor in code.accessors:
            name = f"{accessor}_{memidx}"
            if self.globals.get(name) is None:
                self.globals[name] = self._instance.mems[memidx].accessor(accessor)
        # Instances that shared code objects would spoil each other's inline caches.
        if code.body is not None:
            body = FunctionType(code.body.replace(), self.globals, f"f{index}")
            self.globals["B"][index] = body
            setattr(function, BODY_ATTRIBUTE, body)
        # In this order, for threads that call it meanwhile: the stub needs its default.
        function.__code__ = code.code.replace()
        function.__kwdefaults__ = None
