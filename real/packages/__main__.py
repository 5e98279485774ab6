"""``python -m real.packages``: installs the packages, runs their drivers on both, and says what differs."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from real.commands.playing import difference
from real.packages.packages import compared, drivers, install


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m real.packages", description=__doc__)
    parser.add_argument("--install", action="store_true", help="install them, and that is all")
    parser.add_argument("names", nargs="*", help=f"some of {', '.join(drivers())}")
    options = parser.parse_args()
    install()
    failed = False
    for name in () if options.install else options.names or drivers():
        with tempfile.TemporaryDirectory() as place:
            wrong = difference(*compared(name, Path(place)))
        print(f"{name}: {wrong or 'same'}", flush=True)
        failed = failed or bool(wrong)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
