"""The machine that executes operations: a list of activations, a count, and conditions to stop on.

Nothing of a debugged program is on Python's stack, so a stop is a return: whoever drives the machine can do what it
likes before it goes on, in one thread, without waiting. The exception is a function of the host that calls back into
WebAssembly. Its own calls are on Python's stack, and cannot be left there. So it is let run to its end, with all that
happens recorded. If there was something to stop at, the whole program is taken back and executed again up to there:
this time the recording stands for the host's function, and the calls that it made are activations like others.

Instructions are counted as fuel counts them: those that only say where others are do not count, and are no places to
stop at. A position in time is such a count, from the start of the call that is debugged.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from pyjsapi.compiler.environment import Environment
from pyjsapi.compiler.support.exceptions import caught
from pyjsapi.debugging.activations import Activation, import_stop, note_calls, values_of
from pyjsapi.debugging.conditions import Conditions, Stop, message_of
from pyjsapi.debugging.operations import CALL, RETURN
from pyjsapi.debugging.recording import HostCall, Recorder
from pyjsapi.debugging.routines import ACCESS, BREAK, GROW, HIDDEN, Access, Call, Routine
from pyjsapi.debugging.world import World
from pyjsapi.runtime import ExnInst, FuncInst
from pyjsapi.syntax.errors import Exhaustion, Trap, WasmError

NEVER: Final = sys.maxsize
_AT_ONCE: Final = 1 << 20
"""Instructions after which an interruption is looked for."""
_STEPPED: Final[Stop] = {"reason": "step"}


class Machine:
    """Executes calls of one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.conditions = Conditions()
        self.recorder = Recorder(world)
        self.frames: list[Activation | HostCall] = []
        self.count = 0
        """Instructions executed since the start."""
        self.results: list[Any] | None = None
        """Of the call, when it has ended well."""
        self.failure: BaseException | None = None
        """What it ended with, or is about to end with while there are activations."""
        self.missed: tuple[int, Stop] | None = None
        """When there was something to stop at in a call that a function of the host made, and what."""
        self._routines: dict[tuple[Environment, int], Routine] = {}
        self._limit = NEVER
        self._limit_stop: Stop = {}
        self._mask = HIDDEN
        self._checks = False
        """Whether conditions are looked at."""
        self._depth = -1
        self._seen = -1
        """The count at which conditions were looked at already."""
        self._live = 0
        """How many functions of the host are running that may call back."""
        self._aside = False
        """Whether what runs is a call that nobody debugs."""

    # ---- what is executed

    def routine(self, environment: Environment, index: int) -> Routine:
        """A function of an instance."""
        key = environment, index
        found = self._routines.get(key)
        if found is None or not found.fits:
            found = self._routines[key] = Routine(environment, index)
            self._mark(found)
        return found

    def mark_all(self) -> None:
        """Take over breakpoints at instructions."""
        for routine in self._routines.values():
            self._mark(routine)

    def _mark(self, routine: Routine) -> None:
        routine.clear()
        key = routine.environment, routine.index
        for position, number in self.conditions.instructions.get(key, ()):
            routine.break_at(position, number)

    def begin(self, func: FuncInst, arguments: Sequence[Any]) -> None:
        """Let a call be what is executed next; its function is one of WebAssembly."""
        self.frames = []
        self.results = self.failure = self.missed = None
        self.count = 0
        self._seen = -1
        self._push(func, arguments, enters=True)

    def end(self, results: Sequence[Any], failure: BaseException | None) -> None:
        """The call has ended elsewhere, after nobody knows how many instructions: `count` is -1."""
        self.frames.clear()
        self.results, self.failure, self.count = list(results), failure, -1

    # ---- going on

    def run(
        self, limit: int = NEVER, depth: int = -1, *, conditions: bool = True, seen: bool = True
    ) -> Stop | None:
        """Go on until ``limit`` instructions have been executed since the start, or until there are not more than
        ``depth`` activations, or until a condition holds. Why it stopped; ``None`` at the end of the call.

        Conditions are not looked at where the machine is now, unless that was not ``seen``.
        """
        self._limit, self._depth = limit, depth
        self._limit_stop = _STEPPED
        self._mask = self.conditions.mask if conditions else HIDDEN
        self._checks = conditions
        self._seen = self.count if seen else -1
        if self.failure is not None:
            self._let_go(self.failure)
        return self._loop(0)

    def interrupt(self) -> None:
        """Stop what runs, soon: from a signal handler, or another thread."""
        self._limit_stop = {"reason": "paused"}
        self._limit = 0

    def step(self) -> Stop | None:
        """Execute one instruction: as `run` with a limit, and faster for those that neither call nor return."""
        frame = self.frames[-1]
        if frame.__class__ is Activation and self.failure is None:
            position, routine = frame.position, frame.routine
            if position >= 0 and not routine.marks[position] & HIDDEN:
                try:
                    following = routine.operations[position](frame.locals, frame.operands)
                except BaseException as exception:
                    self._begin_to(self.count + 1)
                    return self._fail(exception, executed=1) or self._loop(0)
                if following is None:
                    following = routine.next[position]
                if following >= 0 and not routine.marks[following] & HIDDEN:
                    frame.position = following
                    self.count += 1
                    return _STEPPED
                if following == RETURN:
                    self.count += 1
                    frame.position = RETURN
                    self._begin_to(self.count)
                    return self._loop(0)
        return self.run(self.count + 1)

    def _begin_to(self, limit: int) -> None:
        self._limit, self._depth = limit, -1
        self._limit_stop = _STEPPED
        self._mask, self._checks = self.conditions.mask, True
        self._seen = self.count

    def _loop(self, base: int) -> Stop | None:
        frames = self.frames
        while len(frames) > base:
            frame = frames[-1]
            if frame.__class__ is HostCall:
                stop = self._replay(frame)
            else:
                stop = self._execute(frame)  # type: ignore[arg-type]
            if stop is not None:
                return stop
        return None

    def _execute(self, frame: Activation) -> Stop | None:
        """Execute instructions of an activation until it calls, returns, fails, or there is a reason to stop."""
        routine, position = frame.routine, frame.position
        marks = routine.marks
        if position < 0:
            self._leave(frame)
            return None
        if marks[position] & HIDDEN:
            return self._execute_hidden(frame)
        if self.count >= self._limit:
            return self._stop(self._limit_stop)
        operations, following = routine.operations, routine.next
        locals_, operands, mask = frame.locals, frame.operands, self._mask
        next_: int | None = 0
        start = self.count
        limit = max(min(self._limit, start + _AT_ONCE), start)
        count = start
        try:
            for count in range(start, limit):
                if marks[position] & mask:
                    frame.position, self.count = position, count
                    if marks[position] & HIDDEN:
                        return None
                    stop = self._look(frame, marks[position] & mask)
                    if stop is not None:
                        return stop
                next_ = operations[position](locals_, operands)
                if next_ is None:
                    next_ = following[position]
                if next_ < 0:
                    break
                position = next_
            else:
                frame.position, self.count = position, limit
                return None
        except BaseException as exception:
            frame.position, self.count = position, count
            return self._fail(exception, executed=1)
        return self._left_loop(frame, position, count, next_)

    def _left_loop(self, frame: Activation, position: int, count: int, next_: int) -> Stop | None:
        """An instruction has called or returned."""
        frame.position, self.count = position, count
        if next_ == CALL:
            return self._call(frame, frame.routine.calls[position])
        self.count += 1
        frame.position = RETURN
        return None

    def _execute_hidden(self, frame: Activation) -> Stop | None:
        """Execute what is a part of the instruction before: it does not count."""
        routine = frame.routine
        while frame.position >= 0 and routine.marks[frame.position] & HIDDEN:
            try:
                next_ = routine.operations[frame.position](frame.locals, frame.operands)
            except BaseException as exception:
                return self._fail(exception)
            frame.position = routine.next[frame.position] if next_ is None else next_
        return None

    # ---- stops

    def _stop(self, stop: Stop) -> Stop | None:
        """Stop, or remember that there was a reason to where that cannot be."""
        if not self._live:
            return stop
        if self.missed is None:
            self.missed = self.count, stop
        self._go_through()
        return None

    def _go_through(self) -> None:
        """Stop at nothing any more."""
        self._limit, self._depth, self._mask, self._checks = NEVER, -1, HIDDEN, False

    def _stop_next(self, stop: Stop) -> None:
        """Stop before the next instruction."""
        self._limit = self.count
        self._limit_stop = stop

    def _look(self, frame: Activation, marks: int) -> Stop | None:
        """Whether to stop before an instruction that has marks."""
        if self.count == self._seen:
            return None
        routine, position = frame.routine, frame.position
        if marks & BREAK:
            return self._stop(
                {"reason": "breakpoint", "breakpoints": list(routine.breaks[position])}
            )
        if marks & ACCESS:
            for access in routine.accesses[position]:
                stop = self._watched(frame, access)
                if stop is not None:
                    return self._stop(stop)
        if marks & GROW and self.conditions.growth is not None:
            memidx = routine.plan.operations.body[position][1]
            height = len(routine.operand_types(position))
            memory = routine.environment.instance.mems[memidx]
            return self._stop(
                {
                    "reason": "growth",
                    "breakpoints": [self.conditions.growth],
                    "memory": memidx,
                    "pages": memory.pages,
                    "delta": frame.operands[height - 1],
                }
            )
        return None

    def _watched(self, frame: Activation, access: Access) -> Stop | None:
        memory = frame.routine.environment.instance.mems[access.memidx]
        start = frame.operands[access.address] + access.offset
        size = access.size if access.operand < 0 else frame.operands[access.operand]
        for watch in self.conditions.watches:
            if (
                watch.memory is memory
                and start < watch.end
                and start + size > watch.start
                and start + size <= memory.byte_length
                and ((access.writes and watch.writes) or (access.reads and watch.reads))
            ):
                return {
                    "reason": "watch",
                    "breakpoints": [watch.number],
                    "access": "write" if access.writes and watch.writes else "read",
                    "memory": access.memidx,
                    "address": start,
                    "size": size,
                    "bytes": watch.bytes().hex(),
                }
        return None

    # ---- calls

    def _call(self, frame: Activation, call: Call) -> Stop | None:
        operands = frame.operands
        arguments = operands[call.base : call.base + call.parameters]
        try:
            func = self._callee(frame, call)
        except Trap as trap:
            return self._fail(trap)
        number = self.conditions.imports.get(func) if self._checks else None
        if number is not None and self.count != self._seen:
            stop = self._stop(import_stop(number, "before", func))
            if stop is not None:
                return stop
        self.count += 1
        if call.tail:
            self.frames.pop()
        after = None if number is None else import_stop(number, "after", func)
        if isinstance(func.owner, Environment):
            return self._push(func, arguments, enters=call.tail and frame.enters, tells=after)
        return self._call_host(func, arguments, call.tail and frame.enters, after)

    def _callee(self, frame: Activation, call: Call) -> FuncInst:
        """The function to call. Raises `Trap` as compiled code does."""
        environment = frame.routine.environment
        instance = environment.instance
        if call.kind == "call":
            return instance.funcs[call.callee]
        operand = frame.operands[call.base + call.parameters]
        if call.kind == "call_ref":
            if operand is None:
                raise Trap("null function reference")
            return operand  # type: ignore[no-any-return]
        table = instance.tables[call.table]
        callables = table.signature_list(environment.variant.scope.types[call.callee])
        if operand >= len(callables):
            raise Trap("undefined element")
        element = table.elems[operand]
        if not isinstance(element, FuncInst) or callables[operand] is not element.call:
            callables[operand]()  # raises why not
        return element  # type: ignore[no-any-return]

    def _push(
        self, func: FuncInst, arguments: Sequence[Any], *, enters: bool, tells: Stop | None = None
    ) -> Stop | None:
        environment = func.owner
        if not isinstance(environment, Environment) or func.index is None:
            raise TypeError("not a function of WebAssembly")
        if len(self.frames) >= environment.variant.call_depth:
            return self._fail(Exhaustion("call stack exhausted"))
        routine = self.routine(environment, func.index)
        activation = Activation(routine, arguments, enters=enters)
        activation.tells = tells
        self.frames.append(activation)
        number = self.conditions.functions.get((environment, func.index))
        if number is not None and self._checks and activation.position >= 0:
            self._stop_next({"reason": "breakpoint", "breakpoints": [number]})
        return None

    def _call_host(
        self, func: FuncInst, arguments: Sequence[Any], enters: bool, after: Stop | None
    ) -> Stop | None:
        """Call a function of the host, or have what was recorded of the call stand for it."""
        made = HostCall(func, arguments, enters, after)
        self.frames.append(made)
        self._host_goes_on(made)
        if not self._aside and self.recorder.begin(made):
            return None  # `_replay` goes on.
        depth = len(self.frames)
        self._live += 1
        try:
            result = func.call(*arguments)
        except BaseException as exception:
            result = None
            failure: BaseException | None = exception
        else:
            failure = None
        finally:
            self._live -= 1
        del self.frames[depth:]
        if not self._aside:
            self.recorder.end(made, result, failure)
        if self.missed is not None and not self._live:
            return {"reason": "missed"}
        if failure is not None:
            return self._host_failed(made, failure)
        self.frames.pop()
        self._host_pauses(made)
        self._deliver(values_of(result, len(func.type.func.results)), made)
        return None

    def _host_failed(self, made: HostCall, failure: BaseException) -> Stop | None:
        if not made.enters:
            self.frames.pop()
        return self._fail(failure)

    def _host_goes_on(self, made: HostCall) -> None:
        """A function of the host begins, or what it called has returned."""
        made.seen = [(watch, watch.bytes()) for watch in self.conditions.watches] * self._checks

    def _host_is_back(self) -> None:
        made = self.frames[-1] if self.frames else None
        if isinstance(made, HostCall):
            self._host_goes_on(made)

    def _host_pauses(self, made: HostCall) -> None:
        """It has returned, or calls: what it has changed is a reason to stop when it has returned."""
        if made.tells is not None or not self._checks:
            return
        for watch, before in made.seen:
            if watch.writes and watch.bytes() != before:
                made.tells = {
                    "reason": "watch",
                    "breakpoints": [watch.number],
                    "access": "write",
                    "by": "host",
                    "address": watch.start,
                    "size": watch.end - watch.start,
                    "bytes": before.hex(),
                }
                return
        if self.conditions.growth is not None and made.grew:
            made.tells = {
                "reason": "growth",
                "breakpoints": [self.conditions.growth],
                "by": "host",
            }

    def _replay(self, made: HostCall) -> Stop | None:
        """The next thing that a recorded call of the host's did."""
        kind, what = made.next_event()
        if kind == "changes":
            self.world.apply(what)
            made.grew = made.grew or bool(what.lengths)
        elif kind == "call":
            self._host_pauses(made)
            return self._push(what[0], what[1], enters=True)
        elif kind == "raise":
            return self._host_failed(made, what)
        else:
            self.frames.pop()
            self._host_pauses(made)
            self._deliver(values_of(what, len(made.func.type.func.results)), made)
        return None

    def enter(self, environment: Environment, index: int) -> Callable[..., Any]:
        """What answers a call of a function by the host."""
        func = environment.instance.funcs[index]

        def call(*arguments: Any) -> Any:
            made = self.frames[-1] if self.frames else None
            if not self._live:
                with self._setting_aside():
                    return self._call_within(func, arguments)
            if self._aside or not isinstance(made, HostCall):
                return self._call_within(func, arguments)
            self.recorder.called(made, func, arguments)
            self._host_pauses(made)
            try:
                return self._call_within(func, arguments)
            finally:
                self.recorder.returned(made)
                self._host_goes_on(made)

        return call

    def _call_within(self, func: FuncInst, arguments: Sequence[Any]) -> Any:
        """Call a function while Python's stack has calls of the host."""
        base = len(self.frames)
        self._push(func, arguments, enters=True)
        self._loop(base)
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure
        results = tuple(self.results or ())
        return results if len(results) > 1 else results[0] if results else None

    @contextmanager
    def _setting_aside(self) -> Iterator[None]:
        """Leave the debugged call as it is, for one that is made while that is stopped."""
        kept = (
            self.count, self.results, self.failure,
            self._limit, self._limit_stop, self._depth, self._mask, self._checks,
        )  # fmt: skip
        self.failure = None
        self._live, self._aside = 1, True
        self._go_through()
        try:
            yield
        finally:
            self._live, self._aside = 0, False
            (
                self.count, self.results, self.failure,
                self._limit, self._limit_stop, self._depth, self._mask, self._checks,
            ) = kept  # fmt: skip

    # ---- returns

    def _leave(self, frame: Activation) -> None:
        self.frames.pop()
        self._deliver(frame.results, frame)

    def _deliver(self, values: Sequence[Any], left: Activation | HostCall) -> None:
        """Give results to whoever called."""
        if left.enters:
            self.results = list(values)
            self._host_is_back()
        else:
            frame = self.frames[-1]
            if not isinstance(frame, Activation):
                raise TypeError("a call without a caller")
            base = frame.routine.calls[frame.position].base
            frame.operands[base : base + len(values)] = values
            frame.position = frame.routine.next[frame.position]
            self._renew(frame)
        if left.tells is not None and self._checks:
            self._stop_next(left.tells)
        self._left()

    def _renew(self, frame: Activation) -> None:
        """Execute on as memories are reached now."""
        if not frame.routine.fits:
            frame.routine = self.routine(frame.routine.environment, frame.routine.index)

    def _left(self) -> None:
        if len(self.frames) <= self._depth:
            self._depth = -1
            self._stop_next(_STEPPED)

    # ---- failures

    def _fail(self, exception: BaseException, executed: int = 0) -> Stop | None:
        """What the innermost activation did has failed: go on where it is caught, or at the end.

        ``executed`` is 1 for an instruction that is not counted yet: where it is caught, it was executed.
        """
        exn: ExnInst | None = None
        if isinstance(exception, Exception):
            try:
                exn = caught(exception)
            except WasmError as error:
                exception = error
        if exn is not None and self._land(exn):
            self.count += executed
            return None
        stop = self.conditions.uncaught(exception, exn) if self._checks else None
        note_calls(self.frames, exception)
        self.failure = exception
        if stop is not None:
            stop = self._stop({**stop, "message": message_of(exception)})
        if stop is None:
            self._let_go(exception)
        return stop

    def _land(self, exn: ExnInst) -> bool:
        """Go on in the innermost clause that catches an exception, if one does."""
        for depth in range(len(self.frames) - 1, -1, -1):
            frame = self.frames[depth]
            if isinstance(frame, HostCall):
                return False
            tags = frame.routine.environment.instance.tags
            for handler in frame.routine.plan.operations.handlers:
                if not handler.start < frame.position < handler.end:
                    continue
                for clause in handler.clauses:
                    if clause.tag is None or tags[clause.tag] is exn.tag:
                        del self.frames[depth + 1 :]
                        given = [*exn.payload][: clause.values]
                        given += [exn] if clause.with_ref else []
                        end = clause.height + len(given)
                        frame.operands[clause.height : end] = given
                        frame.position = clause.target
                        self._renew(frame)
                        self._left()
                        return True
            if frame.enters:
                return False
        return False

    def _let_go(self, exception: BaseException) -> None:
        """Leave all activations that a failure passes: it goes to the host function that called, or is the end."""
        self.failure = exception
        while self.frames and not self.frames[-1].enters:
            self.frames.pop()
        if self.frames:
            self.frames.pop()
        made = self.frames[-1] if self.frames else None
        if isinstance(made, HostCall) and made.is_replayed:
            self.failure = None  # The recording knows what was made of it.
            self._host_is_back()
            self._left()
