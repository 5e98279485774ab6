"""Loads files with modules of WebAssembly, binary or text."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.abc import FileLoader
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.embedding.settings import Settings
from pyjsapi.importing.linking import Names, Place, check_names, linked
from pyjsapi.importing.modules import WasmModule, begin, bind
from pyjsapi.jsapi.errors import CompileError
from pyjsapi.jsapi.module import Module, compile_bytes, module_object
from pyjsapi.jsapi.options import CompileOptions
from pyjsapi.syntax.errors import ParseError

if TYPE_CHECKING:
    from pyjsapi.engines.choosing import Chosen

BINARY: Final = ".wasm"
TEXT: Final = ".wat"


@dataclass(frozen=True, slots=True)
class Choices:
    """What `install` was told, and the sources that were compiled so."""

    settings: Settings
    options: CompileOptions
    names: Names
    engine: Any = None
    sources: dict[str, tuple[tuple[int, int], Module]] = field(default_factory=dict)
    """By path: what the file was, and the module: one object, however often it is asked for."""

    def chosen(self) -> Chosen | None:
        """The engines to compile with; those that are used now, unless one was chosen."""
        if self.engine is None:
            return None
        from pyjsapi.jsapi.options import read_engine

        return read_engine(None, "importing.install()", self.engine)


class WasmLoader(FileLoader):
    """Loads a ``.wasm`` or ``.wat`` file: the loader of `WasmModule`."""

    def __init__(self, fullname: str, path: str, *, choices: Choices) -> None:
        super().__init__(fullname, path)
        self.choices = choices

    # What ``==`` of the base compares has one more part here.
    def __eq__(self, other: object) -> bool:
        return isinstance(other, WasmLoader) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.name, self.path))

    def is_package(self, fullname: str) -> bool:
        """Whether the file is the ``__init__`` of a package."""
        stem = os.path.splitext(os.path.basename(self.path))[0]
        return stem == "__init__" and fullname.rpartition(".")[2] != "__init__"

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """A module without exports: those come when it is executed."""
        return WasmModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Import what the module imports, instantiate it, and let its exports be attributes; anew where it is reloaded.

        Raises `ImportError`, and what its start function raises.
        """
        if not isinstance(module, WasmModule):
            raise ImportError(f"{self.name}: {self.path} cannot be loaded into another module")
        spec = module.__spec__
        place = Place(self.name, self.path, "" if spec is None else spec.parent or "")
        source = self.source()
        begin(module, source)
        bind(module, source, linked(source, place, self.choices.names))

    def source(self) -> Module:
        """The compiled module, the same one as long as the file is the same. Raises `ImportError`, `OSError`."""
        status = os.stat(self.path)
        stamp = (status.st_mtime_ns, status.st_size)
        kept = self.choices.sources.get(self.path)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        place = Place(self.name, self.path, "")
        choices = self.choices
        try:
            compiled, engine = compile_bytes(
                self._binary(), str(place), choices.options, choices.settings, choices.chosen()
            )
        except (CompileError, ParseError, UnicodeDecodeError) as error:
            text = str(error)
            text = text if text.startswith(str(place)) else f"{place}: {text}"
            raise ImportError(text, name=self.name, path=self.path) from error
        module = module_object(compiled, choices.options, engine)
        check_names(module, place)
        choices.sources[self.path] = (stamp, module)
        return module

    def _binary(self) -> bytes:
        data = self.get_data(self.path)
        if not self.path.endswith(TEXT):
            return data
        from pyjsapi.text import wat2wasm

        return wat2wasm(data.decode("utf-8"))

    def get_source(self, fullname: str) -> str | None:
        """The text of a module in the text format; ``None`` for a binary one, as Python has it."""
        if not self.path.endswith(TEXT):
            return None
        return self.get_data(self.path).decode("utf-8")

    def get_code(self, fullname: str) -> CodeType:
        """What ``python -m`` executes: it imports the module, so that its start function runs."""
        text = f"import importlib\nimportlib.import_module({self.name!r})\n"
        return compile(text, self.path, "exec")


def read_names(names: Mapping[str, Any] | None) -> Names:
    """Check the ``names`` of `install`. Raises `TypeError`."""
    if names is None:
        return {}
    if not isinstance(names, Mapping) or not all(isinstance(name, str) for name in names):
        raise TypeError(
            "importing.install(): names must be a mapping of module names to names of Python modules, "
            f"mappings or objects, not {type(names).__name__}"
        )
    return dict(names)
