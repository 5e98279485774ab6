"""Makes valid binaries smaller: ``wasm-tools shrink``, whose predicate is a script that asks this process."""

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
