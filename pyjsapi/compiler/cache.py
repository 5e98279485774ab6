"""Translated code kept between processes, like Python's own ``__pycache__``.

One file per module, settings, options and engine: its name is a hash of all of them. That a file exists also
says that the module is valid: large modules get one when they are validated. Code objects are stored with `marshal`,
which must never read what somebody else wrote, so the folder must belong to the user and be closed to everybody else;
otherwise there is no cache.

The environment variable ``PYJSAPI_CACHE`` names the folder, or switches the cache off with ``0``. Without it the
folder is ``pyjsapi`` in the user's cache folder; in Pyodide, which keeps no files, the cache is off. `cache_space`
says how much is kept.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import hashlib
import marshal
import os
import stat
import sys
import threading
import weakref
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from pyjsapi.compiler.cache_space import PART_SUFFIX, SUFFIX, most_bytes, trim, used
from pyjsapi.compiler.function import FunctionCode
from pyjsapi.compiler.options import Options
from pyjsapi.embedding.settings import Settings

VARIABLE: Final = "PYJSAPI_CACHE"

_MAGIC: Final = b"pyjsapi code cache 2\n"
_ENGINE_FOLDERS: Final = ("syntax", "binary", "validation", "embedding", "runtime", "compiler")
_SAVE_EVERY: Final = 256
"""Newly translated functions after which they are written, at the least."""
_SAVE_SHARE: Final = 4
"""Likewise the part of all functions: what is there already is written again."""
_SMALLEST_MODULE: Final = 4096
"""Bytes of a module below which translating again is as fast as a file."""
_LARGE_MODULE: Final = 1 << 16
"""Bytes of a module from which on it is worth a file that it is valid, also if none of it ever runs."""

_Codes = dict[int, FunctionCode]


@contextlib.contextmanager
def collector_off() -> Iterator[None]:
    """Keep the garbage collector from looking at many new objects that are all going to stay."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class CodeCache:
    """The code of one module on disk. This class keeps nothing; see `FileCache`."""

    known_valid = False
    """Whether the module was validated before, by this engine with the same features and limits."""

    def load(self, variant: str) -> _Codes:
        """Code by function index, for a variant's key."""
        return {}

    def added(self, variant: str, codes: _Codes) -> None:
        """A function was translated; ``codes`` are all of its variant."""

    def save(self, variant: str, codes: _Codes) -> None:
        """Write the code now."""

    def validated(self) -> None:
        """The module was found valid."""


