"""Module instances (core: "Runtime Structure: Module Instances")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from pyjsapi.runtime.exception import TagInst
from pyjsapi.runtime.function import FuncInst
from pyjsapi.runtime.global_ import GlobalInst
from pyjsapi.runtime.memory import MemInst
from pyjsapi.runtime.table import TableInst
from pyjsapi.syntax.module import Module
from pyjsapi.validation.context import Context

if TYPE_CHECKING:
    from pyjsapi.runtime.call_clock import CallClock
    from pyjsapi.runtime.fuel import FuelTank
    from pyjsapi.runtime.host_calls import HostCalls
    from pyjsapi.runtime.memory_budget import MemoryBudget

ExternVal: TypeAlias = "FuncInst | TableInst | MemInst | GlobalInst | TagInst"
"""Something that a module imports or exports."""


class ModuleInstance:
    """The index spaces of an instantiated module, imports first."""

    __slots__ = (
        "__weakref__",
        "budget",
        "clock",
        "context",
        "datas",
        "elems",
        "exports",
        "fuel",
        "funcs",
        "globals",
        "host_calls",
        "mems",
        "module",
        "tables",
        "tags",
    )

    def __init__(self, module: Module, context: Context) -> None:
        self.module = module
        self.context = context
        self.funcs: list[FuncInst] = []
        self.tables: list[TableInst] = []
        self.mems: list[MemInst] = []
        self.globals: list[GlobalInst] = []
        self.tags: list[TagInst] = []
        self.elems: list[list[Any]] = []
        """Element segments; a dropped one is empty."""
        self.datas: list[bytes] = []
        """Data segments; a dropped one is empty."""
        self.exports: dict[str, ExternVal] = {}
        """In the order of the module's export section."""
        self.fuel: FuelTank | None = None
        """What its functions may still do, if that is limited."""
        self.host_calls: HostCalls | None = None
        """How many calls of host functions it may still make, likewise."""
        self.budget: MemoryBudget | None = None
        """How many bytes its memories may have together, where that is limited."""
        self.clock: CallClock | None = None
        """How long calls from outside may take, likewise."""
