"""What an instantiation has beside its imports, none of it in the specification.

Memories may be made larger than the module says (``memory_overrides``), custom sections may say what the host gives to
memories (``resources``), and functions of builtin sets may belong to the instance. Who reads which section is told from
above (`offer_section`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from pyjsapi import engines
from pyjsapi.ecmascript import RangeError
from pyjsapi.ecmascript.conversions import shown
from pyjsapi.jsapi.descriptors import Descriptor
from pyjsapi.jsapi.memory import memory_object
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import MemType

if TYPE_CHECKING:
    from pyjsapi.embedding.interface import Engine, MemoryBudget
    from pyjsapi.embedding.valid_module import ValidModule
    from pyjsapi.runtime import MemInst
    from pyjsapi.runtime.memory import MakeMemory
    from pyjsapi.validation.limits import Limits

_Own = TypeVar("_Own")


_MINIMUM: Final = "minimum"
_MEMBERS: Final = (_MINIMUM, "storage", "backing", "noAccess", "readOnly", "virtual")
"""What may be said of a memory instead of what its module says; all but the first as for `Memory`."""


class Instantiation:
    """One instantiation of a module: what builtins that belong to the instance, and sections, know of it.

    It is the engine's `Setup`, if it `is_needed`. ``what`` is what messages call the instantiation; without
    ``sections`` custom sections are not looked at.
    """

    __slots__ = (
        "__weakref__",
        "_engine",
        "_overrides",
        "_own",
        "_prepare",
        "_resume",
        "_shares",
        "_when_made",
        "_when_written",
        "budget",
        "compiled",
        "is_needed",
        "last_error",
        "mems",
        "resources",
        "what",
    )

    def __init__(
        self,
        compiled: ValidModule,
        what: str,
        *,
        engine: Engine | None = None,
        resources: Any = None,
        memory_overrides: Any = None,
        sections: bool = True,
    ) -> None:
        self.compiled = compiled
        self._engine = engine
        self.what = what
        self.mems: Sequence[MemInst] = ()
        """The index space of memories, once it stands."""
        self._shares: Any = None
        self.budget: MemoryBudget | None = None
        """What the instance may have of memory, where that is limited."""
        self.last_error: str | None = None
        """Why a builtin last gave -1."""
        self._own: dict[type, Any] = {}
        self._prepare: dict[Callable[[Instantiation], None], None] = {}
        self._resume: Callable[[Any], None] | None = None
        self._when_made: list[Callable[[], None]] = []
        self._when_written: list[Callable[[], None]] = []
        self._overrides = _read_overrides(memory_overrides, compiled, what)
        self.resources = _read_resources(resources, what)
        """What the host offers to sections, by name."""
        self.is_needed = bool(self._overrides)
        """Whether the engine has to ask it anything."""
        for custom in compiled.module.customs if sections else ():
            if custom.name in _SECTIONS:
                _SECTIONS[custom.name]()(custom.data, self)

    @property
    def engine(self) -> Engine:
        """What makes the instance: what compiled the module."""
        return engines.default() if self._engine is None else self._engine

    def when_made(self, step: Callable[[], None]) -> None:
        """Do something when the memories stand and before anything is written to them."""
        self.is_needed = True
        self._when_made.append(step)

    def when_prepared(self, prepare: Callable[[Instantiation], None]) -> None:
        """Do something before that, once, however often it is asked for."""
        self.is_needed = True
        self._prepare[prepare] = None

    def when_written(self, step: Callable[[], None]) -> None:
        """Do something when active segments are written, before the start function."""
        self.is_needed = True
        self._when_written.append(step)

    def share_limits(self, other: Any) -> None:
        """Have the instance use up fuel, host calls and time of another one, the engine's, of the same module."""
        self.is_needed = True
        self._shares = other

    def when_resumed(self, step: Callable[[Any], None]) -> None:
        """Have the instance go on from a state, which ``step`` gives to the engine's instance."""
        self.is_needed = True
        self._resume = step

    def protect(self, memidx: int, no_access: int, read_only: int) -> None:
        """Make a memory that the module defines with protected pages, unless the host says what it is made with."""
        chosen = self._overrides.setdefault(memidx, {})
        self.is_needed = True
        if not set(chosen) - {_MINIMUM}:
            chosen.update(noAccess=no_access, readOnly=read_only)

    def chosen(self, memidx: int, name: str) -> Any:
        """What the host has chosen for a memory that the module defines, or ``None``."""
        return self._overrides.get(memidx, {}).get(name)

    def memory(self, memidx: int) -> MemInst:
        """A memory of the instance; a trap for an index that is none."""
        if memidx >= len(self.mems):
            raise Trap(f"unknown memory {memidx}: the instance has {len(self.mems)}")
        return self.mems[memidx]

    def reference_to(self, memory: MemInst) -> Any:
        """The external reference to a memory, as guests hold it."""
        return memory_object(memory)

    def new_memory(self, type_: MemType) -> MemInst:
        """A memory that no module defines, within the module's limits, its own ones counted. Raises `MemoryError`."""
        if self.budget is not None:
            self.budget.check(type_.minimum * type_.page_size)
        found = self._made(type_, self.compiled.settings.limits)
        found.held_by = None
        if self.budget is not None:
            self.budget.add(found)
        return found

    def _made(self, type_: MemType, limits: Limits) -> MemInst:
        found: MemInst = self.engine.new_memory(type_, limits)
        return found

    def own(self, class_: type[_Own]) -> _Own:
        """What the instance has one of: an object of a class that is made without arguments."""
        found: _Own | None = self._own.get(class_)
        # Threads that ask for it together get the same one.
        return self._own.setdefault(class_, class_()) if found is None else found

    # ---- what the engine asks: `embedding.interface.Setup`

    def begun(self, instance: Any, /) -> None:
        """Take over what it may have of memory; give it the limits that it shares."""
        self.budget = instance.budget
        other = self._shares
        if other is not None:
            instance.fuel, instance.host_calls, instance.clock = (
                other.fuel,
                other.host_calls,
                other.clock,
            )

    def make_memory(
        self, memidx: int, type_: MemType, limits: Limits, make: MakeMemory, /
    ) -> MemInst:
        """A memory that the module defines."""
        override = self._overrides.get(memidx)
        if override is None:
            return make(type_, limits)
        type_ = replace(type_, minimum=override.get(_MINIMUM, type_.minimum))
        members = {name: value for name, value in override.items() if name != _MINIMUM}
        if not members:
            return make(type_, limits)
        from pyjsapi.jsapi.memory_control import MEMBERS, memory_control

        what = f"{self.what}: memory {memidx}"
        return memory_control().new_memory(Descriptor(None, members, what, MEMBERS), type_, limits)

    def memories_made(self, mems: Sequence[MemInst], /) -> None:
        """Do what was to be done when the memories stand."""
        self.mems = mems
        for prepare in self._prepare:
            prepare(self)
        for step in self._when_made:
            step()

    @property
    def resumes(self) -> bool:
        """Whether it goes on from a state."""
        return self._resume is not None

    def resume(self, instance: Any, /) -> None:
        """Give it that state."""
        if self._resume is not None:
            self._resume(instance)

    def segments_written(self) -> None:
        """Do what was to be done when active segments are written."""
        for step in self._when_written:
            step()


