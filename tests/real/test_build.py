"""What was built is what the tests and the comparison page need."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from real.binary import summarize
from real.build import MANIFEST, OUT
from real.components import ROOT


def _module(manifest: dict[str, Any], file: str) -> dict[str, Any]:
    return next(entry for entry in manifest["modules"] if entry["file"] == file)


def test_adapters_have_a_memory_for_each_component(manifest: dict[str, Any]) -> None:
    for name in (
        "strings-utf8-utf8",
        "strings-utf8-utf16",
        "strings-utf16-utf8",
        "lists",
        "records",
    ):
        memories = [
            entry["memories"]
            for entry in manifest["modules"]
            if entry["file"].startswith(f"components/{name}/")
        ]
        assert max(memories) == 2


def test_merged_modules_keep_the_memory_of_each_library(manifest: dict[str, Any]) -> None:
    for name, members in manifest["merged"].items():
        with_memory = [m for m, names in members.items() if names.keys() & {"memory", "mem"}]
        memories = _module(manifest, f"libraries/{name}.wasm")["memories"]
        assert memories == len(with_memory) >= 2


def test_the_measured_modules_are_of_the_wanted_sizes(manifest: dict[str, Any]) -> None:
    sizes = sorted(entry["size"] for entry in manifest["bench"])
    assert 40_000 < sizes[0] < 60_000
    assert 600_000 < sizes[1] < 1_100_000


def test_every_listed_file_is_there(manifest: dict[str, Any]) -> None:
    for entry in manifest["modules"]:
        data = (OUT / entry["file"]).read_bytes()
        assert len(data) == entry["size"]
        assert summarize(data).memories == entry["memories"]
    for case in [*manifest["cases"], *manifest["bench"]]:
        for module in case["modules"].values():
            assert (OUT / module["file"]).is_file()


def test_building_again_changes_nothing(manifest: dict[str, Any]) -> None:
    before = MANIFEST.stat().st_mtime_ns
    command = [sys.executable, "-m", "real.build"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    assert MANIFEST.stat().st_mtime_ns == before
