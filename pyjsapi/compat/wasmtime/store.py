"""Stores: fuel, deadlines, limits and WASI of the instances that were made in them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pyjsapi.compat.wasmtime.engine import Engine, open_engine
from pyjsapi.compat.wasmtime.errors import WasmtimeError, refusal
from pyjsapi.compat.wasmtime.managed import Managed
from pyjsapi.validation.limits import Limits

if TYPE_CHECKING:
    from pyjsapi.compat.wasmtime.functions import Caller
    from pyjsapi.compat.wasmtime.wasi_config import WasiConfig
    from pyjsapi.embedding.interface import Clock, Fuel
    from pyjsapi.embedding.valid_module import ValidModule
    from pyjsapi.wasi import WASI

_U64: Final = (1 << 64) - 1
_PAGE: Final = 65536
_AT_ONCE: Final = 1e-9
"""Seconds for calls that begin when the deadline has come."""


class Store(Managed):
    """Where instances live. ``data`` is whatever the host wants to have with it."""

    def __init__(self, engine: Engine | None = None, data: Any | None = None) -> None:
        self.engine: Engine = Engine() if engine is None else open_engine(engine)
        self._data = data
        self._fuel: Fuel | None = None
        self._fuel_given = 0
        self._clock: Clock | None = None
        self._deadline = 0
        self._limits: dict[str, int] = {}
        self._made: dict[str, int] = {}
        self._wasi: WASI | None = None
        self.modules: dict[ValidModule, None] = {}
        """What was instantiated here."""
        self.engine._add(self)

    def _release(self) -> None:
        self._data = self._wasi = self._fuel = self._clock = None
        self.modules.clear()

    def _context(self) -> Store:
        self._check_open()
        return self

    def require(self, other: Store) -> None:
        """Raise `WasmtimeError` where something of this store is used with another one."""
        if other is not self:
            raise WasmtimeError("object used with the wrong store")

    def data(self) -> Any | None:
        """What the store was made with, if that is anything."""
        self._check_open()
        return self._data or None

    def gc(self) -> None:
        """Nothing: Python frees what nobody has any more."""
        self._check_open()

    # ---- fuel

    def set_fuel(self, fuel: int) -> None:
        """Have so many instructions left, all instances together. Raises `WasmtimeError` without `consume_fuel`.

        Wasmtime's unit differs a little: see docs/guide/limits.md for what costs how much here.
        """
        self._check_fuel()
        if not isinstance(fuel, int):
            raise TypeError(f"fuel must be an int, not {type(fuel).__name__}")
        self._fuel_given = fuel & _U64
        if self._fuel is not None:
            self._fuel.refill(self._fuel_given)

    def get_fuel(self) -> int:
        """What is left. Raises `WasmtimeError` without `consume_fuel`."""
        self._check_fuel()
        return self._fuel_given if self._fuel is None else max(self._fuel.left, 0)

    def _check_fuel(self) -> None:
        self._check_open()
        if not self.engine._settings.fuel:
            raise WasmtimeError("fuel is not configured in this store")

    # ---- epochs

    def set_epoch_deadline(self, ticks_after_current: int) -> None:
        """Let code end with a trap when so many more epochs have begun: see `Engine.increment_epoch`."""
        self._check_open()
        self._deadline = self.engine._epoch + ticks_after_current
        if self._clock is not None:
            self._clock.seconds = _AT_ONCE if self._is_late() else math.inf

    def _is_late(self) -> bool:
        return self.engine._epoch >= self._deadline

    def epoch_begun(self) -> None:
        """End what runs, if its deadline has come."""
        clock = self._clock
        if clock is not None and self._is_late():
            clock.seconds = _AT_ONCE  # for a call that is about to begin
            clock.interrupt()

    def ended(self) -> bool:
        """Whether no call may begin because of the deadline."""
        return self.engine._settings.epochs and self._is_late()

    def share(self, instance: Any) -> bool:
        """Let an engine's instance use up what the store has; whether the store has it already."""
        if self._fuel is None and self._clock is None:
            return False
        instance.fuel, instance.clock = self._fuel, self._clock
        return True

    def adopt(self, instance: Any) -> None:
        """Have what the first instance has for all."""
        self._fuel, self._clock = instance.fuel, instance.clock
        if self._fuel is not None and self.engine._settings.fuel:
            self._fuel.refill(self._fuel_given)
        if self._clock is not None and self._is_late():
            self._clock.seconds = _AT_ONCE

    # ---- limits

    def set_limits(
        self,
        memory_size: int = -1,
        table_elements: int = -1,
        instances: int = -1,
        tables: int = -1,
        memories: int = -1,
    ) -> None:
        """Limit what is made from now on: bytes of a memory, elements of a table, and how many of each there may be.

        A negative number is no limit. Memories and tables that there are keep the limits that they were made with.
        """
        self._check_open()
        given = {
            "memory_size": memory_size,
            "table_elements": table_elements,
            "instance": instances,
            "table": tables,
            "memory": memories,
        }
        self._limits.update({name: most for name, most in given.items() if most >= 0})

    def limits(self) -> Limits:
        """Those that memories and tables are made with."""
        found = self.engine._settings.limits
        size, elements = self._limits.get("memory_size"), self._limits.get("table_elements")
        if size is not None:
            pages = size // _PAGE
            found = replace(
                found,
                max_memory_pages=min(pages, found.max_memory_pages),
                max_memory64_pages=min(pages, found.max_memory64_pages),
            )
        if elements is not None:
            found = replace(found, max_table_elements=min(elements, found.max_table_elements))
        return found

    def count(self, kind: str, more: int = 1) -> None:
        """Count instances, memories or tables. Raises `WasmtimeError` where that are too many."""
        total = self._made.get(kind, 0) + more
        most = self._limits.get(kind)
        if more and most is not None and total > most:
            raise WasmtimeError(f"resource limit exceeded: {kind} count too high at {total}")
        self._made[kind] = total

    def check_sizes(self, pages: int, page_size: int, elements: int) -> None:
        """Raise `WasmtimeError` for a memory or a table that is larger than it may be."""
        size, most = self._limits.get("memory_size"), self._limits.get("table_elements")
        if size is not None and pages * page_size > size:
            raise WasmtimeError(f"memory minimum size of {pages} pages exceeds memory limits")
        if most is not None and elements > most:
            raise WasmtimeError(f"table minimum size of {elements} elements exceeds table limits")

    # ---- WASI

    def set_wasi(self, wasi: WasiConfig) -> None:
        """Have programs of WASI use a configuration, which cannot be used again."""
        self._check_open()
        self._wasi = wasi._take()

    def set_wasi_http(self) -> None:
        """Refused: raises `WasmtimeError`."""
        raise refusal("set_wasi_http", "wasi:http is for components, and there are none")


class StoreContext:
    """What host functions of components get in place of a `Store`. There are none."""

    def __init__(self) -> None:
        raise refusal("StoreContext", "it is for host functions of components, and there are none")

    def _context(self) -> Store:
        raise ValueError("caller is no longer valid")


Storelike: TypeAlias = "Store | Caller | StoreContext"
"""What stands for a store: itself, or whoever calls a host function."""
