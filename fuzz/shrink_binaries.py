"""Makes binaries smaller: valid ones with ``wasm-tools shrink``, others section by section and byte by byte.

The predicate of ``wasm-tools shrink`` is a script that asks this process.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from fuzz import tools
from fuzz.generators.binaries import leb, sections

_SCRIPT: Final = """#!/bin/sh
printf '%s\\n' "$1" > {asked}
read answer < {answered}
exit "$answer"
"""
"""Whether the module at a path still shows what is looked for, as an exit code. Two pipes cost less than an interpreter
for every module."""

_WAIT: Final = 0.05


def shrink_binary(data: bytes, wrong: Callable[[bytes], bool], deadline: float) -> bytes:
    """The smallest binary found until a time (of `time.monotonic`) of which something is true, as it is of ``data``.

    ``data`` itself where ``wasm-tools`` cannot read it.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "module.wasm").write_bytes(data)
        for pipe in ("asked", "answered"):
            os.mkfifo(folder / pipe)
        script = folder / "predicate.sh"
        script.write_text(
            _SCRIPT.format(asked=folder / "asked", answered=folder / "answered"), encoding="utf-8"
        )
        script.chmod(0o700)
        return _Shrinking(folder, data, wrong).run(deadline)


def fewer_bytes(data: bytes, wrong: Callable[[bytes], bool], deadline: float) -> bytes:
    """The same for a binary that need not be valid: without sections, and without runs of bytes in them."""
    try:
        parts = sections(data)
    except IndexError:
        return data
    if not wrong(_joined(parts)):
        # Written anew, a section has the size that it says.
        return data
    for k in reversed(range(len(parts))):
        fewer = [*parts[:k], *parts[k + 1 :]]
        if time.monotonic() < deadline and wrong(_joined(fewer)):
            parts = fewer
    for k in range(len(parts)):
        run = len(parts[k][1])
        while run and time.monotonic() < deadline:
            at = 0
            while at < len(parts[k][1]) and time.monotonic() < deadline:
                number, content = parts[k]
                fewer = [*parts[:k], (number, content[:at] + content[at + run :]), *parts[k + 1 :]]
                if wrong(_joined(fewer)):
                    parts = fewer
                else:
                    at += run
            run //= 2
    return _joined(parts)


def _joined(parts: list[tuple[int, bytes]]) -> bytes:
    written = (bytes([number]) + leb(len(content)) + content for number, content in parts)
    return b"\0asm\1\0\0\0" + b"".join(written)


class _Shrinking:
    """One run of ``wasm-tools shrink``."""

    def __init__(self, folder: Path, data: bytes, wrong: Callable[[bytes], bool]) -> None:
        self._folder = folder
        self._smallest = data
        self._wrong = wrong

    def run(self, deadline: float) -> bytes:
        folder = self._folder
        process = subprocess.Popen(
            tools.command(
                "shrink", folder / "predicate.sh", folder / "module.wasm", "-o", folder / "out.wasm"
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # Open for both, so that they never end while no script has them open.
        asked = os.open(folder / "asked", os.O_RDWR)
        answered = os.open(folder / "answered", os.O_RDWR)
        try:
            while process.poll() is None and time.monotonic() < deadline:
                path = self._question(asked)
                if path is not None:
                    os.write(answered, b"0\n" if self._is_wrong(path) else b"1\n")
        finally:
            process.kill()
            process.wait()
            os.close(asked)
            os.close(answered)
        return self._smallest

    def _question(self, asked: int) -> Path | None:
        """The module that is asked about, if one is within a moment."""
        with selectors.DefaultSelector() as selector:
            selector.register(asked, selectors.EVENT_READ)
            if not selector.select(_WAIT):
                return None
        # A line of a pipe that is shorter than PIPE_BUF comes whole.
        return Path(os.read(asked, 4096).decode().strip())

    def _is_wrong(self, path: Path) -> bool:
        data = path.read_bytes()
        if not self._wrong(data):
            return False
        if len(data) < len(self._smallest):
            self._smallest = data
        return True
