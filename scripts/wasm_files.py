"""WebAssembly modules wherever they are: files, texts, scripts, archives, and base64 inside JavaScript."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from pyjsapi.syntax.errors import ParseError
from pyjsapi.text import wat2wasm
from pyjsapi.wast.script import DefineModule, read_script

MAGIC: Final = b"\0asm\1\0\0\0"
_BASE64: Final = re.compile(rb"AGFzbQEAAA[A-Za-z0-9+/]{100,}={0,2}")
_ARCHIVES: Final = (".whl", ".zip", ".tgz", ".tar.gz")
_SCRIPTS: Final = (".js", ".mjs", ".cjs")


class Found(NamedTuple):
    """A module that was found. It is read again where it is used: there may be many and large ones."""

    name: str
    path: Path
    """The file that it is in."""
    size: int
    digest: str

    @staticmethod
    def of(name: str, path: Path, data: bytes) -> Found:
        """The module of these bytes."""
        return Found(name, path, len(data), hashlib.sha256(data).hexdigest())

    def read(self) -> bytes:
        """Its bytes. Raises `OSError` if they are no longer there."""
        for _, _, data in modules_of(self.path):
            if hashlib.sha256(data).hexdigest() == self.digest:
                return data
        raise OSError(f"{self.name} has changed")

    @property
    def package(self) -> str:
        """Name and version of the package that it is in, else the folder."""
        for folder in self.path.resolve().parents:
            manifest = folder / "package.json"
            if manifest.is_file():
                told = json.loads(manifest.read_text("utf-8"))
                if "name" in told and "version" in told:
                    return f"{told['name']} {told['version']}"
            if folder.parent.name == "site-packages":
                return folder.name
        return self.path.parent.name


def modules_of(path: Path) -> Iterator[tuple[str, Path, bytes]]:
    """Modules in a file, each with a name: what its suffix promises. Raises `OSError`, `ParseError`."""
    for name, data in _read(path):
        yield name, path, data


def _read(path: Path) -> Iterator[tuple[str, bytes]]:
    name = path.name
    if name.endswith(".wat"):
        yield name, wat2wasm(path.read_text(encoding="utf-8"))
    elif name.endswith(".wast"):
        yield from _modules_of_script(path)
    elif name.endswith(_ARCHIVES):
        for inner, data in _entries(path):
            yield from _modules_in(f"{name}:{inner}", data)
    else:
        yield from _modules_in(name, path.read_bytes())


def _modules_in(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    if data.startswith(MAGIC):
        yield name, data
    elif name.endswith(_SCRIPTS):
        for number, found in enumerate(_BASE64.finditer(data)):
            text = found[0].rstrip(b"=")
            try:
                decoded = base64.b64decode(text + b"=" * (-len(text) % 4))
            except binascii.Error:
                continue
            yield f"{name}#{number}", decoded


def _entries(path: Path) -> Iterator[tuple[str, bytes]]:
    """Files of an archive that may hold modules."""
    wanted = (".wasm", *_SCRIPTS)
    if path.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(wanted):
                    yield name, archive.read(name)
        return
    with tarfile.open(path) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.name.endswith(wanted) else None
            if file is not None:
                yield member.name, file.read()


def _modules_of_script(path: Path) -> Iterator[tuple[str, bytes]]:
    """The modules that a script of the specification defines."""
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    for form in read_script(text):
        try:
            command = form.parse()
            if not isinstance(command, DefineModule):
                continue
            data = command.module.encode()
        except ParseError:
            continue  # What a script asserts to be malformed is no module.
        yield f"{path.name}:{form.line}", data


def found_under(folder: Path) -> Iterator[tuple[str, Path, bytes]]:
    """Every binary module below a folder, once each, also in archives and in JavaScript."""
    seen: set[bytes] = set()
    suffixes = (".wasm", *_ARCHIVES, *_SCRIPTS)
    for path in sorted(folder.rglob("*")):
        if not path.name.endswith(suffixes) or not path.is_file() or path.is_symlink():
            continue
        try:
            modules = list(modules_of(path))
        except (OSError, zipfile.BadZipFile, tarfile.TarError):
            continue
        for name, _, data in modules:
            digest = hashlib.sha256(data).digest()
            if digest not in seen:
                seen.add(digest)
                yield f"{path.parent.relative_to(folder)}/{name}", path, data
