"""What a program of WASI has from the command line, and how much it may do: the options of ``run``,
``snapshot`` and ``compile``."""

from __future__ import annotations

import argparse
import io
import math
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pyjsapi import Limits, engines
from pyjsapi.cli import exits
from pyjsapi.cli.exits import InputError
from pyjsapi.cli.files import STANDARD
from pyjsapi.jsapi.endings import standard_input

if TYPE_CHECKING:
    from pyjsapi.wasi import WASI

_SIZE: Final = re.compile(r"(\d+)(?:([kmg])(?:i?b)?)?", re.ASCII | re.IGNORECASE)
_UNITS: Final = {"k": 10, "m": 20, "g": 30}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what is the same for ``run``, ``snapshot`` and ``compile``."""
    add_host_options(parser)
    parser.add_argument("--fuel", metavar="N", help="how many instructions it may execute")
    parser.add_argument(
        "--max-host-calls",
        metavar="N",
        help="how often it may call the host, WASI's functions included",
    )
    parser.add_argument("--timeout", metavar="SECONDS", help="how long it may run")


def add_host_options(parser: argparse.ArgumentParser) -> None:
    """Add what a program has from the command line, and how large it may become."""
    parser.add_argument(
        "--dir",
        action="append",
        default=[],
        metavar="HOST[::GUEST[::ro]]",
        help="a directory that the program may use, by its name there (default: the same), perhaps only to read; "
        "may be repeated",
    )
    parser.add_argument(
        "--env",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a variable of the program's environment, which is empty otherwise; may be repeated",
    )
    parser.add_argument(
        "--max-memory", metavar="SIZE", help="how large its memory may become: bytes, or 64M, 1G"
    )


def add_engine(parser: argparse.ArgumentParser) -> None:
    """Add what runs the module."""
    parser.add_argument(
        "--engine",
        metavar="NAME[,NAME ...]",
        help="what runs it: `pyjsapi engines` lists them (default: PYJSAPI_ENGINE, or python); of several each is for "
        "what those before it are not there for, or refuse",
    )


@contextmanager
def engine_used(options: argparse.Namespace) -> Iterator[None]:
    """Have modules compiled by what ``--engine`` says. Raises `InputError`."""
    if options.engine is None:
        yield
        return
    names = [name for part in options.engine.split(",") if (name := part.strip())]
    try:
        before = engines.use(names)
    except engines.EngineUnavailable as error:
        raise InputError(f"--engine: {error}") from error
    except (TypeError, ValueError) as error:
        raise InputError(f"--engine: {error}", exits.USAGE) from error
    try:
        yield
    finally:
        engines.use(before)


def add_bounds(parser: argparse.ArgumentParser) -> None:
    """Add how much a program may write."""
    parser.add_argument(
        "--max-written", metavar="SIZE", help="how much it may write into its directories, in all"
    )
    parser.add_argument(
        "--max-created", metavar="N", help="how many files, directories and links it may create"
    )
    parser.add_argument(
        "--max-output", metavar="SIZE", help="how much it may write to each of its outputs"
    )


def split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words of ``run`` and ``snapshot`` without those that follow ``--`` or a function's name, and these.

    A function's arguments may look like options: ``--invoke add -1 -0x10``.
    """
    words = list(argv)
    passed: list[str] = []
    if "--" in words:
        at = words.index("--")
        words, passed = words[:at], words[at + 1 :]
    if "--invoke" not in words:
        return words, passed
    name = words.index("--invoke") + 1
    end = name + 1
    while end < len(words) and not re.match(r"--[a-z]", words[end]):
        end += 1
    invoke = [f"--invoke={words[name]}"] if name < len(words) else ["--invoke"]
    return [*words[: name - 1], *invoke, *words[end:]], [*words[name + 1 : end], *passed]


def limits_of(options: argparse.Namespace) -> Limits:
    """What ``--fuel``, ``--max-host-calls``, ``--timeout`` and ``--max-memory`` say. Raises `InputError`."""
    deadline = None
    fuel = _count("--fuel", options.fuel, "a number of instructions")
    calls = _count("--max-host-calls", options.max_host_calls, "a number of calls")
    if options.timeout is not None:
        try:
            deadline = float(options.timeout)
        except ValueError:
            deadline = math.nan
        if not 0 < deadline < math.inf:
            raise _wrong("--timeout", options.timeout, "a positive number of seconds")
    size = _size("--max-memory", options.max_memory)
    return Limits(fuel=fuel, max_host_calls=calls, deadline=deadline, max_memory_bytes=size)


def _count(option: str, given: str | None, what: str) -> int | None:
    if given is None:
        return None
    if not (given.isascii() and given.isdecimal()):
        raise _wrong(option, given, what)
    return int(given)


def _size(option: str, given: str | None) -> int | None:
    if given is None:
        return None
    found = _SIZE.fullmatch(given)
    if found is None:
        raise _wrong(option, given, "a number of bytes, as 67108864 or 64M")
    return int(found[1]) << _UNITS.get((found[2] or "").lower(), 0)


def wasi_of(options: argparse.Namespace, stdin: Any = None) -> WASI:
    """The system interface of a program, which reads ``stdin`` or what the command does. Raises `InputError`."""
    from pyjsapi.wasi import WASI
    from pyjsapi.wasi.preopens import preopens_of

    path: Path = options.module
    if stdin is None:
        stdin = io.BytesIO() if path == STANDARD else standard_input()  # or it was the module
    try:
        return WASI(
            version="preview1",
            args=[path.name, *options.arguments],
            env=variables_of(options),
            preopens=preopens_of(directories_of(options)),
            stdin=stdin,
            max_written_bytes=_size("--max-written", options.max_written),
            max_created_files=_count("--max-created", options.max_created, "a number of files"),
            max_output_bytes=_size("--max-output", options.max_output),
        )
    except OSError as error:
        if error.filename is None:
            raise InputError(f"--dir: {error}", exits.NO_INPUT) from error
        told = f"--dir: cannot open {os.fspath(error.filename)}: {error.strerror}"
        raise InputError(told, exits.NO_INPUT) from error


def variables_of(options: argparse.Namespace) -> dict[str, str]:
    """The environment variables that ``--env`` gives. Raises `InputError`."""
    variables: dict[str, str] = {}
    for text in options.env:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise _wrong("--env", text, "NAME=VALUE")
        variables[name] = value
    return variables


def directories_of(options: argparse.Namespace) -> dict[str, tuple[str, bool]]:
    """The directories that ``--dir`` gives, by the program's names: the host's, and whether they are only to be read.

    Raises `InputError`.
    """
    directories: dict[str, tuple[str, bool]] = {}
    for text in options.dir:
        host, *rest = text.split("::")
        guest = rest[0] if rest else host
        if not host or not guest or len(rest) > 2 or rest[1:] not in ([], ["ro"]):
            raise _wrong("--dir", text, "HOST, HOST::GUEST or HOST::GUEST::ro")
        if guest in directories:
            raise InputError(f"--dir: two directories are called {guest!r}", exits.USAGE)
        directories[guest] = host, len(rest) == 2
    return directories


def _wrong(option: str, given: str, right: str) -> InputError:
    return InputError(f"{option} takes {right}, not {given!r}", exits.USAGE)
