"""What of the translator the generators reach: every emitter, and every branch of the control-flow and range code.

    python -m fuzz.reach [--times N] [--json]

Translates a fixed share of the generators' programs in several modes under `coverage`, and prints what no program
reached. ``reach.toml`` names the files that are meant, and the branches that nothing can reach, each with its reason.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import coverage

from fuzz.algebra import ROUNDED_AS_ENGINES_LIKE
from fuzz.engines.base import ROOT
from pyjsapi.syntax.instructions import OPS

COMPILER: Final = ROOT / "pyjsapi" / "compiler"
SETTINGS: Final = ROOT / "fuzz" / "reach.toml"
_ALL: Final = ("default", "states", "loops1", "plain")
_TWO: Final = ("default", "states")
SHARE: Final[dict[str, tuple[int, tuple[str, ...]]]] = {
    "aliasing": (8, _TWO),
    "atomics": (4, _TWO),
    "blocks": (60, _ALL),
    "corners": (60, _TWO),
    "counters": (110, ("default", "no-ranges")),
    "deep": (30, ("default", "loops1")),
    "gc": (8, _TWO),
    "handlers": (40, ("default", "states", "loops1")),
    "memories": (3, _TWO),
    "mixed": (4, _ALL),
    "numerics": (6, _TWO),
    "pointers": (60, ("default",)),
    "segments": (6, _TWO),
    "tables": (10, _TWO),
    "tails": (8, _TWO),
    "vectors": (8, _TWO),
    "wide": (8, _TWO),
}
"""How many programs of each generator that does not depend on programs of others, and in which modes."""
FURTHER: Final[dict[str, tuple[int, ...]]] = {
    "deep": (40, 43, 65, 142),
    "pointers": (276, 347, 359),
}
"""Seeds beyond those, of programs that come to what few do."""
RARE_MODES: Final = ("asserted", "asserted-states", "proved", "loops0")
"""Modes of the first few programs only."""
MORE: Final = {"atomics": 100, "gc": 100, "numerics": 100, "vectors": 300}
"""Further programs for the sake of the emitters: those of many instructions."""
RUN: Final = 2
"""Programs that are run as well, where it is asked what kind a memory is, and translated in rare modes."""
ALL_RUN: Final = "corners"
"""The generator whose programs are all run."""


@dataclass(frozen=True, order=True)
class Branch:
    """A way in the source that was not taken. Without line numbers, which change."""

    file: str
    function: str
    line: str
    """The line that decides, or that is not reached."""
    to: str
    """The line that it does not go to; empty for a line that is not reached at all, ``exit`` for the function's end."""

    def __str__(self) -> str:
        way = f" -> {self.to}" if self.to else ""
        return f"{self.file} {self.function}: {self.line}{way}"


@dataclass(frozen=True)
class Reach:
    """What was not reached."""

    emitters: list[str]
    """Instructions whose emitters were never called."""
    branches: list[Branch]


def settings() -> dict[str, Any]:
    """The files whose branches are meant, and the branches that nothing reaches."""
    with SETTINGS.open("rb") as handle:
        return tomllib.load(handle)


def expected() -> set[Branch]:
    """The branches that nothing reaches, as they are listed."""
    return {
        Branch(entry["file"], entry["function"], entry["line"], entry.get("to", ""))
        for entry in settings().get("unreached", ())
    }


def measure(times: int = 1) -> Reach:
    """Translate the share, or several times as many. Nothing of the compiler may have been imported before."""
    if any(name.startswith("pyjsapi.compiler") for name in sys.modules):
        raise RuntimeError("the compiler is imported already: what it did then was not seen")
    files = [str(COMPILER / name) for name in settings()["files"]]
    measured = coverage.Coverage(branch=True, include=files, data_file=None)
    measured.start()
    called = _counted()
    _translate(times)
    measured.stop()
    _translate_more()
    from pyjsapi.compiler.emit.registry import EMITTERS

    emitters = sorted({op.mnemonic for op in EMITTERS} - called)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        measured.json_report(outfile=str(report))
        data = json.loads(report.read_text(encoding="utf-8"))
    branches = [
        branch for path, entry in data["files"].items() for branch in _unreached(Path(path), entry)
    ]
    return Reach(emitters, sorted(set(branches)))


