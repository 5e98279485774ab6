"""Programs of WASI, run from their start each time, with nothing but what they are given."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any, Final, TypedDict, Unpack, final

from pyjsapi import Features, Limits, WebAssembly
from pyjsapi.sandbox.checks import check_options, check_text
from pyjsapi.sandbox.concurrency import Ticket, in_thread
from pyjsapi.sandbox.determinism import repeatable
from pyjsapi.sandbox.errors import SandboxError
from pyjsapi.sandbox.folder import Folder, contents
from pyjsapi.sandbox.result import Result
from pyjsapi.wasi import WASI, ReadOnly
from pyjsapi.wasi.modules import is_threaded

MOST_MEMORY: Final = 64 << 20
MOST_OUTPUT: Final = 1 << 20
MOST_WRITTEN: Final = 64 << 20
MOST_CREATED: Final = 10_000
MOST_ELEMENTS: Final = 1 << 20
"""Of tables, which take room beside the memory: 8 MiB."""


class ProgramOptions(TypedDict, total=False):
    """The keywords of `Sandbox.program`."""

    env: Mapping[str, str]
    directories: Mapping[str, str | PathLike[str] | ReadOnly]
    files: Mapping[str, str | bytes] | None
    imports: Mapping[str, Any]
    features: Features | Mapping[str, bool] | None
    fuel: int | None
    max_host_calls: int | None
    deadline: float | None
    max_memory_bytes: int | None
    max_output_bytes: int
    max_written_bytes: int | None
    max_created_files: int | None
    seed: int | None


@final
class Program:
    """A program of WASI: a module that exports ``_start``. Each `run` is a new instance.

    ``env`` is its environment; ``directories`` those that it may use, as ``preopens`` of `WASI`; ``files`` are put
    into a directory of each run's own, which is its root: a `Result` has what is there at the end. ``imports`` are
    others than those of WASI; ``features`` is what the module may use, as of `WebAssembly.Module`: objects of garbage
    collection count for no limit, and there are none with ``features={"gc": False}``. ``max_host_calls`` is how
    often it may call the host, WASI included.
    ``max_written_bytes`` (64 MiB) may be written into the directories, ``max_created_files`` (10,000) files,
    directories and links be created there, then that fails. ``fuel``, ``deadline``, ``max_memory_bytes`` (64 MiB),
    ``max_output_bytes`` (1 MiB, then writing fails) and ``seed`` are as of `Sandbox.python`, for each run.
    """

    def __init__(
        self, module: str | PathLike[str] | bytes, **options: Unpack[ProgramOptions]
    ) -> None:
        check_options("Sandbox.program", options, ProgramOptions.__annotations__)
        self._name = "program.wasm" if isinstance(module, bytes) else Path(module).name
        data = module if isinstance(module, bytes) else Path(module).read_bytes()
        limits = Limits(
            fuel=options.get("fuel"),
            max_host_calls=options.get("max_host_calls"),
            deadline=options.get("deadline"),
            max_memory_bytes=options.get("max_memory_bytes", MOST_MEMORY),
            max_total_table_elements=MOST_ELEMENTS,
        )
        # What bounds it is kept by the Python engine alone, whatever runs other modules.
        self._module = WebAssembly.Module(
            data, features=options.get("features"), limits=limits, engine="python"
        )
        exported = {each["name"] for each in WebAssembly.Module.exports(self._module)}
        if "_start" not in exported:
            raise SandboxError(
                f"Sandbox.program(): {self._name} is no program: it exports no _start"
            )
        self._options = options
        self._files = contents(options.get("files") or {})

    def run(self, *arguments: str, stdin: str = "") -> Result:
        """Run the program with arguments, and with text to read.

        Raises `WebAssembly.OutOfFuel`, `WebAssembly.OutOfHostCalls`, `WebAssembly.DeadlineExceeded`,
        `WebAssembly.Interrupted`,
        `WebAssembly.RuntimeError` for other traps, `WebAssembly.LinkError` and `TypeError` for imports.
        """
        return self._go(arguments, stdin, [])

    def _go(
        self, arguments: Sequence[str], stdin: str, running: list[Callable[[], object]]
    ) -> Result:
        check_text("stdin", stdin)
        outputs = [io.BytesIO(), io.BytesIO()]
        with self._directories() as (preopens, folder):
            code, used = self._run(arguments, stdin, outputs, preopens, running)
            files = {} if folder is None else folder.files()
        stdout, stderr = (each.getvalue().decode("utf-8", "replace") for each in outputs)
        return Result(stdout, stderr, None, code, used, files)

    async def run_async(self, *arguments: str, stdin: str = "") -> Result:
        """`run` in a thread (where there are none, here); cancelling it interrupts what has a deadline or threads."""
        running: list[Callable[[], object]] = []
        ticket = Ticket()

        def interrupt() -> bool:
            if self._options.get("deadline") is None and not is_threaded(self._module):
                return False
            for each in running:
                each()
            return True

        def run() -> Result:
            ticket.check()
            return self._go(arguments, stdin, running)

        return await in_thread(run, ticket, interrupt)

    def _run(
        self,
        arguments: Sequence[str],
        stdin: str,
        outputs: list[io.BytesIO],
        preopens: Any,
        running: list[Callable[[], object]],
    ) -> tuple[int, int | None]:
        with WASI(
            version="preview1",
            args=[self._name, *arguments],
            env=self._options.get("env") or {},
            preopens=preopens,
            stdin=io.BytesIO(stdin.encode()),
            stdout=outputs[0],
            stderr=outputs[1],
            max_output_bytes=self._options.get("max_output_bytes", MOST_OUTPUT),
            max_written_bytes=self._options.get("max_written_bytes", MOST_WRITTEN),
            max_created_files=self._options.get("max_created_files", MOST_CREATED),
            **repeatable(self._options.get("seed")),
        ) as wasi:
            imports = self._options.get("imports") or {}
            if is_threaded(self._module):
                running.append(wasi.interrupt)
                return wasi.run(self._module, imports), None
            instance = WebAssembly.Instance(self._module, {**wasi.getImportObject(), **imports})
            running.append(instance.interrupt)
            code = wasi.start(instance)
            return code, instance.fuel_used

    @contextmanager
    def _directories(self) -> Iterator[tuple[Any, Folder | None]]:
        given = dict(self._options.get("directories") or {})
        if self._options.get("files") is None:
            yield given, None
            return
        with Folder(self._files) as folder:
            yield {"/": folder.path, **given}, folder
