"""Translated code kept between processes, like Python's own ``__pycache__``.

One file per module, settings, options and engine: its name is a hash of all of them. It has the code of functions, and
what a host may know of the module (`embedding.facts`), so that neither decoder nor validation nor translation is
needed, nor imported, where all that is called is there: a file is only of a module that is valid. Large modules get one
when they are validated. Code objects are stored with `marshal`, which must never read what somebody else wrote, so the
folder must belong to the user and be closed to everybody else; otherwise there is no cache.

The environment variable ``PYJSAPI_CACHE`` names the folder, or switches the cache off with ``0``. Without it the
folder is ``pyjsapi`` in the user's cache folder; in Pyodide, which keeps no files, the cache is off. `cache_space`
says how much is kept.
"""

from __future__ import annotations

import atexit
import os
import sys
import weakref
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from pyjsapi.compiler import cache_file
from pyjsapi.compiler.cache_file import Callees, Codes, Contents
from pyjsapi.compiler.cache_space import SUFFIX, is_private, used
from pyjsapi.compiler.code import FunctionCode, dump
from pyjsapi.embedding.facts import Facts, facts_of
from pyjsapi.embedding.settings import Settings
from pyjsapi.syntax.module import Module

try:
    # As in `hashlib`, which takes longer to import than the modules of most programs to hash.
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

if TYPE_CHECKING:
    from pyjsapi.compiler.options import Options

VARIABLE: Final = "PYJSAPI_CACHE"

_ENGINE_FOLDERS: Final = ("syntax", "binary", "validation", "embedding", "runtime", "compiler")
_SAVE_EVERY: Final = 256
"""Newly translated functions after which they are written, at the least."""
_SAVE_SHARE: Final = 4
"""Likewise the part of all functions: what is there already is written again."""
_SMALLEST_MODULE: Final = 1024
"""Bytes of a module below which a file is not worth its place: hardly a program, but many a test."""
_LARGE_MODULE: Final = 1 << 16
"""Bytes of a module from which on it is worth a file that it is valid, also if none of it ever runs."""

_Codes: TypeAlias = dict[int, FunctionCode]


class CodeCache:
    """What is kept of one module beside its bytes. This class keeps nothing; see `FileCache`."""

    facts: Facts | None = None
    """The module as plain values (`embedding.facts`), if it was validated before by this engine with the same features
    and limits."""

    def __init__(self) -> None:
        self.callees: Callees = {}
        """What is known of the functions' calls; whoever finds out more adds it."""

    @property
    def known_valid(self) -> bool:
        """Whether the module needs no validation."""
        return self.facts is not None

    def load(self, variant: str) -> Codes:
        """Code by function index, for a variant's key."""
        return {}

    def added(self, variant: str, codes: _Codes) -> None:
        """A function was translated; ``codes`` are all of its variant that are in use."""

    def save(self, variant: str, codes: _Codes) -> None:
        """Write the code now."""

    def validated(self, module: Module, data: bytes) -> None:
        """The module was decoded from ``data`` and found valid."""

    def flush(self) -> None:
        """Write what was found out since the last time."""


class FileCache(CodeCache):
    """The cache file of one module. Failures to read or write only cost time."""

    def __init__(self, path: Path, *, large: bool = False) -> None:
        super().__init__()
        self.path = path
        """Where the file is, or will be."""
        self._large = large
        self._unsaved = 0
        self._variants: dict[str, _Codes] = {}
        self._validated: tuple[Module, bytes] | None = None
        contents = cache_file.read(path)
        self._codes: dict[str, Codes] = {}
        """What the file had at first and nobody asked for."""
        if contents is not None:
            self.facts, self.callees, self._codes = contents
            used(path)
        self._saved_callees = len(self.callees)
        _open_caches.add(self)

    def __del__(self) -> None:
        self.flush()

    def validated(self, module: Module, data: bytes) -> None:
        """Keep that the module is valid, and what it is: at once if it is large, else with its first code."""
        self._validated = module, data
        self._unsaved += 1
        if self._large:
            self.flush()

    def load(self, variant: str) -> Codes:
        """Code by function index, for a variant's key."""
        codes = self._codes.pop(variant, None)
        self._variants.setdefault(variant, {})
        return {} if codes is None else codes

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
        """See `CodeCache`: together with what is stored already."""
        callees = len(self.callees)
        if not self._unsaved and callees == self._saved_callees:
            return
        self._unsaved, self._saved_callees = 0, callees
        facts = self.facts
        if facts is None:
            if self._validated is None:
                return
            facts = facts_of(*self._validated)
        stored = cache_file.read(self.path) or Contents(facts, {}, {})
        # Copies: other threads may be translating.
        stored.callees.update(self.callees.copy())
        for variant, codes in self._variants.copy().items():
            written = stored.codes.setdefault(variant, {})
            written.update(
                {index: dump(code) for index, code in codes.copy().items() if index not in written}
            )
        cache_file.write(self.path, stored)


_open_caches: weakref.WeakSet[FileCache] = weakref.WeakSet()


@atexit.register
def _flush_all() -> None:
    for opened in list(_open_caches):
        opened.flush()


def open_cache(data: bytes, settings: Settings, options: Options) -> CodeCache:
    """The user's cache for a module; one that keeps nothing where there is no safe folder."""
    path = cache_path(data, digest_of(data), settings, options)
    return CodeCache() if path is None else cache_at(path, data)


def digest_of(data: bytes) -> blake2b:
    """The hash that a module is known by."""
    return blake2b(data, digest_size=32)


def cache_at(path: Path, data: bytes) -> FileCache:
    """The cache of a module in a file."""
    return FileCache(path, large=len(data) >= _LARGE_MODULE)


def cache_path(data: bytes, digest: blake2b, settings: Settings, options: Options) -> Path | None:
    """The place of a module's file, if it is to have one; ``digest`` is `digest_of` it."""
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
        return folder if is_private(folder.lstat(), folder=True) else None
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


@cache
def engine_version() -> str | None:
    """A hash of the modules that decide what code looks like: their place, sizes and times, on which Python's own
    bytecode stands too. ``None`` where they cannot be looked at.

    A copy under another name (see `standalone`) has a hash of all that is in it as its name.
    """
    name = __name__.partition(".")[0]
    if name != "pyjsapi":
        return name
    package = str(Path(__file__).parents[1])
    hasher = digest_of(package.encode())
    count = 0
    try:
        for name in _ENGINE_FOLDERS:
            for path, status in _engine_modules(os.path.join(package, name)):
                hasher.update(f"\0{path} {status.st_size} {status.st_mtime_ns}".encode())
                count += 1
    except OSError:
        return None
    return hasher.hexdigest() if count else None


def _engine_modules(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """The files of modules in a folder and below: sources, or bytecode where there is nothing else."""
    suffix = os.path.splitext(__file__)[1]
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.name.endswith(suffix):
            yield entry.path, entry.stat()
        elif entry.name != "__pycache__" and entry.is_dir():
            yield from _engine_modules(entry.path)