def _counted() -> set[str]:
    """Have every emitter note that it was called; where it does."""
    import pyjsapi.compiler.function  # noqa: F401 (it fills the table)
    from pyjsapi.compiler.emit.registry import EMITTERS

    called: set[str] = set()
    for op, emitter in list(EMITTERS.items()):

        def counting(frame: Any, instr: Any, emitter: Any = emitter) -> None:
            called.add(instr[0].mnemonic)
            emitter(frame, instr)

        EMITTERS[op] = counting
    return called


def _translate(times: int) -> None:
    """Translate the share in all modes."""
    from fuzz.engines.modes import MODES as OPTIONS
    from fuzz.engines.ours_child import Modules, observe
    from fuzz.generators import make
    from pyjsapi.compiler.options import Options

    options = {**OPTIONS, "proved": Options(proof=True)}
    for name, (count, modes) in SHARE.items():
        for seed in (*range(count * times), *FURTHER.get(name, ())):
            program = make(name, seed).program
            modules = Modules()
            if (seed < RUN or name == ALL_RUN) and program.ends:
                observe(program.json(), "default", modules, 0)
            for mode in modes if seed >= RUN else (*modes, *RARE_MODES):
                modules.compiled(program.binary, options[mode]).compile_all()


def _translate_more() -> None:
    """Translate programs of many instructions."""
    from fuzz.engines.ours_child import Modules
    from fuzz.generators import make
    from pyjsapi.compiler.options import Options

    for name, count in MORE.items():
        for seed in range(100, 100 + count):
            Modules().compiled(make(name, seed).program.binary, Options()).compile_all()


def _unreached(path: Path, entry: dict[str, Any]) -> Iterator[Branch]:
    """The branches of a file that were not taken, and the first lines of what was not reached."""
    lines = path.read_text(encoding="utf-8").splitlines()
    name = path.resolve().relative_to(COMPILER).as_posix()
    function_of = _functions(entry)
    missing = set(entry["missing_lines"])
    for start, end in entry["missing_branches"]:
        if start in missing:
            continue
        to = "exit" if end < 0 else lines[end - 1].strip()
        yield Branch(name, function_of(start), lines[start - 1].strip(), to)
    for line in sorted(missing):
        if line - 1 not in missing and not _is_target(line, entry):
            yield Branch(name, function_of(line), lines[line - 1].strip(), "")


def _is_target(line: int, entry: dict[str, Any]) -> bool:
    """Whether a line that was not reached is told by the branch to it."""
    missing = set(entry["missing_lines"])
    return any(end == line and start not in missing for start, end in entry["missing_branches"])


def _functions(entry: dict[str, Any]) -> Any:
    """A function from line numbers to names of functions."""
    starts = sorted(
        (found["start_line"], name) for name, found in entry.get("functions", {}).items() if name
    )

    def function_of(line: int) -> str:
        names = [name for start, name in starts if start <= line]
        return names[-1] if names else ""

    return function_of


def main() -> int:
    """Print what is not reached and not listed, and what is listed and reached; 1 if there is any."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=1, help="as many programs as the share has")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    arguments = parser.parse_args()
    reach = measure(arguments.times)
    if arguments.json:
        print(
            json.dumps({"emitters": reach.emitters, "branches": [vars(b) for b in reach.branches]})
        )
        return 0
    listed = expected()
    left_out = {op.mnemonic for op in OPS if op.family in ROUNDED_AS_ENGINES_LIKE}
    emitters = sorted(set(reach.emitters) ^ left_out)
    for name in emitters:
        print(
            f"left out, but a program has {name}" if name in left_out else f"no program has {name}"
        )
    new = [branch for branch in reach.branches if branch not in listed]
    for branch in new:
        print(f"not reached: {branch}")
    gone = sorted(listed - set(reach.branches))
    for branch in gone:
        print(f"listed, but reached or not there: {branch}")
    return 1 if emitters or new or gone else 0


if __name__ == "__main__":
    sys.exit(main())