def memory_index(compiled: ValidModule, given: Any) -> int | None:
    """The index of a memory that is given by number, or by the name it is exported under; ``None`` if there is none."""
    if isinstance(given, str):
        for export in compiled.module.exports:
            if export.kind == "memory" and export.name == given:
                return export.index
        return None
    if isinstance(given, int) and not isinstance(given, bool):
        return given if 0 <= given < len(compiled.context.mems) else None
    return None


def _read_resources(given: Any, what: str) -> Mapping[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise TypeError(
            f"{what}: resources must be a mapping of names to HostResource objects, not {shown(given)}"
        )
    return given


def _read_overrides(given: Any, compiled: ValidModule, what: str) -> dict[int, dict[str, Any]]:
    """The overrides by the index of the memory. Raises `TypeError` and `RangeError`."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise TypeError(
            f"{what}: memory_overrides must be a mapping as {{0: {{'minimum': 40}}}}, not {shown(given)}"
        )
    found: dict[int, dict[str, Any]] = {}
    for key, members in given.items():
        memidx = memory_index(compiled, key)
        place = f"{what}: memory_overrides[{key!r}]"
        if memidx is None:
            raise TypeError(f"{place}: {_memories(compiled)}")
        if memidx < len(compiled.context.mems) - len(compiled.module.mems):
            raise TypeError(
                f"{place}: the module imports this memory: give it a Memory that has what is wanted"
            )
        found[memidx] = _read_override(members, compiled.context.mems[memidx], place)
    return found


def _read_override(members: Any, type_: MemType, place: str) -> dict[str, Any]:
    if not isinstance(members, Mapping):
        raise TypeError(f"{place} must be a mapping as {{'minimum': 40}}, not {shown(members)}")
    for name in members:
        if name not in _MEMBERS:
            from pyjsapi.syntax.spelling import advice

            raise TypeError(f"{place}: unexpected member {name!r}; {advice(name, _MEMBERS)}")
    override = {name: value for name, value in members.items() if value is not None}
    minimum = override.get(_MINIMUM)
    if minimum is None:
        return override
    if not isinstance(minimum, int) or isinstance(minimum, bool):
        raise TypeError(f"{place}: 'minimum' must be an int, in pages, not {shown(minimum)}")
    if minimum < type_.minimum:
        raise RangeError(
            f"{place}: 'minimum': {minimum} pages are fewer than the {type_.minimum} that the module asks for"
        )
    if type_.maximum is not None and minimum > type_.maximum:
        raise RangeError(
            f"{place}: 'minimum': {minimum} pages are more than the memory's maximum, {type_.maximum}"
        )
    return override


def _memories(compiled: ValidModule) -> str:
    """What the memories of a module are called, for messages."""
    count = len(compiled.context.mems)
    names = [repr(export.name) for export in compiled.module.exports if export.kind == "memory"]
    exported = f", exported as {', '.join(names)}" if names else ""
    return f"no such memory: the module has {count}{exported}"


SectionReader: TypeAlias = Callable[[bytes, Instantiation], None]
"""Reads a custom section for an instantiation, and leaves steps there: `Instantiation.when_made`."""

_SECTIONS: Final[dict[str, Callable[[], SectionReader]]] = {}


def offer_section(name: str, load: Callable[[], SectionReader]) -> None:
    """Have custom sections of a name read at instantiation; ``load`` imports what reads them."""
    _SECTIONS[name] = load
