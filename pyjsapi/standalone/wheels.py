"""Wheels with a module of WebAssembly as a package."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from typing import Final

import pyjsapi
from pyjsapi.jsapi.module import Module
from pyjsapi.standalone.python_module import is_command
from pyjsapi.standalone.rooms import carried, copy_name
from pyjsapi.standalone.stubs import stub
from pyjsapi.standalone.writing import LICENSE, NONE, WASM, Surroundings, package_source

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The time of files: the same input gives the same bytes."""
_MAIN: Final = '''\
"""Runs the program."""

from . import main

raise SystemExit(main())
'''


def wheel(
    module: Module, name: str, version: str, given: Surroundings = NONE, *, thin: bool = False
) -> bytes:
    """A pure wheel with the module as a package of that name; ``thin`` is one that depends on pyjsapi.

    Raises `NoSources`.
    """
    command = is_command(module)
    files = {
        f"{name}/__init__.py": package_source(module, name, given, thin=thin).encode(),
        f"{name}/__init__.pyi": stub(module).encode(),
        f"{name}/py.typed": b"",
        f"{name}/{WASM}": module._compiled.data,
    }
    if command:
        files[f"{name}/__main__.py"] = _MAIN.encode()
    if not thin:
        copy = f"{name}/{copy_name()}"
        files |= {f"{copy}/{path}": data for path, data in carried(module).items()}
        files[f"{copy}/LICENSE"] = LICENSE.encode()
    info = f"{name}-{version}.dist-info"
    files[f"{info}/METADATA"] = _metadata(name, version, thin=thin).encode()
    files[f"{info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: pyjsapi {pyjsapi.__version__}\n"
        "Root-Is-Purelib: true\nTag: py3-none-any\n"
    ).encode()
    if command:
        files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{name} = {name}:main\n".encode()
    record = [f"{path},{_hashed(data)}\n" for path, data in files.items()]
    files[f"{info}/RECORD"] = "".join([*record, f"{info}/RECORD,,\n"]).encode()
    return _archive(files)


def _metadata(name: str, version: str, *, thin: bool) -> str:
    return (
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        "Summary: A WebAssembly module\nRequires-Python: >=3.11\n"
    ) + (f"Requires-Dist: pyjsapi>={pyjsapi.__version__}\n" if thin else "")


def _archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _hashed(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={digest},{len(data)}"
