#!/usr/bin/env python3
"""Make every generated file of the project; `--check` only tells whether they are what would be made.

The Python that runs this must have pyjsapi and its development tools: ``make generate`` does.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from common import ROOT, Failure, main_guard, say
from generators import bindings, bundle, features, helpers, instructions


@dataclass(frozen=True)
class Generated:
    """A generated file."""

    target: str
    source: str
    """What it is made from: that is what to edit."""
    make: Callable[[], str]
    """The text, without the line that says where it comes from."""


GENERATED: Final = (
    Generated(
        "polyfill/lowered/instructions.gen.mjs",
        "pyjsapi/syntax/instructions.py",
        instructions.generate,
    ),
    Generated(
        "polyfill/python/helpers.gen.mjs",
        "scripts/generators/templates/link*",
        helpers.generate,
    ),
    Generated(
        "polyfill/python/bindings.gen.mjs",
        "polyfill/python/webassembly.idl",
        bindings.javascript,
    ),
    Generated(
        "polyfill/types/webassembly.gen.d.ts",
        "polyfill/python/webassembly.idl",
        bindings.typescript,
    ),
    Generated(
        "polyfill/lowered/worker-text.gen.mjs",
        "polyfill/lowered/lowering-worker.mjs",
        bundle.worker,
    ),
    Generated(
        "pyjsapi/cli/proposal_tests_gen.py",
        "scripts/generators/proposal_tests.json and docs/conformance.md",
        features.python,
    ),
    Generated("docs/features.md", "pyjsapi/cli/proposals.py", features.page),
    # After the others: it has some of them inside.
    Generated(
        "pyjsapi/bridge/javascript_gen.py",
        "polyfill/python/workers/connection.mjs",
        bundle.generate,
    ),
    Generated(
        "pyjsapi/bridge/engine/javascript_gen.py",
        "polyfill/python/engine/engine.mjs",
        bundle.engine,
    ),
)


def text_of(generated: Generated) -> str:
    """The text of a generated file, formatted as the check of the others wants it."""
    said = f"Made by `make generate` from {generated.source}: not edited by hand."
    ending = generated.target.rpartition(".")[2]
    if ending == "md":
        return f"<!-- {said} -->\n\n{generated.make()}"
    text = f"{'#' if ending == 'py' else '//'} {said}\n{generated.make()}"
    return text if ending == "py" else formatted(text, generated.target)


def formatted(text: str, name: str) -> str:
    """The text as Biome formats a file of that name."""
    biome = ROOT / "node_modules" / ".bin" / "biome"
    try:
        done = subprocess.run(
            [biome, "format", f"--stdin-file-path={name}"],
            cwd=ROOT,
            input=text,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
    except FileNotFoundError as error:
        raise Failure("node_modules has no Biome: run `make setup` first") from error
    if done.returncode != 0:
        raise Failure(f"{name} cannot be formatted: {done.stderr.strip()}")
    return done.stdout


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args(arguments)
    stale = []
    for generated in GENERATED:
        path = ROOT / generated.target
        text = text_of(generated)
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        if options.check:
            stale.append(generated.target)
        else:
            path.write_text(text, encoding="utf-8")
            say(f"wrote {generated.target}")
    if stale:
        print(f"not current: {', '.join(stale)}; run `make generate`", file=sys.stderr)
    return int(bool(stale))


if __name__ == "__main__":
    main_guard(main)
