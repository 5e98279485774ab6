"""Breakpoints as plain data, and what they mean to the machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from pyjsapi.compiler.environment import Environment
from pyjsapi.debugging.conditions import Conditions, Watch
from pyjsapi.debugging.errors import DebugError
from pyjsapi.debugging.expressions import parsed
from pyjsapi.debugging.listing import Listing
from pyjsapi.debugging.machine import Machine
from pyjsapi.runtime import FuncInst
from pyjsapi.runtime.instance import ModuleInstance

KINDS: Final = ("function", "instruction", "line", "watch", "import", "growth", "trap", "exception")


@dataclass(slots=True)
class Breakpoint:
    """A breakpoint that was set."""

    number: int
    kind: str
    spec: dict[str, Any]
    """As it was given, with what it was found to mean."""

    def plain(self) -> dict[str, Any]:
        """As plain data."""
        return {"number": self.number, "kind": self.kind, **self.spec}


class Breakpoints:
    """The breakpoints of a program."""

    def __init__(self, machine: Machine, instances: list[ModuleInstance], listings: Any) -> None:
        self._machine = machine
        self._instances = instances
        self._listings = listings
        self._next = 1
        self.all: dict[int, Breakpoint] = {}

    def add(self, spec: Mapping[str, Any]) -> Breakpoint:
        """Set one; of any kind, a ``condition`` says where it holds. Raises `DebugError` for what is not there."""
        given = dict(spec)
        kind = given.pop("kind", None)
        if kind not in KINDS:
            raise DebugError(
                f"there is no kind of breakpoint {kind!r}: there are {', '.join(KINDS)}"
            )
        _check_condition(given.get("condition"))
        made = Breakpoint(self._next, kind, given)
        conditions = self._machine.conditions
        getattr(self, f"_{kind}")(made, conditions)
        self._next += 1
        self.all[made.number] = made
        self._machine.mark_all()
        return made

    def delete(self, number: int) -> None:
        """Take one away. Raises `DebugError`."""
        if number not in self.all:
            raise DebugError(f"there is no breakpoint {number}")
        del self.all[number]
        conditions = self._machine.conditions = Conditions()
        for each in self.all.values():
            getattr(self, f"_{each.kind}")(each, conditions)
        self._machine.mark_all()

    def set_condition(self, number: int, condition: str | None) -> Breakpoint:
        """Let one hold only where an expression is not 0; with ``None`` always. Raises `DebugError`."""
        if number not in self.all:
            raise DebugError(f"there is no breakpoint {number}")
        _check_condition(condition)
        made = self.all[number]
        made.spec.pop("condition", None)
        if condition is not None:
            made.spec["condition"] = condition
        return made

    # ---- one method a kind

    def _function(self, made: Breakpoint, to: Conditions) -> None:
        environment, index = self._code(made.spec)
        made.spec.update(function=index)
        to.functions.setdefault((environment, index), made.number)

    def _instruction(self, made: Breakpoint, to: Conditions) -> None:
        spec = made.spec
        if "offset" in spec:
            environment = self._environment(spec)
            offset = _number(spec["offset"], "an offset")
            found = self._listing(environment).at_offset(offset)
            if found is None:
                raise DebugError(f"there is no instruction at offset {offset:#x} of the module")
            index, instruction = found
        else:
            environment, index = self._code(spec)
            instruction = _number(spec.get("instruction"), "an instruction")
        self._break_at(environment, index, instruction, made, to)

    def _line(self, made: Breakpoint, to: Conditions) -> None:
        spec = made.spec
        environment = self._environment(spec)
        file, line = str(spec.get("file", "")), _number(spec.get("line"), "a line")
        places = self._listing(environment).at_line(file, line)
        if not places:
            raise DebugError(f"no code begins at line {line}{f' of {file}' if file else ''}")
        for index, instruction in places:
            self._break_at(environment, index, instruction, made, to)

    def _break_at(
        self,
        environment: Environment,
        index: int,
        instruction: int,
        made: Breakpoint,
        to: Conditions,
    ) -> None:
        routine = self._machine.routine(environment, index)
        if instruction >= len(routine.plan.code.body):
            raise DebugError(
                f"function {index} has {len(routine.plan.code.body)} instructions, and no {instruction}"
            )
        position = routine.plan.operations.position_of(instruction)
        if position is None:
            raise DebugError(
                f"nothing is executed from instruction {instruction} of function {index} on"
            )
        offset = self._listing(environment).function(index).offsets[routine.instruction(position)]
        made.spec.update(function=index, instruction=routine.instruction(position), offset=offset)
        to.instructions.setdefault((environment, index), []).append((position, made.number))

    def _watch(self, made: Breakpoint, to: Conditions) -> None:
        spec = made.spec
        instance = self._instance(spec)
        memidx = _number(spec.setdefault("memory", 0), "a memory")
        if memidx >= len(instance.mems):
            raise DebugError(f"there is no memory {memidx}: the instance has {len(instance.mems)}")
        start = _number(spec.get("address"), "an address")
        size = _number(spec.setdefault("size", 4), "a size")
        if not size:
            raise DebugError("a watched range has at least 1 byte")
        reads, writes = bool(spec.setdefault("reads", False)), bool(spec.setdefault("writes", True))
        if not (reads or writes):
            raise DebugError("a watch is for reads, for writes, or for both")
        memory = instance.mems[memidx]
        to.watches.append(
            Watch(made.number, memory, start, start + size, reads=reads, writes=writes)
        )

    def _import(self, made: Breakpoint, to: Conditions) -> None:
        instance = self._instance(made.spec)
        wanted = made.spec.get("import")
        kinds = [one for one in instance.module.imports if type(one.type).__name__ == "FuncExtern"]
        matching = [
            index
            for index, one in enumerate(kinds)
            if wanted is None or wanted in (index, one.name, f"{one.module}.{one.name}")
        ]
        if not matching:
            names = ", ".join(f"{one.module}.{one.name}" for one in kinds)
            if not kinds:
                raise DebugError("the module imports no functions")
            raise DebugError(f"no function {wanted!r} is imported; those that are: {names}")
        for index in matching:
            to.imports.setdefault(instance.funcs[index], made.number)

    def _growth(self, made: Breakpoint, to: Conditions) -> None:
        to.growth = made.number if to.growth is None else to.growth

    def _trap(self, made: Breakpoint, to: Conditions) -> None:
        to.traps = made.number if to.traps is None else to.traps

    def _exception(self, made: Breakpoint, to: Conditions) -> None:
        to.throws = made.number if to.throws is None else to.throws

    # ---- what they name

    def _instance(self, spec: Mapping[str, Any]) -> ModuleInstance:
        number = _number(spec.get("instance", 0), "an instance")
        if number >= len(self._instances):
            raise DebugError(f"there is no instance {number}: there are {len(self._instances)}")
        return self._instances[number]

    def _environment(self, spec: Mapping[str, Any]) -> Environment:
        for func in self._instance(spec).funcs[::-1]:
            if isinstance(func.owner, Environment) and func.owner.instance is self._instance(spec):
                return func.owner
        raise DebugError("the instance has no functions of its own")

    def _listing(self, environment: Environment) -> Listing:
        return cast("Listing", self._listings(environment))

    def _code(self, spec: Mapping[str, Any]) -> tuple[Environment, int]:
        func = self.function(spec.get("function"), self._instance(spec))
        if not isinstance(func.owner, Environment) or func.index is None:
            raise DebugError(
                f"function {spec.get('function')} is the host's; a breakpoint of kind 'import' stops there"
            )
        return func.owner, func.index

    def function(self, named: Any, instance: ModuleInstance) -> FuncInst:
        """The function that an index or a name stands for. Raises `DebugError`."""
        if isinstance(named, str):
            exported = instance.exports.get(named)
            if isinstance(exported, FuncInst):
                return exported
            listing = self._listing(
                self._environment({"instance": self._instances.index(instance)})
            )
            found = listing.named(named.removeprefix("$"))
            if len(set(found.values())) > 1:
                several = ", ".join(f"{name} ({index})" for index, name in found.items())
                raise DebugError(f"{named!r} may be any of {several}")
            if found:
                return instance.funcs[min(found)]
        if isinstance(named, str) and named.isdecimal():
            named = int(named)
        if isinstance(named, int) and 0 <= named < len(instance.funcs):
            return instance.funcs[named]
        raise DebugError(f"there is no function {named!r}")


def _check_condition(condition: object) -> None:
    if condition is None:
        return
    if not isinstance(condition, str):
        raise DebugError(f"{condition!r} is no condition: it must be an expression, as a text")
    parsed(condition)


def _number(value: Any, what: str) -> int:
    try:
        found = int(value, 0) if isinstance(value, str) else value
    except ValueError:
        found = None
    if not isinstance(found, int) or found < 0:
        raise DebugError(f"{value!r} is not {what}: it must be a whole number, not below 0")
    return found
