"""A program of WASI in the workbench: what it is given repeats, and what it says goes into the log."""

from __future__ import annotations

import codecs
import io
import random
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from pyjsapi import WebAssembly
from pyjsapi.wasi import WASI

MODULE: Final = "wasi_snapshot_preview1"
_EPOCH: Final = 1_767_225_600_000_000_000
"""The first time that a program is told: the beginning of 2026, in nanoseconds."""
_TICK: Final = 1_000_000


class Lines(io.TextIOBase):
    """A stream of text that tells its lines."""

    def __init__(self, tell: Callable[[str], object]) -> None:
        self._tell = tell
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def writable(self) -> bool:
        """See `io.TextIOBase`."""
        return True

    def write(self, text: str) -> int:
        """See `io.TextIOBase`."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._tell(line)
        return len(text)

    def write_bytes(self, data: bytes) -> None:
        """The same for UTF-8."""
        self.write(self._decoder.decode(bytes(data)))

    def end(self) -> None:
        """Tell a line that was not ended."""
        if self._rest:
            self._tell(self._rest)
            self._rest = ""


class _Clock:
    """Time that passes when it is asked for, or waited for."""

    def __init__(self) -> None:
        self._now = _EPOCH

    def __call__(self, clock: int) -> int:
        self._now += _TICK
        return self._now

    def sleep(self, nanoseconds: int) -> None:
        self._now += nanoseconds


class Program:
    """The WASI of one run."""

    def __init__(self, given: Mapping[str, Any], say: Callable[[str, str], object]) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._streams = {name: Lines(partial(say, name)) for name in ("stdout", "stderr")}
        self.wasi = WASI(
            version="preview1",
            args=list(given["args"]),
            env=dict(given["env"]),
            preopens={"/": self._folder.name},
            stdin=io.BytesIO(given["stdin"].encode()),
            stdout=self._streams["stdout"].write_bytes,
            stderr=self._streams["stderr"].write_bytes,
            clock=_Clock(),
            random=random.Random(0).randbytes,
        )
        self._bound = False

    def call(self, instance: WebAssembly.Instance, name: str) -> list[list[str]] | None:
        """Start or initialise; the exit code, if there is one. ``None`` for another export: it can be called then."""
        if name == "_start":
            self._bound = True
            return [["exit", f"exit code {self.wasi.start(instance)}"]]
        if name == "_initialize":
            self._bound = True
            self.wasi.initialize(instance)
            return []
        if not self._bound:
            self._bound = True
            self.wasi.finalizeBindings(instance)
        return None

    def end_lines(self) -> None:
        """Tell the lines that were not ended."""
        for stream in self._streams.values():
            stream.end()

    def close(self) -> None:
        """Close what the program has open, and forget its files."""
        self.wasi.close()
        self._folder.cleanup()
