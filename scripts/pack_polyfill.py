"""Pack the JavaScript package as npm installs it: `build/npm/pyjsapi-polyfill-VERSION.tgz`.

    python scripts/pack_polyfill.py

It carries the wheel of this checkout, which scripts/build_pyodide.py has made. Nothing is done when no file changed.
"""

from __future__ import annotations

import json
import shutil
import subprocess

from common import BUILD, ROOT, Failure, locked, main_guard, run, say
from stamps import Stamp

PACKAGE = ROOT / "polyfill"
FOLDER = BUILD / "npm"
WHEELS = BUILD / "wheel"


def main() -> int:
    version = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))["version"]
    wheels = list(WHEELS.glob("*.whl"))
    if len(wheels) != 1:
        raise Failure("build/wheel does not have the wheel: run scripts/build_pyodide.py first")
    with locked("npm"):
        stamp = Stamp(
            "npm",
            files=[*sorted(path for path in PACKAGE.rglob("*") if path.is_file()), *wheels],
            outputs=[FOLDER / f"pyjsapi-polyfill-{version}.tgz"],
        )
        if stamp.current():
            return 0
        say("packing the JavaScript package (build/npm)")
        shutil.rmtree(FOLDER, ignore_errors=True)
        whole = FOLDER / "whole"
        shutil.copytree(PACKAGE, whole)
        shutil.copy(wheels[0], whole / "pyjsapi.whl")
        try:
            run(["npm", "pack", "--pack-destination", FOLDER], quiet=True, cwd=whole)
        except subprocess.CalledProcessError as error:
            raise Failure(f"`npm pack` failed (exit {error.returncode})") from error
        shutil.rmtree(whole)
        stamp.write()
    return 0


if __name__ == "__main__":
    main_guard(main)
