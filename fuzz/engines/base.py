"""What an engine is: programs in, observations out; and engines that are child processes fed over pipes."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, Protocol, TypeAlias

from fuzz.program import Program

Observation: TypeAlias = dict[str, Any]
"""What ``harness.py`` and ``harness.mjs`` tell, or ``{"end": …}``: ``hangs``, ``crashes``, ``skipped``."""

FEATURES: Final = frozenset(
    {
        "both-exceptions",
        "custom-page-sizes",
        "exceptions",
        "far-delegate",
        "gc",
        "host-throws",
        "legacy-exceptions",
        "memory64",
        "multi-memory",
        "relaxed-simd",
        "shared-imports",
        "tail-call",
        "threads",
        "wide-references",
    }
)
"""What a program may need. ``both-exceptions``: both forms of exceptions in one module; ``far-delegate``: a
``delegate`` to what is no try; ``host-throws``: imported functions that throw, or that call back;
``wide-references``: references that cross the border in calls."""

ROOT: Final = Path(__file__).resolve().parents[2]


class Engine(Protocol):
    """Something that runs programs."""

    name: str
    lacks: frozenset[str]
    """Features that it has not."""

    def run(self, programs: Sequence[Program]) -> list[Observation]:
        """Run programs, each on an instance of its own."""
        ...

    def close(self) -> None:
        """End what was started."""
        ...


class Gone(Exception):
    """A child process ended, or did not answer in time."""


class Child:
    """A process that answers each line of JSON by one."""

    def __init__(self, command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
        self._command = [str(part) for part in command]
        self._env = {**os.environ, **(env or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None

    def _start(self) -> subprocess.Popen[bytes]:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=self._env,
            bufsize=0,
        )

    def ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """The answer to a request. Raises `Gone`, and starts anew at the next request then."""
        if self._process is None:
            self._process = self._start()
        process = self._process
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            line = self._line(process, time.monotonic() + seconds)
        except BrokenPipeError:
            line = b""
        if not line:
            raise Gone(self._end())
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _line(self, process: subprocess.Popen[bytes], deadline: float) -> bytes:
        assert process.stdout is not None
        parts: list[bytes] = []
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not parts or not parts[-1].endswith(b"\n"):
                left = deadline - time.monotonic()
                if left <= 0 or not selector.select(left):
                    self._end()
                    raise Gone("no answer in time")
                part = os.read(process.stdout.fileno(), 1 << 20)
                if not part:
                    return b""
                parts.append(part)
        return b"".join(parts)

    def _end(self) -> str:
        """End the process; what is known about its end."""
        process, self._process = self._process, None
        if process is None:
            return "not started"
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
        process.kill()
        code = process.wait()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        told = ""
        if self._errors is not None:
            self._errors.seek(0)
            told = self._errors.read().decode("utf-8", "replace")[-2000:]
            self._errors.close()
        return f"ended with exit code {code}: {told}"

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        self._end()


class ChildEngine:
    """An engine in a child process. A program that ends the process, or stops it, is found and said."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        lacks: frozenset[str] = frozenset(),
        env: Mapping[str, str] | None = None,
        seconds: float = 30.0,
    ) -> None:
        self.name = name
        self.lacks = lacks
        self.extra: dict[str, Any] = {}
        """Sent with every request."""
        self._child = Child(command, env)
        self._seconds = seconds

    def run(self, programs: Sequence[Program]) -> list[Observation]:
        return self.run_json([program.json() for program in programs])

    def run_json(self, programs: Sequence[dict[str, Any]]) -> list[Observation]:
        """Run programs that are plain data already."""
        return self.ask("programs", programs)

    def ask(self, kind: str, items: Sequence[Any]) -> list[Observation]:
        """Send items under a name; an answer for each."""
        if not items:
            return []
        try:
            answer = self._child.ask({kind: items, **self.extra}, self._seconds)
        except Gone as gone:
            if len(items) > 1:
                return [one for item in items for one in self.ask(kind, [item])]
            return [{"end": "hangs" if "in time" in str(gone) else "crashes", "detail": str(gone)}]
        answers: list[Observation] = answer["answers"]
        return answers

    def close(self) -> None:
        self._child.close()
