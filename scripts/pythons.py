"""The Pythons that are installed, on the path or by pyenv: the one place that looks for them.

``python scripts/pythons.py 3.13`` prints the path of one, for whoever cannot import this file; the exit code is 1 where
there is none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_PROBE = "import ensurepip, sys; print('%d.%d' % sys.version_info[:2])"
"""What it must run: it can make virtual environments."""


def find(version: str) -> Path | None:
    """A Python of a version such as "3.13", the running one if that is it; ``None`` where there is none."""
    return next((path for path in _candidates(version) if _version(path) == version), None)


def _candidates(version: str) -> Iterator[Path]:
    if version == "{}.{}".format(*sys.version_info[:2]):
        yield Path(sys.executable)
    on_path = shutil.which(f"python{version}")
    if on_path is not None:
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True)


def _version(python: Path) -> str | None:
    # What pyenv puts on the path fails for versions that are not switched on.
    try:
        answer = subprocess.run([python, "-c", _PROBE], capture_output=True, text=True)
    except OSError:
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


if __name__ == "__main__":
    found = find(sys.argv[1])
    if found is None:
        sys.exit(1)
    print(found)
