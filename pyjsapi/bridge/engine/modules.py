"""Modules as the engine of JavaScript gets them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from pyjsapi.binary.body import BinaryCode
from pyjsapi.binary.encoder import EncodedCode, encode_module
from pyjsapi.bridge.engine.hooks import NATIVE, EngineFailure, Handle
from pyjsapi.bridge.engine.memories import lacking
from pyjsapi.embedding.settings import Settings
from pyjsapi.embedding.valid_module import ValidModule
from pyjsapi.engines.errors import Refusal
from pyjsapi.engines.native import compile_natively
from pyjsapi.syntax.instructions import OPS
from pyjsapi.syntax.module import CodeSource, Export, Func, Import, Module
from pyjsapi.validation.context import Context

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


LAX: Final = frozenset(op for op in OPS if op.feature in ("threads", "acquire_release"))
"""Atomic instructions: some engines let their alignment be anything."""


class NativeModule(ValidModule):
    """A module, and the engine's own of it."""

    __slots__ = ("handle",)

    def __init__(self, valid: ValidModule, handle: Handle) -> None:
        super().__init__(valid.data, valid.module, valid.context, valid.settings)
        self.handle = handle


def compile_native(data: bytes, settings: Settings) -> NativeModule:
    """Decode, validate, bodies by the engine, and have it compile. Raises as `Engine.compile`, and `Refusal`."""
    return compile_natively(data, settings, prepare_native, LAX)


def prepare_native(valid: ValidModule) -> NativeModule:
    """Have the engine compile a module, whose bodies may have faults. Raises `Refusal`."""
    check_limits(valid.settings)
    for type_ in valid.context.mems:
        lack = lacking(type_)
        if lack:
            raise Refusal(lack)
    try:
        handle = Handle(NATIVE.new_module(native_binary(valid)))
    except EngineFailure as error:
        raise Refusal(f"the engine of JavaScript refuses the module: {error}") from None
    return NativeModule(valid, handle)


def check_limits(settings: Settings) -> None:
    """Raise `Refusal` for limits that native code does not keep."""
    limits = settings.limits
    for name in (
        "fuel",
        "deadline",
        "max_host_calls",
        "max_memory_bytes",
        "max_total_table_elements",
    ):
        if getattr(limits, name) is not None:
            raise Refusal(f"native code knows nothing of Limits.{name}")


def native_binary(valid: ValidModule) -> bytes:
    """The module with imports by number, and with all that can be reached from outside exported, functions first.

    It has no start function, which is called when everything is known, and no custom sections.
    """
    module = valid.module
    changed = replace(
        module,
        imports=[Import("", str(i), each.type) for i, each in enumerate(module.imports)],
        exports=hidden_exports(module, valid.context),
        funcs=[Func(each.typeidx, _as_bytes(each.code)) for each in module.funcs],
        start=None,
        customs=[],
    )
    return encode_module(changed)


def hidden_exports(module: Module, context: Context) -> list[Export]:
    """All functions that can come out: exports, those that are referred to, and the start function. And all else."""
    functions = set(context.refs)
    if module.start is not None:
        functions.add(module.start)
    found = [Export(f"f{base36(i)}", "func", i) for i in sorted(functions)]
    spaces: dict[str, Sequence[Any]] = {
        "table": context.tables,
        "memory": context.mems,
        "global": context.globals,
        "tag": context.tags,
    }
    for kind, space in spaces.items():
        found += [Export(f"{kind}{i}", kind, i) for i in range(len(space))]
    return found


def base36(number: int) -> str:
    """A number as `hidden_exports` writes it."""
    text = ""
    while number >= 36:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return _DIGITS[number] + text


def _as_bytes(code: CodeSource) -> CodeSource:
    if isinstance(code, BinaryCode):
        return EncodedCode(code.data[code.start : code.end], False)
    return code
