"""The engines that there are here, and runs of cases on them: each in a process of its own, watched by a clock."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO, Any, Final, Protocol

from pyjsapi.comparison.folder import Case

Json = Any
Answer = dict[str, Json]
"""What came of a case: ``transcript`` and ``ms``; or ``failure`` or ``unable``, which say why there is none."""

STATIC: Final = Path(__file__).resolve().parent / "static"
START: Final = 300.0
"""Seconds that an engine's process may take to begin: a machine that is busy with other things is slow, not broken."""
PACKAGE: Final = Path(__file__).resolve().parents[1]


class Engine(Protocol):
    """What runs cases: a column of the report."""

    @property
    def name(self) -> str: ...

    def run(self, cases: Sequence[Case], patience: float) -> dict[str, Answer]:
        """An answer for each case, by its id; ``patience`` is how many seconds each may take."""
        ...


@dataclass(frozen=True)
class ProcessEngine:
    """An engine behind a command that answers lines of JSON with lines of JSON."""

    name: str
    command: tuple[str, ...]

    def run(self, cases: Sequence[Case], patience: float) -> dict[str, Answer]:
        """See `Engine`. After a case that takes too long or ends the process, a new one goes on."""
        answers: dict[str, Answer] = {}
        waiting = deque(cases)
        while waiting:
            for answer in self._serve(waiting, patience):
                answers[answer["id"]] = answer
        return answers

    def _serve(self, waiting: deque[Case], patience: float) -> Iterator[Answer]:
        """Answers of one process, until all cases are done or one fails."""
        environment = {**os.environ, "PYTHONPATH": _search_path()}
        with subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=environment,
        ) as process:
            lines: Queue[str] = Queue()
            said: list[str] = []
            readers = [
                Thread(target=_read_into, args=(process.stdout, lines), daemon=True),
                Thread(target=_keep, args=(process.stderr, said), daemon=True),
            ]
            for reader in readers:
                reader.start()
            try:
                begun = _begun(lines)
                while waiting:
                    case = waiting.popleft()
                    answer = _ask(process, lines, case, patience) if begun else _ended(case)
                    if "failure" not in answer or "ended" not in answer:
                        yield answer
                        continue
                    process.kill()
                    for reader in readers:
                        reader.join()
                    yield _explained(answer, said)
                    return
            finally:
                process.kill()
                for reader in readers:
                    reader.join()


def _search_path() -> str:
    """The modules of this process, first this package."""
    given = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(PACKAGE.parent), *([given] if given else [])])


def _read_into(stream: IO[str] | None, lines: Queue[str]) -> None:
    for line in stream or ():
        lines.put(line)
    lines.put("")


def _keep(stream: IO[str] | None, said: list[str]) -> None:
    for line in stream or ():
        said.append(line)


def _begun(lines: Queue[str]) -> bool:
    """Whether the process says that it is ready: no case is to pay for its start."""
    try:
        return bool(lines.get(timeout=START))
    except Empty:
        return False


def _ended(case: Case) -> Answer:
    return {"id": case.id, "failure": "its process ended", "ended": True}


def _ask(process: subprocess.Popen[str], lines: Queue[str], case: Case, patience: float) -> Answer:
    """The answer to a case; with ``ended``, if the process is of no use any more."""
    try:
        if process.stdin is not None:
            process.stdin.write(json.dumps({**case.data, "needs": case.needs}) + "\n")
            process.stdin.flush()
        line = lines.get(timeout=patience)
    except Empty:
        return {
            "id": case.id,
            "failure": f"no answer in {patience:g} s",
            "ended": True,
            "slow": True,
        }
    except OSError:
        line = ""
    if not line:
        return _ended(case)
    answer: Answer = json.loads(line)
    return answer


def _explained(answer: Answer, said: list[str]) -> Answer:
    last = next((line.strip() for line in reversed(said) if line.strip()), "")
    why = f": {last}" if last and "slow" not in answer else ""
    return {"id": answer["id"], "failure": answer["failure"] + why}


