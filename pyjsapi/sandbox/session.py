"""Sandboxes: sessions of interpreters."""

from __future__ import annotations

import keyword
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypedDict, Unpack, final

from pyjsapi import Limits, WebAssembly, engines
from pyjsapi.sandbox.bridge import ERRORS, OUTPUT, Bridge
from pyjsapi.sandbox.checks import check_options, check_text
from pyjsapi.sandbox.concurrency import Ticket, in_thread
from pyjsapi.sandbox.errors import GuestError, SandboxError
from pyjsapi.sandbox.folder import Folder, contents
from pyjsapi.sandbox.guests import find_guest
from pyjsapi.sandbox.interpreters import INTERPRETERS, Interpreter
from pyjsapi.sandbox.program import (
    MOST_CREATED,
    MOST_ELEMENTS,
    MOST_MEMORY,
    MOST_OUTPUT,
    MOST_WRITTEN,
    Program,
    ProgramOptions,
)
from pyjsapi.sandbox.result import Result
from pyjsapi.snapshots import Snapshot, snapshot

if TYPE_CHECKING:
    from pyjsapi.sandbox.files import Files
    from pyjsapi.wasi import ReadOnly

_START_FUEL: Final = 1 << 40
"""The interpreter's own start is not counted."""


class Options(TypedDict, total=False):
    """The keywords of `Sandbox.python` and `Sandbox.javascript`."""

    fuel: int | None
    max_host_calls: int | None
    deadline: float | None
    max_memory_bytes: int | None
    max_output_bytes: int
    functions: Mapping[str, Callable[..., Any]]
    seed: int | None
    module: str | PathLike[str] | bytes | None
    snapshot: Snapshot | None
    files: Mapping[str, str | bytes] | None
    directories: Mapping[str, str | PathLike[str] | ReadOnly]
    max_written_bytes: int | None
    max_created_files: int | None


