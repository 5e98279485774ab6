"""``python -m pyjsapi.wast FILE…``: run scripts, or all scripts in folders; ``-`` is standard input."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from pyjsapi.syntax.watching import watched
from pyjsapi.text.lexer import decode_source
from pyjsapi.wast.report import find_scripts, table
from pyjsapi.wast.runner import run_script, run_text

_STANDARD: Final = "-"
_NO_INPUT: Final = 66
"""A file cannot be read: see `cli.exits`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run scripts and print failures and a table, or with ``--json`` first what became of each script.

    The exit code: 0 all well, 1 failures, 2 wrong usage, 66 a file that cannot be read, or a folder without scripts.
    """
    argv = list(sys.argv[1:] if arguments is None else arguments)
    as_json = argv[:1] == ["--json"]
    argv = argv[as_json:]
    if not argv or (argv[0].startswith("-") and argv[0] != _STANDARD):
        print("usage: python -m pyjsapi.wast [--json] FILE_OR_FOLDER...", file=sys.stderr)
        return 2
    scripts = find_scripts(map(Path, argv))
    if not scripts:
        print(f"pyjsapi: no scripts (*.wast) in {', '.join(argv)}", file=sys.stderr)
        return _NO_INPUT
    results = []
    for path in watched("scripts run", scripts):
        try:
            if str(path) == _STANDARD:
                result = run_text(decode_source(sys.stdin.buffer.read()), _STANDARD)
            else:
                result = run_script(path)
        except OSError as error:
            print(f"pyjsapi: cannot read {path}: {error.strerror}", file=sys.stderr)
            return _NO_INPUT
        for failure in result.failures if not as_json else ():
            print(f"{path}:{failure.line}: {failure.keyword}: {failure.reason}")
        results.append(result)
    print(
        json.dumps([asdict(result) for result in results], indent=2) if as_json else table(results)
    )
    return 1 if any(result.failures for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
