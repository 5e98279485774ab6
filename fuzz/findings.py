"""Where the findings of a campaign, and how far it came, are kept: ``build/fuzz/``."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from fuzz.bench import Finding
from fuzz.engines.base import ROOT

FOLDER: Final = ROOT / "build" / "fuzz"


def compiler_digest(project: Path) -> str:
    """Text that is the same as long as nothing in the compiler changes: counts add up while it does not."""
    folder = project / "pyjsapi" / "compiler"
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@dataclass
class Progress:
    """How far a generator came with one state of the compiler."""

    next_seed: int = 0
    programs: int = 0
    findings: int = 0
    seconds: float = 0.0
    """Of the workers."""
    answered: dict[str, int] = field(default_factory=dict)
    """How many programs other engines have run."""

    @property
    def rate(self) -> float:
        """Programs per second and worker."""
        return self.programs / self.seconds if self.seconds else 0.0


@dataclass
class State:
    """What is kept between runs."""

    compiler: str
    generators: dict[str, Progress] = field(default_factory=dict)

    @classmethod
    def load(cls, compiler: str, folder: Path = FOLDER) -> State:
        """The state of the last run; a new one where the compiler has changed, which goes on with the seeds."""
        path = folder / "state.json"
        state = cls(compiler)
        if not path.is_file():
            return state
        data = json.loads(path.read_text(encoding="utf-8"))
        same = data["compiler"] == state.compiler
        for name, progress in data["generators"].items():
            state.generators[name] = (
                Progress(**progress) if same else Progress(next_seed=progress["next_seed"])
            )
        return state

    def of(self, generator: str) -> Progress:
        """The progress of a generator."""
        return self.generators.setdefault(generator, Progress())

    def save(self, folder: Path = FOLDER) -> None:
        """Write it, whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        new = folder / "state.json.new"
        new.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        new.replace(folder / "state.json")


def record(findings: list[Finding], compiler: str, folder: Path = FOLDER) -> None:
    """Add findings to ``findings.jsonl``."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "findings.jsonl").open("a", encoding="utf-8") as handle:
        for finding in findings:
            handle.write(json.dumps({**asdict(finding), "compiler": compiler}) + "\n")
