"""All engines side by side: runs cases everywhere, and finds what differs."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import wasmtime

from fuzz import compare, verdicts
from fuzz.engines import javascript
from fuzz.engines.base import ROOT, ChildEngine, Observation
from fuzz.engines.face import EVERY, face
from fuzz.engines.lowered import Lowered
from fuzz.engines.modes import modes_of
from fuzz.engines.ours import Ours
from fuzz.engines.wasmtime_engine import wasmtime_engine
from fuzz.program import Case, Program
from pyjsapi.syntax.errors import WasmError

JAVASCRIPT: Final = ("node", "bun")
_DETAILS: Final = re.compile(r"\(.*?\)|[0-9a-f]{16}|-?\d+|\[.*")


@dataclass(frozen=True)
class Finding:
    """A difference between engines."""

    generator: str
    seed: int
    engine: str
    """What is wrong, or odd: ``ours/default ours/loops1``, ``bun``, ``generator``."""
    what: str

    @property
    def kind(self) -> str:
        """The same for findings that are probably of the same fault."""
        who = " ".join(sorted({name.partition("/")[0] for name in self.engine.split()}))
        return f"{self.generator} {who} {_DETAILS.sub('#', self.what)[:80]}"

    @property
    def command(self) -> str:
        """What repeats it."""
        return f"python -m fuzz --generator {self.generator} --seed {self.seed}"

    def __str__(self) -> str:
        return f"{self.generator} {self.seed} {self.engine}: {self.what}"


class Bench:
    """The engines, started when they are first needed."""

    def __init__(
        self,
        *,
        modes: Sequence[str] | None = None,
        oracles: Sequence[str] = ("wasmtime", "node", "bun"),
        pythons: Sequence[str | Path] = (sys.executable,),
        project: Path = ROOT,
        lowered: bool = True,
        on_face: bool = True,
    ) -> None:
        self._modes = tuple(modes) if modes else None
        self.wasmtime = wasmtime_engine() if "wasmtime" in oracles else None
        made = {"node": javascript.node, "bun": javascript.bun}
        engines = [make() for name, make in made.items() if name in oracles]
        self.javascript: list[ChildEngine] = [engine for engine in engines if engine is not None]
        self.face = face(project) if on_face else None
        self.answered: Counter[str] = Counter()
        """How many programs each other engine has run."""
        self.lowered = Lowered() if lowered else None
        self.ours = [Ours(_name_of(k), python, project) for k, python in enumerate(pythons)]

    def close(self) -> None:
        """End every child process."""
        for engine in (self.wasmtime, *self.javascript):
            if engine is not None:
                engine.close()
        for ours in self.ours:
            ours.close()
        if self.lowered is not None:
            self.lowered.close()
        if self.face is not None:
            self.face.close()

    def modes(self, seed: int) -> tuple[str, ...]:
        """The modes that a seed's program is run in."""
        return self._modes or modes_of(seed)

    def examine(
        self,
        cases: Sequence[Case],
        *,
        modes: Sequence[str] | None = None,
        quick: bool | str = False,
    ) -> list[Finding]:
        """Run every case everywhere; what differs.

        ``quick``: what hangs is stopped sooner, and of the slow engines, ``lowered`` and ``face``, only the one that is
        named here runs.
        """
        texts = [case for case in cases if case.program.kind == "text"]
        others = [case for case in cases if case.program.kind != "text"]
        return [*self._read(texts), *self._run(others, modes, quick)]

    def _read(self, cases: Sequence[Case]) -> list[Finding]:
        """Read texts that need not be well-formed."""
        findings = []
        texts = [str(case.program.source) for case in cases]
        for ours in self.ours:
            for case, text, answer in zip(cases, texts, ours.read(texts), strict=True):
                problem = verdicts.on_text(text, answer)
                if problem is not None:
                    findings.append(Finding(case.generator, case.seed, ours.name, problem))
        self.answered["wasmtime"] += len(cases)
        return findings

    def _run(
        self, cases: Sequence[Case], modes: Sequence[str] | None, quick: bool | str
    ) -> list[Finding]:
        findings = []
        good = []
        for case in cases:
            try:
                case.program.binary  # noqa: B018 (made now, so that a mistake is the generator's)
                good.append(case)
            except (wasmtime.WasmtimeError, WasmError) as error:
                findings.append(Finding(case.generator, case.seed, "generator", str(error)))
        seen = self.observe_oracles([case.program for case in good])
        kept = [k for k, answers in enumerate(seen) if not _too_long(answers)]
        good, seen = [good[k] for k in kept], [seen[k] for k in kept]
        for ours in self.ours:
            names = [modes or self.modes(case.seed) for case in good]
            answers = ours.run([case.program for case in good], names, quick=bool(quick))
            for found, by_mode in zip(seen, answers, strict=True):
                found |= {f"{ours.name}/{mode}": answer for mode, answer in by_mode.items()}
        if quick in (False, "lowered"):
            self._observe_lowered([case.program for case in good], seen)
        if quick in (False, "face"):
            self._observe_face(good, seen, every=EVERY if quick is False else 1)
        for case, found in zip(good, seen, strict=True):
            for name in ("wasmtime", *JAVASCRIPT, "lowered", "face"):
                if name in found and found[name]["end"] == "ran":
                    self.answered[name] += 1
            findings += [
                Finding(case.generator, case.seed, engine, what)
                for engine, what in judge(case.program, found)
            ]
        return findings

    def _observe_face(
        self, cases: Sequence[Case], seen: list[dict[str, Observation]], *, every: int
    ) -> None:
        """Add what a share of the programs do on the JavaScript face; those that surely end."""
        if self.face is None:
            return
        chosen = [
            k
            for k, case in enumerate(cases)
            if case.seed % every == 0
            and not case.program.features & self.face.lacks
            and (case.program.ends or "wasmtime" in seen[k])
        ]
        answers = self.face.run([cases[k].program for k in chosen])
        for k, answer in zip(chosen, answers, strict=True):
            seen[k]["face"] = answer

    def _observe_lowered(
        self, programs: Sequence[Program], seen: list[dict[str, Observation]]
    ) -> None:
        """Add what lowered forms do, of programs of several memories and nothing that is new to engines."""
        if self.lowered is None:
            return
        chosen = [k for k, program in enumerate(programs) if program.lowered]
        for k, answer in zip(chosen, self.lowered.run([programs[k] for k in chosen]), strict=True):
            seen[k]["lowered"] = answer

    def observe_oracles(self, programs: Sequence[Program]) -> list[dict[str, Observation]]:
        """What the engines that have what a program needs see of it, by engine."""
        found: list[dict[str, Observation]] = [{} for _ in programs]
        for engine in (self.wasmtime, *self.javascript):
            if engine is None:
                continue
            fitting = [
                k
                for k, program in enumerate(programs)
                if not program.features & engine.lacks
                and (program.ends or engine is self.wasmtime or "wasmtime" in found[k])
                and not _too_long(found[k])
            ]
            for k, answer in zip(fitting, engine.run([programs[k] for k in fitting]), strict=True):
                found[k][engine.name] = answer
        return found


