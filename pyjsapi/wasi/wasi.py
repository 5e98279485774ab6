"""The class ``WASI``, shaped like that of ``node:wasi``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypedDict, Unpack

from pyjsapi.ecmascript.conversions import shown
from pyjsapi.jsapi.descriptors import Descriptor as Dictionary
from pyjsapi.jsapi.descriptors import get_property
from pyjsapi.jsapi.functions import exported_function
from pyjsapi.jsapi.instance import Instance
from pyjsapi.jsapi.memory import Memory
from pyjsapi.jsapi.module import Module
from pyjsapi.runtime import FuncInst
from pyjsapi.wasi.calls.table import TABLE, Row
from pyjsapi.wasi.descriptors import Descriptors
from pyjsapi.wasi.guest import GuestMemory
from pyjsapi.wasi.modules import is_threaded, with_memories
from pyjsapi.wasi.preopens import ReadOnly, open_preopen
from pyjsapi.wasi.process import Clock, Process, RandomBytes, WASIExit
from pyjsapi.wasi.quota import Quota
from pyjsapi.wasi.streams import Stream, input_stream, output_stream

if TYPE_CHECKING:
    import socket

_MODULE: Final = "wasi_snapshot_preview1"
_MOST_OPEN: Final = 1024
_MEMBERS: Final = (
    "version",
    "args",
    "env",
    "preopens",
    "stdin",
    "stdout",
    "stderr",
    "returnOnExit",
    "sockets",
    "clock",
    "random",
    "resolution",
    "max_descriptors",
    "max_written_bytes",
    "max_created_files",
    "max_output_bytes",
)


class Options(TypedDict, total=False):
    """The members of what `WASI` is made with."""

    version: str
    args: Sequence[str]
    env: Mapping[str, str]
    preopens: Mapping[str, str | os.PathLike[str] | ReadOnly]
    stdin: Stream
    stdout: Stream
    stderr: Stream
    returnOnExit: bool
    sockets: Sequence[socket.socket]
    clock: Clock
    random: RandomBytes
    resolution: str | None
    max_descriptors: int
    max_written_bytes: int | None
    max_created_files: int | None
    max_output_bytes: int | None


class WASI:
    """The system interface of a program, for `start` or `initialize` of one instance.

    ``WASI({"version": "preview1", "args": ["prog"]})`` or ``WASI(version="preview1", args=["prog"])``. ``version`` must
    be given: ``"preview1"``. ``args`` are the program's arguments, its name first; ``env`` is its environment;
    ``preopens`` are the directories that it may use, by the names that it knows them by: a path (which it may change)
    or `ReadOnly`. ``stdin``, ``stdout`` and ``stderr`` are file objects, file descriptors or callables, and Python's
    own by default. With ``returnOnExit=False`` the end of the program raises `WASIExit`, which ends Python unless it
    is caught.

    Extensions: ``sockets`` that listen are the descriptors behind the directories; ``clock(id)`` and ``random(size)``
    are asked in place of the system; ``max_descriptors`` may be open at once (1024); ``resolution`` is ``"openat2"``
    or ``"walk"``, where paths are not to be resolved in the best way that the system has. ``max_written_bytes`` may be
    written beneath all directories together, ``max_created_files`` files, directories and links be created there
    (then DQUOT), and ``max_output_bytes`` be written to each of ``stdout`` and ``stderr`` (then NOSPC); all without end
    by default.

    Raises `TypeError` and `ValueError` for options, `OSError` for a directory that cannot be opened.
    """

    def __init__(self, options: Any = None, /, **members: Unpack[Options]) -> None:
        read = Dictionary(options, dict(members), "WASI()", _MEMBERS)
        version = read.get("version")
        if version != "preview1":
            raise ValueError(f"WASI(): property 'version' must be 'preview1', not {shown(version)}")
        self._returns = read.get("returnOnExit") is None or read.boolean("returnOnExit")
        descriptors = Descriptors(read.get("max_descriptors") or _MOST_OPEN)
        self._process = Process(
            [_text(each, "args") for each in read.get("args") or ()],
            [_text(f"{name}={value}", "env") for name, value in (read.get("env") or {}).items()],
            descriptors,
            clock=read.get("clock"),
            random=read.get("random"),
        )
        output = _most(read, "max_output_bytes")
        quota = Quota(_most(read, "max_written_bytes"), _most(read, "max_created_files"))
        for name in ("stdin", "stdout", "stderr"):
            stream = read.get(name)
            if stream is None:
                stream = getattr(sys, name) or _nothing  # which a program without a console has not
            made = input_stream(stream) if name == "stdin" else output_stream(stream, name, output)
            descriptors.add(made)
        self._resolution, self._quota = read.get("resolution"), quota
        for name, directory in (read.get("preopens") or {}).items():
            self.add_preopen(name, directory)
        self._add_sockets(read.get("sockets") or ())
        self._bound = False
        self._interrupt: Callable[[], bool] | None = None
        self.wasiImport: dict[str, Any] = {
            row.name: exported_call(row, self._process, index) for index, row in enumerate(TABLE)
        }
        """The functions, by name."""

    def add_preopen(self, name: str, directory: str | os.PathLike[str] | ReadOnly) -> None:
        """Have one more directory, before anything is started, under a name that another one may have as well.

        An extension. Raises as `WASI` does.
        """
        self._process.descriptors.add(
            open_preopen(_text(name, "preopens"), directory, self._resolution, self._quota)
        )

    def another_process(self) -> Process:
        """What another instance has of the same program: all but the memory. For what is built on this package."""
        return self._process.for_another_memory()

    def _add_sockets(self, sockets: Sequence[socket.socket]) -> None:
        for each in sockets:
            from pyjsapi.wasi.sockets import Socket

            self._process.descriptors.add(Socket(each))

    def getImportObject(self) -> dict[str, dict[str, Any]]:
        """What to instantiate the program with, perhaps among other imports."""
        return {_MODULE: self.wasiImport}

    def finalizeBindings(
        self, instance: Any, options: Any = None, /, *, memory: Any = None
    ) -> None:
        """Let the functions use the memory of an instance: its export, or ``memory``.

        Raises `TypeError` for an instance without, `RuntimeError` when it is done already.
        """
        if self._bound:
            raise RuntimeError("WASI instance has already started")
        found = memory if options is None else get_property(options, "memory")
        if found is None:
            found = get_property(_exports(instance), "memory")
        if not isinstance(found, Memory):
            raise TypeError(
                f"WASI: property 'memory' of the exports must be a WebAssembly.Memory, not {shown(found)}"
            )
        self._bound = True
        self._process.memory = GuestMemory(found._memory)

    def start(self, instance: Any, /) -> int:
        """Run a command: an instance that exports ``_start``. Its exit code.

        Raises `TypeError` for an instance that is no command, `RuntimeError` when something was started already,
        `WASIExit` with ``returnOnExit=False``, and whatever leaves the program: traps, for instance.
        """
        exports = _exports(instance)
        start = _needed_function(exports, "_start")
        _refuse(exports, "_initialize", "is no command")
        self.finalizeBindings(instance)
        try:
            start()
        except WASIExit as end:
            if not self._returns:
                raise
            return end.code
        return 0

    def initialize(self, instance: Any, /) -> None:
        """Initialise a reactor: an instance whose exports are called later. It may export ``_initialize``.

        Raises as `start` does.
        """
        exports = _exports(instance)
        _refuse(exports, "_start", "is no reactor")
        initialize = None
        if get_property(exports, "_initialize") is not None:
            initialize = _needed_function(exports, "_initialize")
        self.finalizeBindings(instance)
        if initialize is not None:
            initialize()

    def run(self, module: Module, imports: Mapping[str, Any] | None = None, /) -> int:
        """Instantiate a command and run it; its exit code. An extension.

        ``imports`` are others than those of WASI. A shared memory that the module imports is made if it is not among
        them. A module that imports ``thread-spawn`` (wasi-threads) gets it: its threads are workers, which all end
        when the program does. Raises as `start` does, and as `Instance`.
        """
        given = with_memories(module, {**self.getImportObject(), **(imports or {})})
        if not is_threaded(module):
            instance = Instance(module, given)
            self._interrupt = instance.interrupt
            return self.start(instance)
        from pyjsapi.wasi.threads import Threads

        threads = Threads(module, given)
        self._interrupt = threads.interrupt
        instance = threads.instance()
        start = _needed_function(_exports(instance), "_start")
        self.finalizeBindings(instance)
        try:
            return threads.run(start)
        except WASIExit as end:
            if not self._returns:
                raise
            return end.code

    def interrupt(self) -> bool:
        """End the program that `run` runs, from any thread; whether it ran. `run` raises `WebAssembly.Interrupted`.

        An extension. Raises `TypeError` for a program without threads whose module has no ``Limits.deadline``.
        """
        return self._interrupt is not None and self._interrupt()

    @property
    def last_error(self) -> Exception | None:
        """What a stream or a function of the host's last raised and was EIO to the program; an extension."""
        return self._process.last_error

    def close(self) -> None:
        """Close what the program has open; an extension. Otherwise that happens when the object goes."""
        self._process.descriptors.clear()

    def __enter__(self) -> WASI:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _most(read: Dictionary, name: str) -> int | None:
    given = read.get(name)
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int):
        raise TypeError(f"WASI(): property '{name}' must be an int, not {shown(given)}")
    if given < 0:
        raise ValueError(f"WASI(): property '{name}' must not be negative, as {given} is")
    return given


