"""The Python engine with every module of several memories lowered to one memory each, and put together again.

It does what ``polyfill/lowered/linker.mjs`` does for a browser's engine, so that what lowering changes can be compared
where there is neither.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.binary.leb128 import read_unsigned
from pyjsapi.embedding.settings import Settings
from pyjsapi.embedding.valid_module import ValidModule, valid_module
from pyjsapi.engines.errors import Refusal
from pyjsapi.engines.python import (
    CompiledModule,
    compile_module,
    instantiate,
)
from pyjsapi.engines.python_engine import PythonEngine
from pyjsapi.lowering import SECTION, LoweringError, lower
from pyjsapi.lowering.plan import VERSION
from pyjsapi.runtime import ExternVal, FuncInst
from pyjsapi.runtime.memory import MemInst
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.module import Module
from pyjsapi.syntax.types import FuncExtern

if TYPE_CHECKING:
    from pyjsapi.runtime.instantiate import Setup


def read_plan(module: Module) -> tuple[dict[str, Any], list[bytes]] | None:
    """The plan and the helpers' bytes of a lowered module. Raises `ValueError` for a plan of another version."""
    for custom in module.customs:
        if custom.name == SECTION:
            size, start = read_unsigned(custom.data, 0, 32)
            position = start + size
            plan = json.loads(custom.data[start:position])
            if plan["version"] != VERSION:
                raise ValueError(f"a plan of version {plan['version']}, not {VERSION}")
            position += plan["reader"]["size"]
            helpers = []
            for helper in plan["helpers"]:
                helpers.append(custom.data[position : position + helper["size"]])
                position += helper["size"]
            return plan, helpers
    return None


class Linked:
    """An instance of a lowered module, with the exports of the original; ``values`` are the original's imports.

    ``compile_`` and ``instantiate_`` are those of the engine that runs the parts.
    """

    def __init__(
        self,
        compiled: ValidModule,
        values: Sequence[ExternVal],
        compile_: Callable[[bytes], Any],
        instantiate_: Callable[[Any, Sequence[ExternVal]], Any],
    ) -> None:
        read = read_plan(compiled.module)
        if read is None:
            raise ValueError("the module is not a lowered one")
        plan, helpers = read
        self.values = values
        self.fuel = self.host_calls = self.clock = self.budget = None
        self.helpers: list[Any] = []
        for entry, data in zip(plan["helpers"], helpers, strict=True):
            helper = compile_(data)
            self.helpers.append(instantiate_(helper, self._fill(helper, entry["sources"])))
        self.main = instantiate_(compiled, self._fill(compiled, plan["sources"]))
        self.exports: dict[str, ExternVal] = {}
        for name, _, _, *rest in plan["exports"]:
            self.exports[name] = (
                self._find(rest[0]) if rest and rest[0] is not None else self.main.exports[name]
            )

    def _fill(self, compiled: ValidModule, sources: list[Any]) -> list[ExternVal]:
        types = compiled.context.imports
        return [
            self._copier(type_, source[1], source[2])
            if isinstance(source, list) and source[0] == "copy"
            else self._find(source)
            for type_, source in zip(types, sources, strict=True)
        ]

    def _find(self, source: Any) -> ExternVal:
        if isinstance(source, int):
            return self.values[source]
        helper, name = source
        found: ExternVal = self.helpers[helper].exports[name]
        return found

    def _memory(self, source: Any) -> MemInst:
        found = self._find(source)
        if not isinstance(found, MemInst):
            raise ValueError(f"the plan names no memory with {source!r}")
        return found

    def _copier(self, type_: Any, to: Any, from_: Any) -> FuncInst:
        def copy(start: int, origin: int, count: int) -> None:
            self._memory(to).copy(self._memory(from_), start, origin, count)

        if not (isinstance(type_, FuncExtern) and isinstance(type_.type, DefType)):
            raise ValueError("the plan has a copying function for an import that is none")
        return FuncInst(type_.type, copy, host=copy)


class LoweredModule(ValidModule):
    """A module, and what was compiled of it when it was lowered."""

    __slots__ = ("lowered",)

    def __init__(self, valid: ValidModule, lowered: CompiledModule) -> None:
        super().__init__(valid.data, valid.module, valid.context, valid.settings)
        self.lowered = lowered


class LoweredEngine(PythonEngine):
    """See `embedding.interface.Engine`. A module with one memory, or none, is run as it is."""

    name: Final = "lowered"  # type: ignore[misc]

    def compile(self, data: bytes, settings: Settings, /) -> Any:
        """Raises what the Python engine raises, and `Refusal` for a module that cannot be lowered."""
        return self.prepare(valid_module(data, settings))

    def prepare(self, module: ValidModule, /) -> Any:
        """Likewise."""
        data = module.data
        try:
            changed = lower(data) if len(module.context.mems) > 1 else data
        except LoweringError as error:
            raise Refusal(f"it cannot be lowered: {error}", module=module) from error
        if changed == data:
            return super().prepare(module)
        return LoweredModule(module, compile_module(changed, one_memory(module.settings)))

    def instantiate(
        self, module: Any, imports: Sequence[ExternVal], /, setup: Setup | None = None
    ) -> Any:
        """See `python.instantiate`; what a host says while an instance is made reaches modules with one memory."""
        if not isinstance(module, LoweredModule):
            return super().instantiate(module, imports, setup)
        return linked(module.lowered, imports, one_memory(module.settings))


def linked(compiled: ValidModule, values: Sequence[ExternVal], settings: Settings) -> Linked:
    """An instance of a lowered module, whose parts the Python engine runs."""
    return Linked(compiled, values, lambda data: compile_module(data, settings), instantiate)


def one_memory(settings: Settings) -> Settings:
    """The settings for what a module is lowered to."""
    return replace(settings, features=replace(settings.features, multi_memory=False))
