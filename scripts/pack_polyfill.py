"""Pack the JavaScript package as npm installs it: `build/npm/pyjsapi-polyfill-VERSION.tgz`.

    python scripts/pack_polyfill.py

Nothing is done when no file of the package changed.
"""

from __future__ import annotations

import json
import shutil
import subprocess

from common import BUILD, ROOT, Failure, locked, main_guard, run, say
from stamps import Stamp

PACKAGE = ROOT / "polyfill"
FOLDER = BUILD / "npm"


def main() -> int:
    version = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))["version"]
    with locked("npm"):
        stamp = Stamp(
            "npm",
            files=sorted(path for path in PACKAGE.rglob("*") if path.is_file()),
            outputs=[FOLDER / f"pyjsapi-polyfill-{version}.tgz"],
        )
        if stamp.current():
            return 0
        say("packing the JavaScript package (build/npm)")
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        try:
            run(["npm", "pack", "--pack-destination", FOLDER], quiet=True, cwd=PACKAGE)
        except subprocess.CalledProcessError as error:
            raise Failure(f"`npm pack` failed (exit {error.returncode})") from error
        stamp.write()
    return 0


if __name__ == "__main__":
    main_guard(main)
