"""The line debugger: commands in the style of `pdb`, on a `Debugger`."""

from __future__ import annotations

import cmd
import re
import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, Final, NamedTuple

from pyjsapi.cli import exits
from pyjsapi.cli.history import file_at_home, history
from pyjsapi.debugging import DebugError, Debugger
from pyjsapi.debugging.expressions import HELP, Expressions
from pyjsapi.debugging.listing import TEXT
from pyjsapi.runtime import FuncInst
from pyjsapi.syntax.spelling import on_one_line

_HISTORY: Final = ".pyjsapi_debug_history"
_ENDLESS: Final = 1 << 62
"""Instructions that nobody waits for."""
_PLACE: Final = re.compile(r"(.+):(\d+)")
_AROUND: Final = 5
_SHORT: Final = {
    "b": "break", "tb": "tbreak", "cl": "delete", "s": "step", "n": "next", "c": "continue", "cont": "continue",
    "r": "finish", "return": "finish", "w": "where", "bt": "where", "u": "up", "d": "down", "p": "print",
    "l": "list", "dis": "disassemble", "q": "quit", "exit": "quit", "run": "restart", "rc": "reverse",
    "bs": "back", "h": "help", "until": "to",
}  # fmt: skip


class Pending(NamedTuple):
    """A call that is to be debugged."""

    name: str
    func: FuncInst
    arguments: list[Any]


