"""Compile the modules of a wheel to bytecode of the Python that runs this, as `pyodide py-compile` does.

    python scripts/compile_wheel.py WHEEL FOLDER

The wheel in the folder has `x.pyc` in place of `x.py`, everything else as it was, and a name that says for which
Python it is; the same input gives the same bytes. `compile_wheel.mjs` runs this inside Pyodide: bytecode serves
only the Python that made it, and no other may be there that is of Pyodide's version.
"""

from __future__ import annotations

import py_compile
import sys
import tempfile
import zipfile
from pathlib import Path


def compiled_name(wheel: str, version: tuple[int, int]) -> str:
    """The name of a compiled wheel: `x-1.0-py3-none-any.whl` becomes `x-1.0-cp314-none-any.whl`."""
    parts = wheel.removesuffix(".whl").split("-")
    if len(parts) != 5:
        raise ValueError(f"{wheel} is no name of a wheel without a build tag")
    name, release, _, abi, platform = parts
    return f"{name}-{release}-cp{version[0]}{version[1]}-{abi}-{platform}.whl"


def compile_wheel(wheel: Path, folder: Path) -> Path:
    """Write the compiled wheel into a folder; returns its path. Raises `py_compile.PyCompileError`."""
    target = folder / compiled_name(wheel.name, sys.version_info[:2])
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(target, "w") as out:
        for info in source.infolist():
            if info.filename.endswith(".pyc"):
                continue
            data = source.read(info)
            compiled = info.filename.endswith(".py")
            new = zipfile.ZipInfo(info.filename + "c" * compiled, info.date_time)
            new.external_attr = info.external_attr
            if compiled:
                data = _bytecode(data, info.filename)
            out.writestr(new, data, zipfile.ZIP_DEFLATED, 6)
    return target


def _bytecode(source: bytes, name: str) -> bytes:
    """A module's source as the content of a `.pyc` file."""
    with tempfile.TemporaryDirectory() as folder:
        module, out = Path(folder, "module.py"), Path(folder, "module.pyc")
        module.write_bytes(source)
        # A hash in place of a time: the same source gives the same file.
        mode = py_compile.PycInvalidationMode.CHECKED_HASH
        py_compile.compile(str(module), str(out), name, doraise=True, invalidation_mode=mode)
        return out.read_bytes()


def main() -> int:
    if len(sys.argv) != 3:
        print(f"usage: {Path(sys.argv[0]).name} WHEEL FOLDER", file=sys.stderr)
        return 2
    print(compile_wheel(Path(sys.argv[1]), Path(sys.argv[2])).name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
