"""Generated programs that are interrupted by a snapshot end as those that are not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from fuzz import pythons
from fuzz.engines.base import ROOT
from fuzz.engines.harness import Run
from fuzz.engines.modes import modes_of
from fuzz.engines.ours_child import Modules
from fuzz.engines.resumed import FirstPart, SecondPart, joined
from fuzz.generators import make
from pyjsapi.snapshots import Snapshot, SnapshotError

GENERATORS = (
    "aliasing", "atomics", "blocks", "corners", "gc", "handlers", "memories", "segments",
    "tables", "tails", "vectors",
)  # fmt: skip
SEEDS = 4


def _plain(seen: Any) -> Any:
    return json.loads(json.dumps(seen))


def _check(name: str, seed: int, mode: str, path: Path | None = None) -> str:
    """Compare a program in two parts with the whole; how it went."""
    made = make(name, seed).program
    if not made.ends:
        return "may not end"
    program = made.json()
    modules = Modules()

    def module_of(data: bytes) -> Any:
        return modules.module(data, mode)

    whole = Run(program, module_of).observe()
    first = FirstPart(program, module_of, len(program["calls"]) // 2)
    seen = first.observe()
    if first.instance is None:
        return "no instance"
    try:
        taken, rest = first.take()
    except SnapshotError as error:
        return f"refused: {error}"
    again = Snapshot.from_bytes(taken.to_bytes(level=seed % 3))
    assert _plain(joined(seen, SecondPart(again, rest, module_of).observe())) == _plain(whole)
    if path is not None:
        again.save(path)
        path.with_suffix(".json").write_text(json.dumps([rest, seen, whole]))
    return "same"


@pytest.mark.parametrize("name", GENERATORS)
def test_the_second_half_goes_on_from_a_snapshot_of_the_first(name: str) -> None:
    counts: Counter[str] = Counter()
    for seed in range(SEEDS):
        for mode in modes_of(seed):
            if mode != "guarded":
                counts[_check(name, seed, mode).partition(":")[0]] += 1
    assert counts["same"] > max(3, counts["refused"]), counts


@pytest.mark.long
@pytest.mark.parametrize("version", [pythons.own(), "3.12", "3.13"])
def test_snapshots_are_read_by_other_processes_and_pythons(tmp_path: Path, version: str) -> None:
    python = sys.executable if version == pythons.own() else pythons.find(version)
    if python is None:
        pytest.skip(f"no Python {version} is installed")
    for name in ("gc", "memories", "segments", "tables", "vectors"):
        path = tmp_path / f"{name}.snap"
        assert _check(name, 1, "default", path) == "same"
        rest, seen, whole = json.loads(path.with_suffix(".json").read_text())
        done = subprocess.run(
            [python, "-m", "fuzz.engines.resumed", path],
            input=json.dumps(rest),
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert joined(seen, json.loads(done.stdout)) == whole