class LineDebugger(cmd.Cmd):
    """Reads commands from standard input, which may be a terminal or a script, and prints."""

    prompt = ""

    def __init__(self, debugger: Debugger, calls: Sequence[Pending], title: str) -> None:
        super().__init__()
        self._debugger = debugger
        self._calls = list(calls)
        self._title = title
        self._frame = 0
        self._listed = -1
        self._interrupted = self._hurries = self._executes = False
        self._code = 0
        self._typed = sys.stdin is not None and sys.stdin.isatty()
        self.use_rawinput = self._typed
        if self._typed:
            self.prompt = "(wasm) "

    def run(self) -> int:
        """Debug the calls one after the other; the exit code."""
        print(self._title)
        self._next_call()
        kept = history(file_at_home(_HISTORY)) if self._typed else nullcontext()
        with kept, self._interruptible():
            self.cmdloop()
        return self._code

    def _next_call(self) -> None:
        call = self._calls.pop(0)
        print(f"{call.name}:")
        self._show(self._debugger.begin(call.func, call.arguments))

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        def interrupt(number: int, frame: object) -> None:
            if self._interrupted or self._hurries:
                raise KeyboardInterrupt
            self._interrupted = self._executes
            self._debugger.interrupt()

        try:
            before = signal.signal(signal.SIGINT, interrupt)
        except ValueError:  # not the main thread
            yield
            return
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    # ---- the loop

    def onecmd(self, line: str) -> bool:
        """Do what a line says; errors are a line."""
        name, rest = _split(line)
        self._interrupted, self._executes = False, True
        try:
            return bool(
                super().onecmd(f"{_SHORT.get(name, name)} {rest}".strip() if name else line)
            )
        except DebugError as error:
            print(f"error: {error}")
        except ValueError as error:
            print(f"error: {line.strip()}: {error}")
        finally:
            self._executes = False
        return False

    def default(self, line: str) -> None:
        """A command that is none."""
        name = _split(line)[0] or line.strip()
        print(f"error: there is no command {name!r}; `help` names those that there are")

    def do_EOF(self, _: str) -> bool:
        """The end of the input ends the debugger."""
        return True

    def do_quit(self, _: str) -> bool:
        """quit: end the debugger, and the program."""
        return True

    def emptyline(self) -> bool:
        """An empty line repeats the last command at a terminal, as in `pdb`; in a script it is nothing."""
        return bool(self._typed and super().emptyline())

    def completenames(self, text: str, *ignored: Any) -> list[str]:
        """Names of commands."""
        return [name for name in super().completenames(text, *ignored) if name != "EOF"]

    def completedefault(self, text: str, *_: Any) -> list[str]:
        """Names of functions and locals."""
        names = [str(each["name"]) for each in self._debugger.functions() if each["name"]]
        if self._debugger.is_stopped:
            found = self._debugger.frame(self._frame).get("locals", ())
            names += [f"${local['name']}" for local in found if local["name"]]
        return [name for name in names if name.startswith(text)]

    def do_help(self, line: str) -> None:
        """help [COMMAND]: what there is, or what a command does."""
        name = _SHORT.get(line.strip(), line.strip())
        if not name:
            names = [
                name.removeprefix("do_") for name in self.get_names() if name.startswith("do_")
            ]
            print("commands: " + ", ".join(sorted(set(names) - {"EOF"})))
            print(
                "short: " + ", ".join(f"{short}={long}" for short, long in sorted(_SHORT.items()))
            )
            return
        method = getattr(self, f"do_{name}", None)
        if method is None:
            raise DebugError(f"there is no command {name!r}")
        print(_cleaned(method.__doc__ or ""))
        if name in ("print", "x", "memory", "watch"):
            print(HELP)

    # ---- going on

    def do_step(self, line: str) -> None:
        """step [COUNT]: execute so many instructions (1), into calls as well."""
        self._show(self._debugger.step(self._count(line)))

    def do_next(self, line: str) -> None:
        """next [COUNT]: execute so many instructions (1); a call is one."""
        state: dict[str, Any] = {}
        for _ in range(self._count(line)):
            state = self._debugger.over()
            if state["stop"]["reason"] != "step":
                break
        self._show(state)

    def do_line(self, _: str) -> None:
        """line: execute until another line of the source; a call is one step."""
        if not self._debugger.is_stopped:
            raise DebugError("the call has ended; it can be restarted")
        before = self._line_of(self._debugger.frame())
        while True:
            state = self._debugger.over()
            frames = state["frames"]
            if state["stop"]["reason"] != "step" or not frames or self._interrupted:
                break
            if self._line_of(frames[0]) not in (before, None):
                break
        self._show(state)

    @staticmethod
    def _line_of(frame: dict[str, Any]) -> tuple[Any, ...] | None:
        place = frame.get("place")
        return None if place is None else (place["file"], place["line"])

    def do_continue(self, _: str) -> None:
        """continue: execute until there is a reason to stop. Ctrl-C is one."""
        self._show(self._hurry() or self._debugger.proceed(_ENDLESS))

    def _hurry(self) -> dict[str, Any] | None:
        """What compiled code makes of the call, where it can be asked."""
        if self._debugger.count != 0 or not self._debugger.is_stopped:
            return None
        self._hurries = True
        try:
            return self._debugger.hurry()
        except KeyboardInterrupt:
            print(
                "interrupted, and back at the start: this was compiled code, which cannot be stopped"
            )
            return self._debugger.state()
        finally:
            self._hurries = False

    def do_finish(self, _: str) -> None:
        """finish: execute until the innermost call has returned."""
        self._show(self._debugger.out())

    def do_to(self, line: str) -> None:
        """to PLACE: execute up to a place; see `help break`."""
        self._show(self._debugger.run_to(self._spec(line)))

    def do_back(self, line: str) -> None:
        """back [COUNT]: go back by so many instructions (1)."""
        self._show(self._debugger.back(self._count(line)))

    def do_reverse(self, _: str) -> None:
        """reverse: go back to the breakpoint before, or to the start."""
        self._show(self._debugger.reverse())

    def do_restart(self, _: str) -> None:
        """restart: go back to the start of the call. Functions of the host are not called again: it is known what they
        did."""
        self._show(self._debugger.restart())

    # ---- breakpoints

    def do_break(self, line: str) -> None:
        """break [PLACE [if EXPRESSION]]: stop at a place, or say which breakpoints there are.

        A place is the name or index of a function, FUNCTION+INSTRUCTION (its number), *OFFSET in the module, or
        FILE:LINE of a source program (:LINE of the text). With an expression it stops where that is not 0."""
        if not line.strip():
            self._show_breakpoints()
            return
        place, condition = _divided(line)
        self._set({**self._spec(place), **condition})

    def do_condition(self, line: str) -> None:
        """condition NUMBER [EXPRESSION]: stop at a breakpoint only where an expression is not 0; without one always."""
        number, _, expression = line.strip().partition(" ")
        if not number:
            raise DebugError("say which breakpoint: condition NUMBER [EXPRESSION]")
        made = self._debugger.breakpoints.set_condition(
            self._expressions().number(number), expression.strip() or None
        )
        print(_breakpoint(made.plain()))

    def do_tbreak(self, line: str) -> None:
        """tbreak PLACE: as `to`."""
        self.do_to(line)

    def do_watch(self, line: str) -> None:
        """watch ADDRESS [SIZE [MEMORY]] [if EXPRESSION]: stop before bytes of a memory are written
        (SIZE 4, MEMORY 0)."""
        self._watch(line, reads=False, writes=True)

    def do_rwatch(self, line: str) -> None:
        """rwatch ADDRESS [SIZE [MEMORY]] [if EXPRESSION]: stop before bytes of a memory are read."""
        self._watch(line, reads=True, writes=False)

    def do_awatch(self, line: str) -> None:
        """awatch ADDRESS [SIZE [MEMORY]] [if EXPRESSION]: stop before bytes of a memory are read or written."""
        self._watch(line, reads=True, writes=True)

    def _watch(self, line: str, *, reads: bool, writes: bool) -> None:
        given, condition = _divided(line)
        words = shlex.split(given)
        if not 1 <= len(words) <= 3:
            raise DebugError("say which address: watch ADDRESS [SIZE [MEMORY]]")
        numbers = [self._expressions().number(word) for word in words]
        spec = dict(zip(("address", "size", "memory"), numbers, strict=False))
        self._set({"kind": "watch", **spec, "reads": reads, "writes": writes, **condition})

    def do_catch(self, line: str) -> None:
        """catch trap | exception | growth | import [MODULE.NAME] [if EXPRESSION]: stop where that happens; at a
        trap or an exception that nobody catches before the calls are left, at imports before and after the call."""
        given, condition = _divided(line)
        words = shlex.split(given)
        if not words or words[0] not in ("trap", "exception", "growth", "import"):
            raise DebugError(
                "say what to stop at: catch trap, exception, growth, or import [MODULE.NAME]"
            )
        spec: dict[str, Any] = {"kind": words[0], **condition}
        if words[0] == "import" and len(words) > 1:
            spec["import"] = words[1]
        self._set(spec)

    def do_delete(self, line: str) -> None:
        """delete NUMBER…: take breakpoints away; without numbers all."""
        breakpoints = self._debugger.breakpoints
        numbers = [self._expressions().number(word) for word in line.split()]
        numbers = numbers or list(breakpoints.all)
        for number in numbers:
            breakpoints.delete(number)

    def _set(self, spec: dict[str, Any]) -> None:
        print(_breakpoint(self._debugger.breakpoints.add(spec).plain()))

    def _show_breakpoints(self) -> None:
        if not self._debugger.breakpoints.all:
            print("no breakpoints")
        for each in self._debugger.breakpoints.all.values():
            print(_breakpoint(each.plain()))

    def _spec(self, line: str) -> dict[str, Any]:
        place = line.strip()
        if not place:
            raise DebugError("say where; `help break` says how")
        if place.startswith("*"):
            return {"kind": "instruction", "offset": self._expressions().number(place[1:])}
        found = _PLACE.fullmatch(place)
        if found is not None or place.startswith(":"):
            file, number = found.groups() if found is not None else ("", place[1:])
            return {"kind": "line", "file": "" if file == TEXT else file, "line": number}
        name, plus, instruction = place.rpartition("+")
        if plus and instruction.isdecimal():
            return {"kind": "instruction", "function": name, "instruction": int(instruction)}
        return {"kind": "function", "function": place}

    # ---- looking

    def do_where(self, _: str) -> None:
        """where: the calls, innermost first; the one that is looked at has an arrow."""
        state = self._debugger.state()
        for number in range(len(state["frames"])):
            mark = ">" if number == self._frame else " "
            print(f"{mark}#{number} {_title(self._debugger.frame(number))}")
        more = state["depth"] - len(state["frames"])
        if more:
            print(f"  … and {more} more")
        if not state["depth"]:
            print("the call has ended")

    def do_up(self, line: str) -> None:
        """up [COUNT]: look at the caller."""
        self._look_at(self._frame + self._count(line), "outermost")

    def do_down(self, line: str) -> None:
        """down [COUNT]: look at what it called."""
        self._look_at(self._frame - self._count(line), "innermost")

    def _look_at(self, number: int, last: str) -> None:
        depth = self._debugger.state()["depth"]
        if depth and not 0 <= number < depth:
            raise DebugError(f"the {last} call is #{0 if number < 0 else depth - 1}")
        frame = self._debugger.frame(number)
        self._frame, self._listed = number, -1
        print(f"#{number} {_title(frame)}")

    def do_locals(self, _: str) -> None:
        """locals: parameters and locals with their types."""
        frame = self._debugger.frame(self._frame)
        for one in frame.get("locals", frame.get("arguments", ())):
            name = f"${_shown(one['name'])}" if one.get("name") else f"l{one.get('index', '')}"
            print(f"  {name:<12} {one['type']:<6} {one['value']}")

    def do_stack(self, _: str) -> None:
        """stack: the operands, the topmost first."""
        operands = self._debugger.frame(self._frame).get("operands", [])
        for index, one in reversed(list(enumerate(operands))):
            print(f"  s{index:<3} {one['type']:<6} {one['value']}")
        if not operands:
            print("no operands")

    def do_globals(self, _: str) -> None:
        """globals: those of the instance, with their types."""
        frames = self._debugger.state()["frames"]
        found = self._debugger.globals(frames[0].get("instance", 0) if frames else 0)
        for one in found:
            name = f"${_shown(one['name'])}" if one["name"] else f"g{one['index']}"
            kind = f"mut {one['type']}" if one["mutable"] else one["type"]
            print(f"  {name:<16} {kind:<8} {one['value']}")
        if not found:
            print("no globals")

    def do_print(self, line: str) -> None:
        """print EXPRESSION: what it computes."""
        value = self._expressions().value(line)
        is_large = value.__class__ is int and not -10 < value < 10
        print(f"{value}  {value:#x}" if is_large else value)

    def do_x(self, line: str) -> None:
        """x[/COUNT] ADDRESS [MEMORY]: bytes of a memory, and their characters (COUNT 64, MEMORY 0)."""
        count = 64
        if line.startswith("/"):
            given, _, line = line[1:].partition(" ")
            count = self._expressions().number(given)
        words = shlex.split(line)
        if not 1 <= len(words) <= 2:
            raise DebugError("say which address: x[/COUNT] ADDRESS [MEMORY]")
        address, *memory = [self._expressions().number(word) for word in words]
        data = self._debugger.memory(memory[0] if memory else 0, address, count)
        for start in range(0, len(data), 16):
            row = data[start : start + 16]
            characters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
            print(f"  {address + start:#010x}  {row.hex(' '):<47}  {characters}")

    do_memory = do_x

    def do_list(self, line: str) -> None:
        """list [FIRST]: lines of the source around the present one, or from one on; of the text where there is no
        source."""
        frame = self._debugger.frame(self._frame)
        place = frame.get("place")
        if place is None:
            self.do_disassemble("")
            return
        lines = self._debugger.source(place["file"], self._frame)
        if lines is None:
            print(f"{_shown(place['file'])}:{place['line']} (the file is not there)")
            return
        if line.strip():
            first = self._expressions().number(line)
        elif self._listed >= 0:
            first = self._listed
        else:
            first = place["line"] - _AROUND
        first = max(first, 1)
        self._listed = first + 2 * _AROUND + 1
        for number, text in enumerate(lines[first - 1 : self._listed - 1], first):
            mark = "->" if number == place["line"] else "  "
            print(f"{number:>6} {mark} {_shown(text)}")

    def do_disassemble(self, line: str) -> None:
        """disassemble [FUNCTION]: its instructions with numbers and offsets."""
        name: str | int = line.strip()
        here, instance = -1, 0
        if not name:
            frame = self._debugger.frame(self._frame)
            if frame["kind"] == "host":
                raise DebugError("the function is the host's: it has no instructions")
            name, here, instance = frame["function"], frame["instruction"], frame["instance"]
        for each in self._debugger.disassemble(name, instance):
            mark = "->" if each["instruction"] == here else "  "
            print(f"{mark} {each['instruction']:>5}  {each['offset']:#08x}  {each['text']}")

    # ---- showing

    def _count(self, line: str) -> int:
        words = line.split()
        if len(words) > 1:
            raise DebugError("one number is enough")
        count = self._expressions().number(words[0]) if words else 1
        if not count:
            raise DebugError("0 is no count")
        return count

    def _expressions(self) -> Expressions:
        return Expressions(self._debugger, self._frame)

    def _show(self, state: dict[str, Any]) -> None:
        self._frame, self._listed = 0, -1
        told = _reason(state["stop"])
        if "problem" in state["stop"]:
            told += f" ({on_one_line(state['stop']['problem'])})"
        if told:
            print(told)
        if state["frames"]:
            print(f"#0 {_title(state['frames'][0])}")
            return
        print(self._ended(state["outcome"]))
        if self._calls and not self._code:
            self._next_call()

    def _ended(self, outcome: dict[str, Any]) -> str:
        if "exit" in outcome:
            self._code = outcome["exit"]
            return f"the program has ended with exit code {self._code}"
        if "results" in outcome:
            self._code = 0
            results = ", ".join(f"{each['type']} {each['value']}" for each in outcome["results"])
            return f"returned {results}" if results else "returned"
        self._code = exits.FAILED
        return f"failed: {on_one_line(next(iter(outcome.values()), ''))}"


