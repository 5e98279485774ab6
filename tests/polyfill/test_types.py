"""The TypeScript types of polyfill/types: they hold together, and accept what they must."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = [
    "--noEmit",
    "--strict",
    "--target",
    "es2022",
    "--module",
    "nodenext",
    "--lib",
    "es2024,dom",
]


def test_the_types_hold_together_and_describe_the_namespaces() -> None:
    sources = sorted((ROOT / "polyfill" / "types").glob("*.d.ts"))
    sources += sorted((ROOT / "polyfill" / "test" / "types").glob("*.ts"))
    compiler = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
    command = ["node", str(compiler), *OPTIONS, *map(str, sources)]
    result = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