def judge(program: Program, seen: dict[str, Observation]) -> list[tuple[str, str]]:
    """Who sees something else than the first of the engines, and what."""
    if not seen:
        return []
    if program.kind == "mutant":
        verdict = _verdict(program, seen)
        if verdict is not None:
            return [verdict]
        seen = {name: answer for name, answer in seen.items() if answer["end"] == "ran"}
        if len(seen) < 2:
            return []
    # The first that came through is right until others say something else.
    names = sorted(seen, key=lambda name: seen[name]["end"] in ("crashes", "hangs", "refused"))
    right = seen[names[0]]
    found: dict[str, list[str]] = {}
    for name, answer in seen.items():
        for what in answer.get("unproved", ()):
            found.setdefault(f"not proved: {what}", []).append(name)
    for name in names[1:]:
        if seen[name]["end"] == "skipped":
            continue
        if name in JAVASCRIPT and seen[name]["end"] == "refused":
            # It has not what the program needs; how often that is so, the progress tells.
            continue
        strict = names[0] == "wasmtime" and name.startswith(("ours", "face"))
        found_here = compare.differences(program, right, seen[name], strict=strict)
        different = next(found_here, None)
        if different is not None:
            found.setdefault(different, []).append(name)
    # A lowered module is another one, with places of its own.
    telling = [name for name in names if name != "lowered" and compare.tells_places(seen[name])]
    telling.sort(key=lambda name: name not in JAVASCRIPT)
    for name in telling[1:]:
        different = compare.misplaced(program, seen[telling[0]], seen[name])
        if different is not None:
            found.setdefault(different, []).append(name)
    return [(" ".join(who), what) for what, who in found.items()]


def _verdict(program: Program, seen: dict[str, Observation]) -> tuple[str, str] | None:
    """Whether pyjsapi takes a mutated binary for valid as others do; in all modes it is the same."""
    name = next((name for name in seen if name.startswith("ours")), None)
    if name is None:
        return None
    problem = verdicts.on_binary(program.binary, seen.get("wasmtime"), seen[name])
    return None if problem is None else (name, problem)


def _too_long(answers: dict[str, Observation]) -> bool:
    return any(answer["end"] == "skipped" for answer in answers.values())


def _name_of(index: int) -> str:
    return "ours" if index == 0 else f"ours{index + 1}"
