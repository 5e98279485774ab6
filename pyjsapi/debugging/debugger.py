"""The debugger: commands, and what they lead to, as plain data.

`Debugger.command` takes and gives what JSON can say, so that a page can drive it from another thread. The methods do
the same for Python.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pyjsapi.compiler.environment import Environment
from pyjsapi.compiler.support.traps import raised_from_wasm
from pyjsapi.debugging.activations import Activation, values_of
from pyjsapi.debugging.breakpoints import Breakpoints
from pyjsapi.debugging.commands import carried_out
from pyjsapi.debugging.conditions import Stop, message_of
from pyjsapi.debugging.errors import DebugError
from pyjsapi.debugging.expressions import Expressions
from pyjsapi.debugging.listing import Listing
from pyjsapi.debugging.machine import NEVER, Machine
from pyjsapi.debugging.recording import HostCall
from pyjsapi.debugging.values import shown, value_of
from pyjsapi.debugging.watched import Met, WatchedRun
from pyjsapi.debugging.world import World
from pyjsapi.runtime import ExnInst, FuncInst
from pyjsapi.runtime.exception import raised_by
from pyjsapi.runtime.instance import ModuleInstance

_MOST_BYTES: Final = 1 << 20
_MOST_FRAMES: Final = 100
_FAILED: Final = ("trap", "exception")
_ENTRY: Final[Stop] = {"reason": "entry"}
_STEP: Final[Stop] = {"reason": "step"}


class Debugger:
    """Executes calls of an instance so that they can be stopped anywhere, and taken back.

    ``instance`` is a `WebAssembly.Instance` of the Python engine. All instances that it reaches are debugged with it:
    until `close`, their functions are executed by the debugger. ``source_map`` is the text of a source map, for a
    module that has it elsewhere. ``callbacks=False`` promises that no function of the host calls back, so that more of
    what need not be stopped is executed by compiled code.

    Whatever executes gives the state: see `state`. Raises `DebugError` for what cannot be done, with nothing changed.
    """

    def __init__(
        self, instance: Any, *, source_map: str | None = None, callbacks: bool = True
    ) -> None:
        core = getattr(instance, "_instance", instance)
        if not isinstance(core, ModuleInstance):
            raise DebugError("only instances of the Python engine can be debugged")
        self.instance = core
        self._world = World(core)
        self._machine = Machine(self._world)
        self._maps = {id(core): source_map}
        self._listings: dict[int, Listing] = {}
        self.instances: list[ModuleInstance] = [core] + [
            each.instance for each in self._world.environments if each.instance is not core
        ]
        """The instances that are debugged; the first is the one that was given."""
        self.breakpoints = Breakpoints(self._machine, self.instances, self.listing)
        self._called: tuple[FuncInst, list[Any]] | None = None
        self._stop: Stop = {"reason": "none"}
        self._watched = WatchedRun(self._world, self._machine.recorder, callbacks=callbacks)
        self._check_stacks()
        self._divert()

    def _check_stacks(self) -> None:
        for environment in self._world.environments:
            if environment.has_continuations:
                raise DebugError(
                    "stack switching cannot be debugged: "
                    "a module has continuation types (the feature stack_switching)"
                )

    def _divert(self) -> None:
        for environment in self._world.environments:
            environment.divert(self._diverted(environment))

    def close(self) -> None:
        """Let functions be executed as they were before; what is stopped is given up."""
        for environment in self._world.environments:
            environment.divert(None)
        self._machine.frames.clear()
        self._called = None

    def __enter__(self) -> Debugger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _diverted(self, environment: Environment) -> Callable[[int], Callable[..., Any]]:
        return lambda index: self._machine.enter(environment, index)

    def listing(self, environment: Environment) -> Listing:
        """The module of an instance, as people read it."""
        key = id(environment.compiled)
        found = self._listings.get(key)
        if found is None:
            source_map = self._maps.get(id(environment.instance))
            found = self._listings[key] = Listing(environment.compiled, source_map)
        return found

    # ---- executing

    def call(self, function: str | int, arguments: Sequence[Any] = ()) -> dict[str, Any]:
        """Begin a call of a function, by its name or index, and stop before its first instruction.

        Arguments are numbers, or texts as the text format has them. What the call finds is the start that `restart`
        and `back` lead to.
        """
        func = self.breakpoints.function(function, self.instance)
        types = func.type.func.params
        if len(types) != len(arguments):
            raise DebugError(
                f"the function takes {len(types)} argument{'s' * (len(types) != 1)} "
                f"({', '.join(map(str, types))}), {len(arguments)} given"
            )
        return self.begin(func, [value_of(a, t) for a, t in zip(arguments, types, strict=True)])

    def begin(self, func: FuncInst, values: list[Any]) -> dict[str, Any]:
        """`call` of a function of the store with canonical values."""
        if not isinstance(func.owner, Environment):
            raise DebugError("the function is the host's: there is nothing to step through")
        self._world.keep()
        self._machine.recorder.forget()
        self._called = func, values
        self._machine.begin(func, values)
        return self._at_start()

    def _at_start(self) -> dict[str, Any]:
        frame = self._machine.frames[-1] if self._machine.frames else None
        if isinstance(frame, Activation) and frame.position < 0:
            return self._after(self._run())
        return self._after(_ENTRY)

    def step(self, count: int = 1) -> dict[str, Any]:
        """Execute so many instructions, into calls as well; less where there is a reason to stop before."""
        self._check_stopped()
        limit = self._machine.count + _positive(count)
        if count > 1:
            return self._after(self._run(limit))
        return self._after(self._holding(self._machine.step(), limit))

    def over(self, budget: int | None = None) -> dict[str, Any]:
        """Execute one instruction, and if it calls, all of that call, or ``budget`` instructions: see `proceed`."""
        self._check_stopped()
        frame = self._machine.frames[-1]
        if isinstance(frame, Activation) and frame.position in frame.routine.calls:
            return self._run_for(budget, len(self._machine.frames))
        return self.step()

    def out(self, budget: int | None = None) -> dict[str, Any]:
        """Execute until the innermost call has returned, or ``budget`` instructions: see `proceed`."""
        self._check_stopped()
        return self._run_for(budget, len(self._machine.frames) - 1)

    def proceed(self, budget: int | None = None, depth: int = -1) -> dict[str, Any]:
        """Execute until there is a reason to stop, or ``budget`` instructions were executed: then it is "paused", and
        the stop has the ``depth`` with which it goes on. With a ``depth`` it is also a reason that there are not more
        calls than so many.

        From the start of a call, and without a budget, compiled code looks for a reason to stop, where there are no
        breakpoints at functions and instructions. `count` is not known then at the end.
        """
        self._check_stopped()
        if budget is None and depth < 0:
            state = self.hurry()
            if state is not None:
                return state
        return self._run_for(budget, depth)

    def _run_for(self, budget: int | None, depth: int) -> dict[str, Any]:
        machine = self._machine
        limit = NEVER if budget is None else machine.count + _positive(budget)
        stop = self._run(limit, depth, seen=self._stop["reason"] != "paused")
        if machine.count >= limit and stop == _STEP and len(machine.frames) > depth:
            stop = {"reason": "paused"}
        if depth >= 0 and stop is not None and stop["reason"] == "paused":
            stop = {**stop, "depth": depth}
        return self._after(stop)

    def hurry(self) -> dict[str, Any] | None:
        """From the start of a call: have compiled code execute it, if there is nothing to stop at.

        ``None`` where there is something, or that cannot be found out so; then the call is where it was. So it is when
        `KeyboardInterrupt` is raised meanwhile, which is then raised here.
        """
        self._check_stopped()
        if self._machine.count or self._called is None:
            return None
        return self._after(None) if self._ended_quickly(*self._called) else None

    def _ended_quickly(self, func: FuncInst, arguments: list[Any]) -> bool:
        machine = self._machine
        if not self._watched.is_possible(machine.conditions):
            return False
        failure: BaseException | None = None
        result: Any = None
        try:
            result = self._watched.call(func, arguments)
        except Met as met:
            failure = met
        except BaseException as exception:
            failure = raised_from_wasm(exception)
        finally:
            self._divert()
        stops = failure is not None and (
            machine.conditions.traps is not None or machine.conditions.throws is not None
        )
        if isinstance(failure, Met | KeyboardInterrupt) or stops:
            self._rewind_to(0)
            if isinstance(failure, KeyboardInterrupt):
                raise failure
            return False
        machine.end(values_of(result, len(func.type.func.results)), failure)
        return True

    def run_to(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Execute up to a place, given like a breakpoint, or to another reason to stop before."""
        self._check_stopped()
        made = self.breakpoints.add(spec)
        try:
            stop = self._run()
            if stop is not None and stop.get("breakpoints") == [made.number]:
                stop = {**stop, "reason": "reached", "breakpoints": []}
            return self._after(stop)
        finally:
            self.breakpoints.delete(made.number)

    def restart(self) -> dict[str, Any]:
        """Go back to where the call began: all that it changed is as it was, and what the host's functions did is
        known and not done again."""
        self._check_called()
        self._rewind_to(0)
        return self._at_start()

    def back(self, count: int = 1) -> dict[str, Any]:
        """Go back by so many instructions, by executing again from the start."""
        self._check_called()
        self._count_all()
        target = max(self._machine.count - _positive(count), 0)
        if not target:
            return self.restart()
        self._rewind_to(target)
        return self._after(_STEP)

    def reverse(self) -> dict[str, Any]:
        """Go back to the last breakpoint before, or to the start."""
        self._check_called()
        self._count_all()
        end = self._machine.count
        last, found = 0, _ENTRY
        self._rewind_to(0)
        while True:
            stop = self._run(end)
            if stop is None or stop == _STEP or self._machine.count >= end:
                break
            last, found = self._machine.count, stop
        self._rewind_to(last)
        return self._after(found)

    def _count_all(self) -> None:
        """Find out how many instructions there were, where compiled code has executed them."""
        if self._machine.count < 0:
            self._rewind_to(0)
            self._machine.run(conditions=False)

    def _rewind_to(self, count: int) -> None:
        if self._called is None:
            raise DebugError("nothing was called yet")
        self._world.restore()
        self._machine.recorder.rewind()
        self._machine.begin(*self._called)
        if count:
            self._machine.run(count, conditions=False)

    def _run(self, limit: int = NEVER, depth: int = -1, *, seen: bool = True) -> Stop | None:
        """`Machine.run`, which goes on where breakpoints have conditions that do not hold."""
        return self._holding(self._machine.run(limit, depth, seen=seen), limit, depth)

    def _holding(self, stop: Stop | None, limit: int, depth: int = -1) -> Stop | None:
        """A stop whose breakpoints hold: this one, or one that comes later."""
        stop = self._reached(stop)
        while stop is not None:
            held = self._held(stop)
            if held is not None:
                return held
            stop = self._reached(self._machine.run(limit, depth))
        return None

    def _held(self, stop: Stop) -> Stop | None:
        """A stop with those of its breakpoints whose conditions hold, or cannot be computed; ``None`` without any."""
        numbers = stop.get("breakpoints")
        if not numbers:
            return stop
        held = []
        for number in numbers:
            made = self.breakpoints.all.get(number)
            condition = None if made is None else made.spec.get("condition")
            try:
                if condition is None or Expressions(self, 0).value(condition):
                    held.append(number)
            except DebugError as error:
                held.append(number)
                stop = {**stop, "problem": str(error)}
        return {**stop, "breakpoints": held} if held else None

    def _reached(self, stop: Stop | None) -> Stop | None:
        """Go where there was a reason to stop that the machine had to pass, and the reason."""
        machine = self._machine
        if stop is not None and stop["reason"] == "missed" and machine.missed is not None:
            count, stop = machine.missed
            self._rewind_to(count)
            if stop["reason"] in _FAILED:
                machine.run()
        return stop

    def _after(self, stop: Stop | None) -> dict[str, Any]:
        """The state, where execution stopped like this."""
        self._stop = stop or {"reason": "end"}
        return self.state()

    def _check_called(self) -> None:
        if self._called is None:
            raise DebugError("nothing was called yet")

    def _check_stopped(self) -> None:
        self._check_called()
        if not self._machine.frames:
            raise DebugError("the call has ended; it can be restarted")

    def interrupt(self) -> None:
        """Have what executes now stop soon, as "paused": from a signal handler, or another thread.

        Compiled code (see `hurry`) and functions of the host go on to their end.
        """
        self._machine.interrupt()

    # ---- looking

    @property
    def count(self) -> int | None:
        """Instructions executed since the call began, as fuel counts them; ``None`` if compiled code did it all."""
        return self._machine.count if self._machine.count >= 0 else None

    @property
    def is_stopped(self) -> bool:
        """Whether there is a call that can go on."""
        return bool(self._machine.frames)

    @property
    def failure(self) -> BaseException | None:
        """What the call has ended with, or is about to end with: a trap, or what else was raised."""
        failure = self._machine.failure
        return raised_by(failure) if isinstance(failure, ExnInst) else failure

    def state(self) -> dict[str, Any]:
        """Where execution is, and why it stopped there.

        ``stop`` has the ``reason``: entry, step, breakpoint, reached, watch, import, growth, trap, exception, paused
        or end, and what belongs to it; a ``problem`` if a condition could not be computed. ``count`` are
        the instructions executed. ``depth`` is how many calls there are; ``frames`` are the innermost hundred of them,
        innermost first, of which the first has its locals and operands: see `frame`. At the end there is an
        ``outcome``.
        """
        frames = self._machine.frames
        found: dict[str, Any] = {
            "stop": dict(self._stop),
            "count": self.count,
            "depth": len(frames),
            "frames": [
                self._frame(i, detailed=i == 0) for i in range(min(len(frames), _MOST_FRAMES))
            ],
        }
        if not frames:
            found["outcome"] = self._outcome()
        return found

    def _outcome(self) -> dict[str, Any]:
        machine = self._machine
        if self._called is None:
            return {}
        if machine.failure is not None:
            failure = machine.failure
            if isinstance(failure, SystemExit):
                return {"exit": failure.code if isinstance(failure.code, int) else 1}
            kind = "exception" if isinstance(failure, ExnInst) else "error"
            return {kind: message_of(failure)}
        types = self._called[0].type.func.results
        return {"results": _typed(machine.results or [], types)}

    def frame(self, number: int = 0) -> dict[str, Any]:
        """A call, the innermost is 0: its function, where it is, its locals and operands with types, and the bytes of
        memories that its next instruction reads or writes, if there are such."""
        self._check_stopped()
        if not 0 <= number < len(self._machine.frames):
            raise DebugError(f"there is no frame {number}: there are {len(self._machine.frames)}")
        return self._frame(number, detailed=True)

    def _frame(self, number: int, *, detailed: bool) -> dict[str, Any]:
        frame = self._machine.frames[-1 - number]
        if isinstance(frame, HostCall):
            types = frame.func.type.func.params
            return {
                "kind": "host",
                "name": self._import_name(frame.func),
                "arguments": _typed(frame.arguments, types),
            }
        routine = frame.routine
        listing = self.listing(routine.environment)
        instruction = routine.instruction(frame.position)
        function = listing.function(routine.index)
        place = listing.place(routine.index, instruction)
        found: dict[str, Any] = {
            "kind": "wasm",
            "instance": self.instances.index(routine.environment.instance),
            "module": listing.module_name,
            "function": routine.index,
            "name": listing.names.get(routine.index),
            "instruction": instruction,
            "offset": function.offsets[instruction],
            "text": function.texts[instruction].strip(),
            "place": None if place is None else place._asdict(),
        }
        if detailed:
            names = listing.local_names(routine.index)
            local_types = routine.plan.operations.locals
            values = _typed(frame.locals[: len(local_types)], local_types)
            found["locals"] = [
                {"index": i, "name": names.get(i), **value} for i, value in enumerate(values)
            ]
            operands = routine.operand_types(frame.position)
            found["operands"] = _typed(frame.operands[: len(operands)], operands)
            found["accesses"] = _accesses(frame)
        return found

    def _import_name(self, func: FuncInst) -> str:
        for instance in self.instances:
            kinds = [o for o in instance.module.imports if type(o.type).__name__ == "FuncExtern"]
            for index, one in enumerate(kinds):
                if instance.funcs[index] is func:
                    return f"{one.module}.{one.name}"
        return getattr(func.host, "__name__", "host function")

    def globals(self, instance: int = 0) -> list[dict[str, Any]]:
        """The globals of an instance, with names, types and values."""
        core = self._instance(instance)
        environment = next(
            (each for each in self._world.environments if each.instance is core), None
        )
        names = {} if environment is None else self.listing(environment).global_names()
        return [
            {
                "index": index,
                "name": names.get(index),
                "mutable": global_.type.mutable,
                "type": str(global_.type.valtype),
                "value": shown(global_.cell[0], global_.type.valtype),
            }
            for index, global_ in enumerate(core.globals)
        ]

    def memory(self, memory: int, address: int, count: int, instance: int = 0) -> bytes:
        """Bytes of a memory, less than ``count`` where it ends."""
        mems = self._instance(instance).mems
        if not 0 <= memory < len(mems):
            raise DebugError(f"there is no memory {memory}: the instance has {len(mems)}")
        length = mems[memory].byte_length
        if not 0 <= address <= length:
            raise DebugError(f"address {address:#x} is beyond memory {memory} of {length} bytes")
        count = min(_positive(count), length - address, _MOST_BYTES)
        return bytes(mems[memory].block.read(address, count))

    def functions(self, instance: int = 0) -> list[dict[str, Any]]:
        """The functions of an instance, with names and types."""
        core = self._instance(instance)
        names = self._listing_of(instance).names
        return [
            {
                "index": index,
                "name": names.get(index),
                "type": str(func.type.func),
                "imported": func.owner is None or getattr(func.owner, "instance", None) is not core,
            }
            for index, func in enumerate(core.funcs)
        ]

    def disassemble(self, function: str | int, instance: int = 0) -> list[dict[str, Any]]:
        """The instructions of a function: offset in the module, and text."""
        core = self._instance(instance)
        func = self.breakpoints.function(function, core)
        if not isinstance(func.owner, Environment) or func.index is None:
            raise DebugError("the function is the host's: it has no instructions")
        texts, offsets = self.listing(func.owner).function(func.index)
        return [
            {"instruction": i, "offset": offset, "text": text}
            for i, (offset, text) in enumerate(zip(offsets, texts, strict=True))
        ]

    def source(self, file: str, frame: int = 0) -> list[str] | None:
        """The lines of a file that a place in a frame names, if they can be had: from the source map, from the text
        that the module was made from or is printed as, or from the file itself."""
        made = self._machine.frames[-1 - frame]
        if isinstance(made, HostCall):
            return None
        text = self.listing(made.routine.environment).source(file)
        return None if text is None else text.splitlines()

    def _listing_of(self, instance: int) -> Listing:
        core = self._instance(instance)
        for environment in self._world.environments:
            if environment.instance is core:
                return self.listing(environment)
        raise DebugError("the instance has no functions of its own")

    def _instance(self, number: int) -> ModuleInstance:
        if not 0 <= number < len(self.instances):
            raise DebugError(f"there is no instance {number}: there are {len(self.instances)}")
        return self.instances[number]

    # ---- commands

    def command_json(self, text: str) -> str:
        """`command` for a text in JSON; the answer likewise."""
        try:
            given = json.loads(text)
        except (ValueError, RecursionError):
            given = None
        if not isinstance(given, dict):
            return json.dumps({"error": "a command is an object in JSON"})
        return json.dumps(self.command(given))

    def command(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Do what ``given["do"]`` says, with the other members as arguments. What is wrong is told as ``error``.

        ``call``, ``step``, ``over``, ``out``, ``continue``, ``run-to``, ``back``, ``reverse``, ``restart`` and
        ``state`` give the state; ``break`` and ``condition`` the breakpoint, ``breakpoints`` and ``delete`` all of
        them; ``frame``, ``globals``, ``functions``, ``disassemble``, ``source`` and ``memory`` (as hexadecimal digits)
        what their methods give.
        """
        return carried_out(self, given)


def _typed(values: Sequence[Any], types: Sequence[Any]) -> list[dict[str, Any]]:
    return [
        {"type": str(type_), "value": shown(value, type_)}
        for value, type_ in zip(values, types, strict=True)
    ]


def _accesses(frame: Activation) -> list[dict[str, Any]]:
    return [
        {
            "memory": access.memidx,
            "address": frame.operands[access.address] + access.offset,
            "size": access.size if access.operand < 0 else frame.operands[access.operand],
            "reads": access.reads,
            "writes": access.writes,
        }
        for access in frame.routine.accesses.get(frame.position, ())
    ]


def _positive(count: object) -> int:
    if not isinstance(count, int) or count < 1:
        raise DebugError(f"{count!r} is no count: it must be a whole number, at least 1")
    return count