def _divided(line: str) -> tuple[str, dict[str, str]]:
    """What stands before ``if``, and the condition after it."""
    before, found, condition = line.partition(" if ")
    return before, {"condition": condition.strip()} if found else {}


def _split(line: str) -> tuple[str, str]:
    """The command and what follows it; ``x/8 0`` is ``x`` with ``/8 0``."""
    found = re.match(r"\s*([A-Za-z]+)\s*(.*)", line, re.DOTALL)
    return (found[1], found[2]) if found is not None else ("", line)


def _cleaned(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())


def _shown(text: Any) -> str:
    """A text from a module, which may be anything, on one line."""
    return on_one_line(str(text).replace("\t", "    "))


def _title(frame: dict[str, Any]) -> str:
    if frame["kind"] == "host":
        arguments = ", ".join(each["value"] for each in frame["arguments"])
        return f"{_shown(frame['name'])}({arguments}), of the host"
    name = _shown(frame["name"]) if frame["name"] is not None else f"function {frame['function']}"
    place = frame["place"]
    where = f" at {frame['offset']:#x}"
    if place is not None:
        where += f" ({_shown(place['file']) or 'line'}:{place['line']})".replace("(line:", "(line ")
    text = f"{name}+{frame['instruction']}{where}: {frame['text']}"
    if frame.get("operands"):
        text += f"  [{', '.join(each['value'] for each in frame['operands'])}]"
    return text


