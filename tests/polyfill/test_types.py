"""The TypeScript types of polyfill/types: they hold together, and accept what they must, in pages and in Node."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = (
    "--noEmit --strict --skipLibCheck false --target es2022 --module nodenext --types node --lib"
)


@pytest.mark.parametrize(("place", "libraries"), [("dom", "es2024,dom"), ("node", "es2022")])
def test_the_types_hold_together_and_describe_the_namespaces(place: str, libraries: str) -> None:
    sources = sorted((ROOT / "polyfill" / "types").glob("*.d.ts"))
    if place == "node":
        sources.remove(ROOT / "polyfill" / "types" / "element.d.ts")  # Elements are in pages alone.
    sources += sorted((ROOT / "polyfill" / "test" / "types" / place).glob("*.ts"))
    compiler = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
    command = ["node", str(compiler), *OPTIONS.split(), libraries, *map(str, sources)]
    result = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
