"""``python -m pyjsapi.wast FILE…``: run scripts, or all scripts in folders; ``-`` is standard input."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pyjsapi.syntax.watching import watched
from pyjsapi.text.lexer import decode_source
from pyjsapi.wast.report import find_scripts, table
from pyjsapi.wast.runner import run_script, run_text

_STANDARD: Final = "-"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run scripts and print failures and a table.

    The exit code: 0 all well, 1 failures, or a file that cannot be read, 2 wrong usage.
    """
    argv = list(sys.argv[1:] if arguments is None else arguments)
    if not argv or (argv[0].startswith("-") and argv[0] != _STANDARD):
        print("usage: python -m pyjsapi.wast FILE_OR_FOLDER...", file=sys.stderr)
        return 2
    results = []
    for path in watched("scripts run", find_scripts(map(Path, argv))):
        try:
            if str(path) == _STANDARD:
                result = run_text(decode_source(sys.stdin.buffer.read()), _STANDARD)
            else:
                result = run_script(path)
        except OSError as error:
            print(f"pyjsapi: cannot read {path}: {error.strerror}", file=sys.stderr)
            return 1
        for failure in result.failures:
            print(f"{path}:{failure.line}: {failure.keyword}: {failure.reason}")
        results.append(result)
    print(table(results))
    return 1 if any(result.failures for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