def _breakpoint(one: dict[str, Any]) -> str:
    condition = one.get("condition")
    return _unconditional(one) + (f" if {_shown(condition)}" if condition else "")


def _unconditional(one: dict[str, Any]) -> str:
    kind = one["kind"]
    text = f"{kind} {one['number']}: "
    if kind in ("trap", "exception", "growth"):
        return f"{kind} {one['number']}"
    if kind == "watch":
        what = (
            "reads and writes"
            if one["reads"] and one["writes"]
            else "reads"
            if one["reads"]
            else "writes"
        )
        return (
            f"{text}{what} of {one['size']} bytes at {one['address']:#x} of memory {one['memory']}"
        )
    if kind == "function":
        return f"{text}function {one['function']}"
    if "offset" in one:
        return f"{text}function {one['function']}, instruction {one['instruction']} at {one['offset']:#x}"
    return f"{text}{_shown(one.get('import') or 'all functions')}"


def _reason(stop: dict[str, Any]) -> str:
    reason = stop["reason"]
    numbers = ", ".join(map(str, stop.get("breakpoints", ())))
    if reason == "breakpoint":
        return f"breakpoint {numbers}"
    if reason == "watch":
        by = "the host has written" if stop.get("by") == "host" else f"{stop['access']} of"
        return f"watch {numbers}: {by} {stop['size']} bytes at {stop['address']:#x}"
    if reason == "import":
        return f"import {numbers}: {stop['when']} the call"
    if reason == "growth":
        if stop.get("by") == "host":
            return f"growth {numbers}: a memory has grown"
        return (
            f"growth {numbers}: memory {stop['memory']} of {stop['pages']} pages by {stop['delta']}"
        )
    if reason in ("trap", "exception"):
        return f"{reason}: {on_one_line(stop['message'])}"
    return "interrupted" if reason == "paused" else ""
