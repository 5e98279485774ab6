"""The import hook: where Python looks for modules of WebAssembly, and in which order.

A ``.py`` file, an extension module or a package that Python finds in the same folder, or earlier on the search path,
comes first: exactly as if ``.wasm`` and ``.wat`` were the last of Python's own suffixes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from importlib.machinery import FileFinder, ModuleSpec, PathFinder
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Final, Unpack

from pyjsapi.embedding.settings import Restrictions, settings_of
from pyjsapi.importing.loader import BINARY, TEXT, Choices, WasmLoader, read_names
from pyjsapi.jsapi.options import read_engine, read_options

if TYPE_CHECKING:
    from pyjsapi.engines.choosing import Choice

_WHAT: Final = "importing.install()"


class WasmFinder:
    """Finds modules of WebAssembly on ``sys.path`` and in packages: what stands in ``sys.meta_path``."""

    def __init__(self, choices: Choices, suffixes: Sequence[str]) -> None:
        self._details = [(partial(WasmLoader, choices=choices), [suffix]) for suffix in suffixes]
        self._finders: dict[str, FileFinder] = {}

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """The spec of a module, unless Python itself finds one first."""
        entries = list(sys.path if path is None else path)
        for position, entry in enumerate(entries):
            spec = self._in_folder(entry, fullname)
            if spec is not None:
                own = PathFinder.find_spec(fullname, entries[: position + 1])
                return spec if own is None or own.loader is None else None
        return None

    def _in_folder(self, entry: Any, fullname: str) -> ModuleSpec | None:
        if not isinstance(entry, str):
            return None
        try:
            folder = os.path.abspath(entry) if entry else os.getcwd()
        except FileNotFoundError:
            return None
        finder = self._finders.get(folder)
        if finder is None:
            if not os.path.isdir(folder):
                return None
            # Typed as if loaders could be nothing but classes.
            finder = self._finders[folder] = FileFinder(folder, *self._details)  # type: ignore[arg-type]
        spec = finder.find_spec(fullname)
        return None if spec is None or spec.loader is None else spec

    def invalidate_caches(self) -> None:
        """Forget which files there are: for `importlib.invalidate_caches`."""
        for finder in self._finders.values():
            finder.invalidate_caches()


class Installation:
    """The hook while it is there: `uninstall` takes it away, as leaving a ``with`` does."""

    __slots__ = ("_finder",)

    def __init__(self, finder: WasmFinder) -> None:
        self._finder = finder

    def uninstall(self) -> None:
        """Let ``import`` find no more modules by this hook; those that are imported stay. Again: nothing."""
        sys.meta_path[:] = [one for one in sys.meta_path if one is not self._finder]

    def __enter__(self) -> Installation:
        return self

    def __exit__(
        self,
        type_: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.uninstall()


def install(
    *,
    names: Mapping[str, Any] | None = None,
    text: bool = True,
    builtins: Iterable[str] = ("js-string",),
    engine: Choice | None = None,
    **restrictions: Unpack[Restrictions],
) -> Installation:
    """Let ``import`` find ``.wasm`` files and, with ``text``, ``.wat`` files, where it finds Python's.

    What they import comes from Python modules of those names, which may be relative (``.helper``). ``names`` says
    otherwise, as an import map does: the name of another Python module, or a mapping or an object that has the
    imports. ``builtins``, ``engine``, ``features`` and ``limits`` as for `WebAssembly.Module`. If it is called again,
    the later one is asked first. Raises `TypeError` and `ValueError` for wrong values.
    """
    settings = settings_of(restrictions, _WHAT)
    options = read_options(None, _WHAT, builtins=builtins)
    read_engine(None, _WHAT, engine)
    choices = Choices(settings, options, read_names(names), engine)
    finder = WasmFinder(choices, (BINARY, TEXT) if text else (BINARY,))
    positions = [
        position
        for position, one in enumerate(sys.meta_path)
        if one is PathFinder or isinstance(one, WasmFinder)
    ]
    sys.meta_path.insert(positions[0] if positions else len(sys.meta_path), finder)
    return Installation(finder)
