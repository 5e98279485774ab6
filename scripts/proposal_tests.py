#!/usr/bin/env python3
"""Run the scripts of all proposals, for docs/features.md: what passes is kept, and ``make generate`` reads it.

``scripts/proposal_tests.py CHECKOUT``: of https://github.com/WebAssembly/testsuite, which is no part of this project.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from common import Failure, main_guard, say
from generators.features import RESULTS, scripts_of

from pyjsapi.cli.proposals import PROPOSALS
from pyjsapi.syntax.features import Features
from pyjsapi.wast import run_script


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--commit", help="of the checkout, where it is no repository of git")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    paths = sorted(
        path.relative_to(options.checkout).as_posix() for path in options.checkout.rglob("*.wast")
    )
    if not paths:
        raise Failure(f"{options.checkout} has no scripts")
    wanted = sorted({path for proposal in PROPOSALS for path in scripts_of(proposal, paths)})
    fields = {path: one.field for one in PROPOSALS for path in scripts_of(one, paths) if one.field}
    found = {}
    for path in wanted:
        asked = {fields[path]: True} if path in fields else {}
        result = run_script(options.checkout / path, features=Features(**asked))
        found[path] = [result.passed, result.assertions]
    results = {"commit": options.commit or _commit(options.checkout), "scripts": found}
    options.output.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    say(f"{len(wanted)} scripts; now: make generate")
    return 0


def _commit(checkout: Path) -> str:
    command = ["git", "-C", str(checkout), "rev-parse", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Failure(f"{checkout} is no repository of git: say --commit")
    return done.stdout.strip()


if __name__ == "__main__":
    main_guard(main)
