"""Whether the library is as this room believes: signatures, layouts, and what a reference to a function points to.

It is run once, when the engine is made. A library that is laid out otherwise is refused before anybody's module runs.
"""

from __future__ import annotations

from typing import Any, Final

from pyjsapi.binary.encoder import encode_module
from pyjsapi.embedding.settings import DEFAULT_SETTINGS
from pyjsapi.embedding.valid_module import valid_module
from pyjsapi.engines.wasmtime.instances import instantiate
from pyjsapi.engines.wasmtime.library import unavailable
from pyjsapi.engines.wasmtime.modules import compiled_module
from pyjsapi.runtime.exception import ExnInst
from pyjsapi.runtime.function import FuncInst
from pyjsapi.syntax.deftypes import func_def_type
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import Active, Code, Elem, Export, Func, Import, Instr, Module, Table
from pyjsapi.syntax.types import (
    EXTERNREF,
    F64,
    FUNC,
    FUNCREF,
    I32,
    I64,
    FuncExtern,
    FuncType,
    MemType,
    RecType,
    SubType,
    TableType,
    TagType,
    ref_type,
)

_SUM: Final = FuncType((I64, F64), (I64,))
_SIZE: Final = FuncType((I32,), (I32,))
_THROW: Final = FuncType((EXTERNREF,), ())
_BIG: Final = 1 << 63


def _instr(mnemonic: str, *immediates: Any) -> Instr:
    return BY_MNEMONIC[mnemonic], *immediates


def _body(*instrs: Instr) -> Code:
    return Code((), [*instrs, _instr("end")])


def _module() -> bytes:
    """Functions that call the host, grow a memory, divide, and throw; one of them is in a table."""
    get = _instr("local.get", 0)
    module = Module(
        types=[RecType((SubType(True, (), type_),)) for type_ in (_SUM, _SIZE, _THROW)],
        imports=[Import("", "", FuncExtern(0))],
        tables=[Table(TableType(I32, 2, 2, FUNCREF), None)],
        mems=[MemType(I32, 1, 3)],
        tags=[TagType(2)],
    )
    call = (get, _instr("local.get", 1), _instr("call", 0))
    module.funcs += [
        Func(0, _body(*call)),
        Func(1, _body(get, _instr("memory.grow", 0))),
        Func(1, _body(_instr("i32.const", 1), get, _instr("i32.div_u"))),
        Func(2, _body(get, _instr("throw", 0))),
    ]
    names = ("sum", "grow", "divide", "throw")
    module.exports += [Export(name, "func", 1 + at) for at, name in enumerate(names)]
    module.exports += [Export("memory", "memory", 0), Export("table", "table", 0)]
    functions = [[_instr("ref.func", index), _instr("end")] for index in (1, 0)]
    offset = [_instr("i32.const", 0), _instr("end")]
    module.elems.append(Elem(ref_type(False, FUNC), list(functions), Active(0, offset)))
    return encode_module(module)


def self_test() -> None:
    """Raise `EngineUnavailable` where something is not as it was believed to be."""
    try:
        _test()
    except Exception as error:
        raise unavailable(f"its library does not do what was expected: {error!r}") from error


def _expect(found: bool, what: str) -> None:
    if not found:
        raise ValueError(what)


def _test() -> None:
    given: list[Any] = []

    def host(first: int, second: float) -> int:
        given.append((first, second))
        return first + int(second)

    imported = FuncInst(func_def_type(_SUM), host)
    module = compiled_module(valid_module(_module(), DEFAULT_SETTINGS))
    exports: Any = instantiate(module, [imported]).exports
    _expect(exports["sum"].call(_BIG, 2.5) == _BIG + 2, "a result")
    _expect(given == [(_BIG, 2.5)], "arguments of a host function")
    table, memory = exports["table"], exports["memory"]
    _expect(table.get(0) is exports["sum"], "the identity of a function")
    _expect(table.get(1) is imported, "the identity of an imported function")
    _expect(exports["grow"].call(1) == 1 and memory.pages == 2, "a memory that grows")
    _expect(exports["grow"].call(2) == 0xFFFFFFFF, "a memory that cannot grow")
    try:
        exports["divide"].call(0)
    except Trap as trap:
        _expect(trap.message == "integer divide by zero", "a trap")
    thrown = object()
    try:
        exports["throw"].call(thrown)
    except ExnInst as exception:
        _expect(exception.payload == (thrown,), "an exception")
    else:
        raise ValueError("an exception that was not thrown")