@dataclass(frozen=True)
class LoweringEngine(ProcessEngine):
    """An engine that gets modules lowered: of use where a module has several memories."""

    scripts: bool = True
    """Whether it runs scripts too."""

    def run(self, cases: Sequence[Case], patience: float) -> dict[str, Answer]:
        """See `Engine`."""
        left, answers = to_lower(cases, scripts=self.scripts)
        return answers | super().run(left, patience)


def to_lower(cases: Sequence[Case], *, scripts: bool) -> tuple[list[Case], dict[str, Answer]]:
    """The cases that lowering changes something of, and answers for the others."""
    why_not = {case.id: _why_not_lowered(case, scripts) for case in cases}
    left = [case for case in cases if not why_not[case.id]]
    return left, {name: answer for name, answer in why_not.items() if answer}


def _why_not_lowered(case: Case, scripts: bool) -> Answer:
    """An answer for a case that lowering changes nothing of; empty for one that is run."""
    if "script" in case.data and not scripts:
        return {"id": case.id, "unable": "scripts run lowered on JavaScript's engines alone"}
    if case.memories < 2:
        return {"id": case.id, "unable": "no module has several memories: nothing is lowered"}
    return {}


@dataclass(frozen=True)
class Places:
    """Where the JavaScript of pyjsapi's faces and Pyodide are, as far as they were found."""

    polyfill: Path | None
    pyodide: Path | None
    wheel: Path | None
    """pyjsapi for a Pyodide that does not have it."""


def _first(paths: Iterable[Path], file: str) -> Path | None:
    return next((path.resolve() for path in paths if (path / file).is_file()), None)


def find_places(polyfill: Path | None, pyodide: Path | None) -> Places:
    """What was given, else what npm has installed here, else what a checkout has."""
    modules = Path("node_modules")
    checkout = PACKAGE.parent
    scripts = [polyfill] if polyfill else [modules / "@pyjsapi" / "polyfill", checkout / "polyfill"]
    folders = [pyodide] if pyodide else [checkout / "build" / "pyodide", modules / "pyodide"]
    found = _first(scripts, "implementation.mjs")
    runtime = _first(folders, "pyodide.mjs")
    wheel = None
    if runtime is not None and not _has_pyjsapi(runtime):
        carried = None if found is None else found / "pyjsapi.whl"
        wheel = carried if carried is not None and carried.is_file() else None
        runtime = runtime if wheel is not None else None
    return Places(found, runtime, wheel)


def _has_pyjsapi(pyodide: Path) -> bool:
    try:
        lock = json.loads((pyodide / "pyodide-lock.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return "pyjsapi" in lock.get("packages", {})


def _uri(path: Path | None) -> str:
    return "" if path is None else path.as_uri() + ("/" if path.is_dir() else "")


def node_engines(places: Places) -> list[ProcessEngine]:
    """Node's own engine, if there is a Node, and what runs in it."""
    node = shutil.which("node")
    if node is None:
        return []
    found = {"polyfill": _uri(places.polyfill), "indexURL": _uri(places.pyodide)}
    if places.wheel is not None:
        found["packageURL"] = _uri(places.wheel)
    command = (node, str(STATIC / "node.mjs"))
    engines = [ProcessEngine("node", (*command, "native", json.dumps(found)))]
    if places.polyfill is not None:
        engines.append(LoweringEngine("node lowered", (*command, "lowered", json.dumps(found))))
    if places.polyfill is not None and places.pyodide is not None:
        engines.append(
            ProcessEngine("node javascript", (*command, "javascript", json.dumps(found)))
        )
    return engines


def _worker(name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "pyjsapi.comparison.worker", name)


def reference() -> Engine:
    """The Python face, which all others are compared with."""
    return ProcessEngine("python", _worker("python"))


def local_engines(places: Places) -> list[Engine]:
    """All that need no browser and are installed."""
    engines: list[Engine] = [LoweringEngine("lowered", _worker("lowered"), scripts=False)]
    if importlib.util.find_spec("wasmtime") is not None:
        engines.append(ProcessEngine("wasmtime", _worker("wasmtime")))
    return [*engines, *node_engines(places)]
