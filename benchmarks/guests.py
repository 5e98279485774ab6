"""Guests: interpreters that others compiled to WebAssembly, on pyjsapi and on pwasm, which carries them.

On pyjsapi they run through the JS API, with glue in Python. MicroPython unwinds by ``invoke_*``: calls that may throw
go out to the host, which calls back through the table; that is done by what `Sandbox` has for it.

``python -m benchmarks.guests ENGINE GUEST`` starts a guest in this process, from its bytes, and prints the seconds of
CPU time that it took.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final, Protocol

from benchmarks.comparison import Row, Table
from benchmarks.timing import interleaved

BASE: Final = "pyjsapi"
OTHER: Final = "pwasm"
ROOT: Final = Path(__file__).resolve().parent.parent
HEAP_BYTES: Final = 256 * 1024
JS_STACK_BYTES: Final = 512 * 1024
MOST_STARTS: Final = 3
"""Rounds of starts in processes of their own."""
FIRST: Final = "first start"
"""The row where pyjsapi has to translate what pwasm interprets: without a target."""
WHOLE: Final = ", whole process"
"""Rows of processes with all that they import: without a target."""


class WrongOutput(Exception):
    """A guest answered something else than it must."""


class Guest(Protocol):
    """An interpreter that has started."""

    def run(self, source: str) -> str:
        """Run a program; what it printed, or its value as text."""
        ...


class Reactor:
    """An instance whose memory holds strings, as the glue of both guests needs it."""

    def __init__(self, module: Any, imports: dict[str, Any], taken: Any = None) -> None:
        from pyjsapi import Uint8Array, WebAssembly

        self._view = Uint8Array
        self.output = bytearray()
        imports["env"] |= {
            "host_write": self._write,
            "host_call": lambda *_: 0,
            "host_take": lambda *_: None,
        }
        instantiate: Any = WebAssembly.Instance if taken is None else taken.instantiate
        self.instance = instantiate(module, imports)
        self.exports: Any = self.instance.exports

    def call_with(self, name: str, source: str) -> str:
        """Call an export with a string and its length; what it wrote."""
        data = source.encode()
        at = self.exports.malloc(len(data) + 1)
        self._view(self.exports.memory.buffer, at, len(data) + 1).set(data + b"\0")
        self.exports[name](at, len(data))
        self.exports.free(at)
        text = self.output.decode()
        self.output.clear()
        return text

    def _write(self, _: int, at: int, size: int) -> None:
        self.output += bytes(self._view(self.exports.memory.buffer, at, size))


class MicroPython:
    """MicroPython on pyjsapi: a new one, or one that goes on from a snapshot."""

    def __init__(self, module: Any, taken: Any = None) -> None:
        from pyjsapi.sandbox.interpreters import MOST_CALLS
        from pyjsapi.sandbox.longjmp import Invoker

        invoker = Invoker(MOST_CALLS, "mp_sandbox_recursion_error")
        reactor = Reactor(module, {"env": invoker.imports(module)}, taken)
        self.instance = reactor.instance
        exports = reactor.exports
        invoker.bind(exports)
        self._run = reactor.call_with
        if taken is not None:
            return
        exports["_initialize"]()
        exports.mp_sandbox_init(HEAP_BYTES)

    def run(self, source: str) -> str:
        return self._run("mp_sandbox_exec", source)


class QuickJs:
    """QuickJS on pyjsapi."""

    def __init__(self, module: Any) -> None:
        calls = ("clock_time_get", "fd_close", "fd_fdstat_get", "fd_seek", "fd_write")
        wasi = dict.fromkeys(calls, lambda *_: 0)
        env = {"host_interrupt": lambda: 0}
        reactor = Reactor(module, {"env": env, "wasi_snapshot_preview1": wasi})
        self._run = reactor.call_with
        reactor.exports["_initialize"]()
        reactor.exports.qjs_init(0, JS_STACK_BYTES)

    def run(self, source: str) -> str:
        return self._run("qjs_eval", source)


@dataclass(frozen=True)
class Program:
    """What a guest runs, and what it must answer."""

    title: str
    source: str
    answer: str


@dataclass(frozen=True)
class Kind:
    """A guest: the file that pwasm carries, its class here, the name of pwasm's and of its method."""

    title: str
    file: str
    ours: Callable[[Any], Guest]
    theirs: str
    method: str
    programs: tuple[Program, ...]

    def wasm(self) -> bytes:
        """The module. Raises `ImportError` where pwasm is not installed."""
        found = importlib.util.find_spec(OTHER)  # and not imported
        if found is None or found.origin is None:
            raise ImportError(f"{OTHER} is not installed")
        return (Path(found.origin).parent / "guests" / self.file).read_bytes()

    def start_of(self, engine: str) -> Callable[[], Guest]:
        """A function that starts the guest on an engine, whose module is at hand. Raises `ImportError`."""
        if engine == BASE:
            from pyjsapi import WebAssembly

            module = WebAssembly.Module(self.wasm())
            return lambda: self.ours(module)
        make = getattr(importlib.import_module("pwasm.guests"), self.theirs)
        return lambda: Theirs(make(), self.method)


