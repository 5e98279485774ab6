"""What a program of WASI has: arguments, environment, streams, directories."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable, Iterable
from errno import EIO
from os import PathLike
from typing import IO, Any

from pyjsapi.compat.wasmtime.errors import WasmtimeError
from pyjsapi.compat.wasmtime.managed import Managed, setter_property
from pyjsapi.wasi import WASI, ReadOnly

CustomOutput = Callable[[bytes], int | None]
"""Gets bytes that were written; how many it took (``None`` for all), or a negated errno."""


class WasiConfig(Managed):
    """The configuration of a program of WASI, for `Store.set_wasi`; after which it cannot be used again.

    Without anything else there are no arguments, no environment and no directories; standard input is at its end,
    and output goes nowhere. What is set cannot be read.
    """

    def __init__(self) -> None:
        self._argv: list[str] = []
        self._env: dict[str, str] = {}
        self._streams: dict[str, Any] = {"stdin": _nothing, "stdout": _nothing, "stderr": _nothing}
        self._files: list[IO[bytes]] = []
        self._directories: list[tuple[str, str | ReadOnly]] = []

        self._end = weakref.finalize(self, _close, self._files)

    def _release(self) -> None:
        self._end()

    @setter_property
    def argv(self, argv: list[str]) -> None:
        """The arguments, the program's name first."""
        self._check_open()
        self._argv = [_text(each) for each in argv]

    def inherit_argv(self) -> None:
        """The arguments of this process."""
        self._check_open()
        self._argv = list(sys.orig_argv)

    @setter_property
    def env(self, pairs: Iterable[Iterable[Any]]) -> None:
        """The environment, as pairs of names and values."""
        self._check_open()
        self._env = {_text(name): _text(value) for name, value in pairs}

    def inherit_env(self) -> None:
        """The environment of this process."""
        self._check_open()
        self._env = dict(os.environ)

    @setter_property
    def stdin_file(self, path: str | bytes | PathLike[str]) -> None:
        """A file as standard input. Raises `WasmtimeError` where it cannot be read."""
        self._open("stdin", path, "rb")

    def inherit_stdin(self) -> None:
        """Standard input of this process."""
        self._set("stdin", 0)

    @setter_property
    def stdout_file(self, path: str) -> None:
        """A file as standard output, made or emptied now. Raises `WasmtimeError` where it cannot be written."""
        self._open("stdout", path, "wb")

    @setter_property
    def stdout_custom(self, callback: CustomOutput) -> None:
        """A callable that gets what is written to standard output."""
        self._set("stdout", _custom(callback))

    def inherit_stdout(self) -> None:
        """Standard output of this process."""
        self._set("stdout", 1)

    @setter_property
    def stderr_file(self, path: str) -> None:
        """A file as standard error, as `stdout_file`."""
        self._open("stderr", path, "wb")

    @setter_property
    def stderr_custom(self, callback: CustomOutput) -> None:
        """A callable that gets what is written to standard error."""
        self._set("stderr", _custom(callback))

    def inherit_stderr(self) -> None:
        """Standard error of this process."""
        self._set("stderr", 2)

    def preopen_dir(self, path: str, guest_path: str, fs_mutable: bool = True) -> None:
        """Let the program use a directory, by the name ``guest_path``; with ``fs_mutable=False`` only read there.

        Raises `WasmtimeError` where it cannot be opened.
        """
        self._check_open()
        name, directory = _text(guest_path), _text(path)
        try:
            os.scandir(directory).close()
        except OSError as error:
            raise WasmtimeError("failed to add preopen dir") from error
        self._directories.append((name, directory if fs_mutable else ReadOnly(directory)))

    def _set(self, name: str, stream: Any) -> None:
        self._check_open()
        self._streams[name] = stream

    def _open(self, name: str, path: str | bytes | PathLike[str], mode: str) -> None:
        self._check_open()
        try:
            file = open(path, mode, buffering=0)  # noqa: SIM115 - the program's
        except OSError as error:
            raise WasmtimeError(f"failed to set {name} file") from error
        self._files.append(file)
        self._streams[name] = file

    def _take(self) -> WASI:
        self._consume()
        made = WASI(version="preview1", args=self._argv, env=self._env, **self._streams)
        self._end.detach()
        weakref.finalize(made.another_process().descriptors, _close, self._files)
        for name, directory in self._directories:
            made.add_preopen(name, directory)
        return made


def _text(given: Any) -> str:
    given.encode()  # whatever is no text is refused
    return str(given)


def _close(files: list[IO[bytes]]) -> None:
    for file in files:
        file.close()


def _nothing(_: Any) -> bytes:
    return b""


def _custom(callback: CustomOutput) -> Callable[[bytes], None]:
    def write(data: bytes) -> None:
        while data:
            taken = _taken(callback, data)
            if taken <= 0:
                raise OSError(-taken or EIO, "the callable took nothing")
            data = data[taken:]

    return write


def _taken(callback: CustomOutput, data: bytes) -> int:
    try:
        taken = callback(data)
    except Exception as error:
        print("failed custom output, required to catch exception:", error)
        return -EIO
    return len(data) if taken is None else taken