@final
class Sandbox:
    """A session of an interpreter: what one run defines, the next one finds. See `python` and `javascript`.

    One run at a time: a second thread waits. A run that was ended from outside (out of fuel, deadline, interrupted, a
    trap) leaves the interpreter in the middle of something; the session is over then, until `restore` or `reset`.
    """

    def __init__(self, language: str, options: Options) -> None:
        check_options(f"Sandbox.{language}", options, Options.__annotations__)
        self.language: Final = language
        self._functions = _checked(options.get("functions") or {})
        self._fuel = options.get("fuel")
        self._deadline = options.get("deadline")
        self._most_calls = options.get("max_host_calls")
        self._seed = options.get("seed")
        self._most_output = options.get("max_output_bytes", MOST_OUTPUT)
        self._snapshot = options.get("snapshot")
        if self._snapshot is not None:
            _check_snapshot(self._snapshot)
        self._module = self._compiled(options)
        self._files = _opened(options)
        self._lock = threading.RLock()
        self._is_running = False
        self._ticket: Ticket | None = None
        """Whose run it is."""
        self._is_over = ""
        self._is_closed = False
        self._interpreter = self._begun(self._snapshot)

    @classmethod
    def python(cls, **options: Unpack[Options]) -> Sandbox:
        """MicroPython, of the package pwasm.

        ``fuel`` is how many instructions a run may execute, ``deadline`` how many seconds it may take;
        ``max_memory_bytes`` (64 MiB) and ``max_output_bytes`` (1 MiB a run) are how large its memory and its output
        may become. ``functions`` are those of the host that code may call by their names, ``max_host_calls`` times in
        a run; arguments and results are values of JSON. ``seed`` makes runs repeatable, with clocks that stand still.
        ``module`` is another build with the same interface: a path, or bytes. ``snapshot`` is what the session goes on
        from.

        ``files``, text or bytes by their paths, are put into a directory that is the session's own and the root of
        what its code can ``open``; it stays between runs, and `files` has what is in it. ``directories`` are others, by
        the paths that they have there, each read-write or `pyjsapi.wasi.ReadOnly`. The session may write
        ``max_written_bytes`` (64 MiB) into all of them, and create ``max_created_files`` (10,000). Without both there
        is nothing to open.

        Raises `GuestNotInstalled`; `SandboxError` for a module of another interface; `ValueError`, `TypeError`.
        """
        return cls("python", options)

    @classmethod
    def javascript(cls, **options: Unpack[Options]) -> Sandbox:
        """QuickJS, of the package pwasm; otherwise as `python`."""
        return cls("javascript", options)

    @staticmethod
    def program(module: str | PathLike[str] | bytes, **options: Unpack[ProgramOptions]) -> Program:
        """A program of WASI, to be run from its start each time: see `Program`."""
        return Program(module, **options)

    def run(self, code: str, *, stdin: str = "") -> Result:
        """Run code in the session; ``stdin`` is what it can read by lines: ``input()``, in JavaScript ``readline()``.

        Raises `GuestError` for what the code raises, `WebAssembly.OutOfFuel`, `WebAssembly.OutOfHostCalls`,
        `WebAssembly.DeadlineExceeded`, `WebAssembly.Interrupted`, `OutputLimitExceeded`, and
        `WebAssembly.RuntimeError` for other traps; `TypeError` and `ValueError`, the session being as before, for what
        is no text.
        """
        return self._run(code, stdin, Ticket())

    def _run(self, code: str, stdin: str, ticket: Ticket) -> Result:
        check_text("the code", code)
        check_text("stdin", stdin)
        with self._running(stdin, ticket):
            value = self._interpreter.run(code)
            return Result(self.stdout, self.stderr, value, 0, self._fuel_used())

    def evaluate(self, expression: str) -> Any:
        """The value of an expression, as JSON can say it. Raises as `run`."""
        check_text("the expression", expression)
        with self._running("", Ticket()):
            return self._interpreter.evaluate(expression)

    async def run_async(self, code: str, *, stdin: str = "") -> Result:
        """`run` in a thread (where there are none, here); cancelling it interrupts the code, if it has a deadline."""
        ticket = Ticket()
        return await in_thread(
            lambda: self._run(code, stdin, ticket), ticket, lambda: self._interrupt(ticket)
        )

    @property
    def stdout(self) -> str:
        """What the last run wrote, also where it failed."""
        return self._interpreter.bridge.text(OUTPUT)

    @property
    def stderr(self) -> str:
        """What the last run wrote to its errors; of Python that is what it did not catch too."""
        return self._interpreter.bridge.text(ERRORS)

    @property
    def memory_bytes(self) -> int:
        """How large the memory is now."""
        length: int = self._interpreter.instance.exports.memory.buffer.byteLength
        return length

    def interrupt(self) -> bool:
        """End what runs, from any thread; whether anything did. Raises `TypeError` without ``deadline``."""
        return self._interpreter.instance.interrupt()

    def snapshot(self) -> Snapshot:
        """The state of the session, to `restore`, or for the ``snapshot`` of another sandbox. Raises `SandboxError`."""
        with self._lock:
            self._check_idle()
            return snapshot(self._interpreter.instance)

    def restore(self, taken: Snapshot) -> None:
        """Go on where a snapshot was taken, of this or another session of the interpreter. Raises `SnapshotError`.

        Files are no part of snapshots: they stay as they are now, but that none is open any more.
        """
        _check_snapshot(taken)
        with self._beginning():
            self._interpreter = self._begun(taken)
            if self._files is not None:
                self._files.close_all()

    def reset(self) -> None:
        """Go on from where the session began, with the files that it was given then."""
        with self._beginning():
            self._interpreter = self._begun(self._snapshot)
            if self._files is not None:
                self._files.reset()

    @property
    def files(self) -> dict[str, bytes]:
        """The regular files in the session's own directory, by their paths. Raises `SandboxError` without ``files``."""
        with self._lock:
            return self._folder().files()

    def add_files(self, files: Mapping[str, str | bytes]) -> None:
        """Put files into the session's own directory, over those that are there.

        Raises `SandboxError` without ``files``, `ValueError` and `TypeError` as for these, and `OSError`.
        """
        with self._lock:
            self._folder().write(contents(files))

    def _folder(self) -> Folder:
        folder = None if self._files is None else self._files.folder
        if folder is None or not folder.close.alive:
            raise SandboxError("the sandbox has no files: give it some (files={})")
        return folder

    @contextmanager
    def _beginning(self) -> Iterator[None]:
        with self._lock:
            if self._is_running:
                raise SandboxError("the sandbox is running")
            if self._is_closed:
                raise SandboxError("the sandbox was closed")
            yield
            self._is_over = ""

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError(
            "a Sandbox stays in its process: send its snapshot(), for Sandbox(snapshot=…)"
        )

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Be of no use any more, and remove the session's files."""
        self._is_closed = True
        if self._files is not None:
            self._files.close()

    def _compiled(self, options: Options) -> WebAssembly.Module:
        limits = Limits(
            fuel=None if self._fuel is None else max(self._fuel, _START_FUEL),
            deadline=self._deadline,
            max_memory_bytes=options.get("max_memory_bytes", MOST_MEMORY),
            max_total_table_elements=MOST_ELEMENTS,
        )
        given = options.get("module")
        if given is None and self._snapshot is not None:
            with engines.using("python"):
                return self._snapshot.module(limits=limits)
        data = given if isinstance(given, bytes) else _read(given, self.language)
        return WebAssembly.Module(data, limits=limits, engine="python")

    def _begun(self, taken: Snapshot | None) -> Interpreter:
        files = None if self._files is None else self._files.call
        bridge = Bridge(self._functions, self._most_output, self._most_calls, files)
        made = INTERPRETERS[self.language](self._module, bridge, taken=taken, seed=self._seed)
        if taken is None or self._functions or files is not None:
            made.define(self._functions, files=files is not None)
        bridge.begin("")
        if self._deadline is not None:
            made.limit_time(self._deadline)
        return made

    def _check_idle(self) -> None:
        if self._is_running:
            raise SandboxError("the sandbox is running")
        if self._is_closed:
            raise SandboxError("the sandbox was closed")
        if self._is_over:
            raise SandboxError(f"{self._is_over}; restore() or reset() begins another session")

    @contextmanager
    def _running(self, stdin: str, ticket: Ticket) -> Iterator[None]:
        with self._lock:
            ticket.check()
            self._check_idle()
            interpreter = self._interpreter
            if self._fuel is not None:
                interpreter.refuel(self._fuel)
            interpreter.bridge.begin(stdin)
            self._is_running, self._ticket = True, ticket
            try:
                yield
            except GuestError:
                raise
            except BaseException as error:
                self._is_over = f"the session ended by {type(error).__name__}"
                raise
            finally:
                self._is_running, self._ticket = False, None

    def _fuel_used(self) -> int | None:
        left = self._interpreter.instance.fuel_left
        return None if self._fuel is None or left is None else self._fuel - left

    def _interrupt(self, ticket: Ticket) -> bool:
        """End one run, if that is running; whether it will end."""
        if self._ticket is ticket and self._deadline is not None:
            self.interrupt()
        return self._deadline is not None


def _check_snapshot(given: object) -> None:
    if not isinstance(given, Snapshot):
        raise TypeError(f"snapshot must be a Snapshot, not {type(given).__name__}")


def _opened(options: Options) -> Files | None:
    files, directories = options.get("files"), options.get("directories") or {}
    if files is None and not directories:
        return None
    from pyjsapi.sandbox.files import Files  # which most sandboxes do without

    return Files(
        None if files is None else contents(files),
        directories,
        max_bytes=options.get("max_written_bytes", MOST_WRITTEN),
        max_files=options.get("max_created_files", MOST_CREATED),
    )


def _read(given: str | PathLike[str] | None, language: str) -> bytes:
    return Path(find_guest(language) if given is None else given).read_bytes()


def _checked(functions: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    for name, function in functions.items():
        if not (name.isascii() and name.isidentifier()) or keyword.iskeyword(name):
            raise ValueError(f"functions: {name!r} is no name that code could call")
        if name.startswith("__"):
            raise ValueError(f"functions: {name!r} is kept for the sandbox itself")
        if not callable(function):
            raise TypeError(f"functions: {name!r} is no function but {type(function).__name__}")
    return dict(functions)