class Theirs:
    """A guest on pwasm."""

    def __init__(self, guest: Any, method: str) -> None:
        self._call = getattr(guest, method)

    def run(self, source: str) -> str:
        return str(self._call(source))


FIB: Final = """
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
print(fib(15))
"""
STRINGS: Final = """
words = []
for number in range(400):
    words.append("%d:%s" % (number, "ab" * (number % 7)))
text = ",".join(words)
print(len(text), text.count("ab"), len(text.upper().split(",")))
"""
STRING_LOOP: Final = """
count = 0
for number in range(10000):
    count += ("a%d" % number).count("7")
print(count)
"""
LOOP: Final = """
(function () {
  let sum = 0;
  for (let i = 0; i < 10000; i++) sum = (sum * 31 + i) | 0;
  return sum;
})()
"""

FIB_JS: Final = """
(function () {
  function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
  return fib(15);
})()
"""
STRING_LOOP_JS: Final = """
(function () {
  let count = 0;
  for (let number = 0; number < 10000; number++) count += ("a" + number).split("7").length - 1;
  return count;
})()
"""

KINDS: Final = (
    Kind(
        "MicroPython",
        "micropython.wasm",
        MicroPython,
        "MicroPython",
        "exec",
        (
            Program("fib(15)", FIB, "610\n"),
            Program("strings", STRINGS, "4283 1197 400\n"),
            Program("10,000 string operations", STRING_LOOP, "4000\n"),
        ),
    ),
    Kind(
        "QuickJS",
        "quickjs.wasm",
        QuickJs,
        "QuickJS",
        "eval",
        (
            Program("a loop", LOOP, "1427211144"),
            Program("fib(15)", FIB_JS, "610"),
            Program("10,000 string operations", STRING_LOOP_JS, "4000"),
        ),
    ),
)


def started(kind: Kind, engine: str) -> Guest:
    """A guest that has run its programs twice, with the right answers. Raises `WrongOutput`."""
    guest = kind.start_of(engine)()
    for program in kind.programs * 2:
        found = guest.run(program.source)
        if found != program.answer:
            raise WrongOutput(f"{kind.title}, {program.title}, on {engine}: {found!r}")
    return guest


def process_starts(kind: Kind, rounds: int) -> list[Row]:
    """Starts from the bytes, in processes of their own: with nothing kept, and with the code kept by an earlier one."""
    first: list[tuple[tuple[float, float], tuple[float, float]]] = []
    kept: list[tuple[tuple[float, float], tuple[float, float]]] = []
    with tempfile.TemporaryDirectory() as folder:
        _process_start(kind, BASE, folder)
        for _ in range(min(rounds, MOST_STARTS)):
            theirs = _process_start(kind, OTHER, "0")
            first.append((theirs, _process_start(kind, BASE, "0")))
            kept.append((theirs, _process_start(kind, BASE, folder)))
    return [
        Row(
            f"{kind.title}: {title}{whole}",
            min(ours[part] for _, ours in pairs) * 1000,
            {OTHER: median(theirs[part] / ours[part] for theirs, ours in pairs)},
        )
        for title, pairs in ((FIRST, first), ("start with code kept", kept))
        for part, whole in enumerate(("", WHOLE))
    ]


def _process_start(kind: Kind, engine: str, cache: str) -> tuple[float, float]:
    """Seconds after the imports, and of all the process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.guests", engine, kind.title],
        cwd=ROOT,
        env={**os.environ, "PYJSAPI_CACHE": cache},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    whole = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return float(answer.stdout), whole


def guest_table(rounds: int, progress: Callable[[str], None] = lambda line: None) -> Table | None:
    """Starts and programs of all guests; ``None``, with a word why, where pwasm is not installed."""
    rows = []
    try:
        for kind in KINDS:
            rows += process_starts(kind, rounds)
            starts = {engine: kind.start_of(engine) for engine in (BASE, OTHER)}
            rows.append(_row(f"{kind.title}: another start", starts, rounds))
            guests = {engine: started(kind, engine) for engine in (BASE, OTHER)}
            for program in kind.programs:
                calls = {
                    engine: partial(guest.run, program.source) for engine, guest in guests.items()
                }
                rows.append(_row(f"{kind.title}: {program.title}", calls, rounds))
            progress(kind.title)
    except ImportError as error:
        progress(f"the guests are left out: {error}")
        return None
    return Table("Guests", [OTHER], rows, "guest")


def _row(title: str, calls: Mapping[str, Callable[[], Any]], rounds: int) -> Row:
    for call in calls.values():
        call()
    timings = interleaved(calls, rounds)
    return Row(title, timings.seconds(BASE) * 1000, {OTHER: timings.ratio(OTHER, BASE)})


def main(engine: str, title: str) -> None:
    """Start a guest here and print how long it took."""
    kind = next(kind for kind in KINDS if kind.title == title)
    importlib.import_module("pyjsapi.sandbox" if engine == BASE else "pwasm.guests")
    begin = time.process_time()
    kind.start_of(engine)()
    print(time.process_time() - begin)


if __name__ == "__main__":
    main(*sys.argv[1:])