def _nothing(_: Any) -> bytes:
    """A stream that is always at its end, and takes everything."""
    return b""


def exported_call(row: Row, process: Process, index: int) -> Callable[..., Any]:
    """A function of WASI for a process, as an Exported Function; ``index`` is that of the row."""
    call = row.bound(process)
    return exported_function(FuncInst(row.type, call, host=call, index=index))


def _text(given: Any, what: str) -> bytes:
    data = given.encode("utf-8", "surrogateescape") if isinstance(given, str) else None
    if data is None:
        raise TypeError(f"WASI(): property '{what}' must have strings, not {shown(given)}")
    if 0 in data:
        raise ValueError(f"WASI(): property '{what}' has a string with a zero: {shown(given)}")
    return data


def _exports(instance: Any) -> Any:
    exports = get_property(instance, "exports") if instance is not None else None
    if exports is None:
        raise TypeError(f"WASI: a WebAssembly.Instance is needed, not {shown(instance)}")
    return exports


def _needed_function(exports: Any, name: str) -> Any:
    found = get_property(exports, name)
    if not callable(found):
        raise TypeError(f"WASI: the instance must export a function '{name}', not {shown(found)}")
    return found


def _refuse(exports: Any, name: str, why: str) -> None:
    if get_property(exports, name) is not None:
        raise TypeError(f"WASI: the instance {why}: it exports '{name}'")