class FileCache(CodeCache):
    """The cache file of one module. Failures to read or write only cost time."""

    def __init__(self, path: Path, *, large: bool = False) -> None:
        self.path = path
        """Where the file is, or will be."""
        self._large = large
        self._unsaved = 0
        self._variants: dict[str, _Codes] = {}
        self.known_valid = _content(path) is not None
        if self.known_valid:
            used(path)
        _open_caches.add(self)

    def __del__(self) -> None:
        self.flush()

    def validated(self) -> None:
        """Keep that the module is valid: at once if it is large, else with its first code."""
        if not self.known_valid:
            self._unsaved += 1
            if self._large:
                self.flush()

    def load(self, variant: str) -> _Codes:
        """Code by function index, for a variant's key."""
        stored = (_read(self.path) or {}) if self.known_valid else {}
        codes = {index: FunctionCode(*parts) for index, parts in stored.get(variant, {}).items()}
        self._variants[variant] = codes
        return codes

    def added(self, variant: str, codes: _Codes) -> None:
        """Count a translated function; write when there are many."""
        self._variants[variant] = codes
        self._unsaved += 1
        if self._unsaved >= max(_SAVE_EVERY, len(codes) // _SAVE_SHARE):
            self.flush()

    def save(self, variant: str, codes: _Codes) -> None:
        """Write the code now, if any of it is new."""
        self._variants[variant] = codes
        self.flush()

    def flush(self) -> None:
        """Write what was translated since the last time, together with what is stored already."""
        if not self._unsaved:
            return
        self._unsaved = 0
        stored = _read(self.path) or {}
        # Copies: other threads may be translating.
        for variant, codes in self._variants.copy().items():
            stored.setdefault(variant, {}).update(
                {
                    index: (c.code, c.body, c.signatures, c.accessors)
                    for index, c in codes.copy().items()
                }
            )
        _write(self.path, stored)


_open_caches: weakref.WeakSet[FileCache] = weakref.WeakSet()


@atexit.register
def _flush_all() -> None:
    for opened in list(_open_caches):
        opened.flush()


def _content(path: Path) -> memoryview | None:
    """What a file holds; ``None`` if there is none, or one that is damaged or somebody else's."""
    try:
        with open(path, "rb") as file:
            if not _is_private(os.fstat(file.fileno())):
                return None
            data = file.read()
    except (OSError, MemoryError):
        return None
    digest_end = len(_MAGIC) + hashlib.sha256().digest_size
    content = memoryview(data)[digest_end:]
    return content if data[:digest_end] == _MAGIC + hashlib.sha256(content).digest() else None


def _read(path: Path) -> dict[str, dict[int, Any]] | None:
    """The parts of functions' code in a file, by variant and function index."""
    content = _content(path)
    if content is None:
        return None
    try:
        with collector_off():
            stored = marshal.loads(content)
    except (EOFError, ValueError, TypeError, MemoryError):
        return None
    return stored if isinstance(stored, dict) else None


def _write(path: Path, stored: dict[str, dict[int, Any]]) -> None:
    content = marshal.dumps(stored)
    if len(content) > most_bytes():
        return
    part = path.with_name(f"{path.stem}.{os.getpid()}.{threading.get_ident()}{PART_SUFFIX}")
    # An opener of C: no descriptor is left where a thread ends between two steps.
    written = False
    try:
        with open(part, "xb", opener=partial(os.open, mode=0o600)) as file:
            file.write(_MAGIC + hashlib.sha256(content).digest())
            file.write(content)
        os.replace(part, path)
        written = True
    except OSError:
        pass
    finally:
        if not written:
            with contextlib.suppress(OSError):
                os.unlink(part)
    if written:
        trim(path.parent, path)


def open_cache(data: bytes, settings: Settings, options: Options) -> CodeCache:
    """The user's cache for a module; one that keeps nothing where there is no safe folder."""
    path = cache_path(data, hashlib.sha256(data), settings, options)
    return CodeCache() if path is None else cache_at(path, data)


def cache_at(path: Path, data: bytes) -> FileCache:
    """The cache of a module in a file."""
    return FileCache(path, large=len(data) >= _LARGE_MODULE)


def cache_path(
    data: bytes, digest: hashlib._Hash, settings: Settings, options: Options
) -> Path | None:
    """The place of a module's file, if it is to have one; ``digest`` is the SHA-256 of ``data``."""
    if len(data) < _SMALLEST_MODULE:
        return None
    folder = cache_folder()
    version = engine_version()
    if folder is None or version is None:
        return None
    hasher = digest.copy()
    # No code depends on how deep calls may go, nor on how much it may do: that it pays or counts is in a variant's key.
    limits = replace(settings.limits, call_depth=0, fuel=None, deadline=None, max_host_calls=None)
    settings = replace(settings, limits=limits)
    for part in (version, sys.implementation.cache_tag, settings, options.key):
        hasher.update(f"\0{part}".encode())
    return folder / (hasher.hexdigest() + SUFFIX)


def cache_folder() -> Path | None:
    """The folder of the cache, made if need be; ``None`` if it is off or not safe."""
    setting = os.environ.get(VARIABLE)
    if setting == "0" or sys.platform == "emscripten":
        return None
    try:
        folder = Path(setting) if setting else _user_folder()
        if folder is None:
            return None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder if _is_private(folder.lstat(), folder=True) else None
    except (OSError, RuntimeError):
        return None


def _user_folder() -> Path | None:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local) / "pyjsapi" / "cache" if local else None
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "pyjsapi"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "pyjsapi"


def _is_private(status: os.stat_result, *, folder: bool = False) -> bool:
    """Whether only the user can write a file, or only the user can use a folder (which is no link)."""
    if folder and not stat.S_ISDIR(status.st_mode):
        return False
    if not hasattr(os, "getuid"):
        return True  # Windows: folders in the user's profile are private.
    others = 0o077 if folder else 0o022
    return status.st_uid == os.getuid() and not status.st_mode & others


@cache
def engine_version() -> str | None:
    """A hash of the modules that decide what code looks like; ``None`` where they cannot be read."""
    hasher = hashlib.sha256()
    count = 0
    try:
        for name, path in _engine_modules():
            hasher.update(name.encode())
            hasher.update(path.read_bytes())
            count += 1
    except OSError:
        return None
    return hasher.hexdigest() if count else None


def _engine_modules() -> Iterator[tuple[str, Path]]:
    """The modules' files, with their names in the package: sources, or bytecode where there is nothing else."""
    package = Path(__file__).parents[1]
    for folder in _ENGINE_FOLDERS:
        for path in sorted((package / folder).rglob(f"*{Path(__file__).suffix}")):
            if path.parent.name != "__pycache__":
                yield path.relative_to(package).as_posix(), path
