"""``WebAssembly.Module`` (index.bs, "Modules")."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import TYPE_CHECKING, Any, Final, Unpack

from pyjsapi import engines
from pyjsapi.ecmascript import ArrayBuffer, RangeError, bytes_of_buffer_source
from pyjsapi.ecmascript.conversions import shown, to_string
from pyjsapi.embedding.settings import DEFAULT_SETTINGS, Plain, Restrictions, Settings, settings_of
from pyjsapi.engines import choosing
from pyjsapi.engines.compiling import compile_by
from pyjsapi.engines.errors import Refusal
from pyjsapi.jsapi.builtin_sets import check_builtins, is_provided
from pyjsapi.jsapi.descriptors import type_name
from pyjsapi.jsapi.errors import CompileError
from pyjsapi.jsapi.global_ import global_type
from pyjsapi.jsapi.memory import memory_type
from pyjsapi.jsapi.options import NO_OPTIONS, CompileOptions, read_engine, read_options
from pyjsapi.jsapi.table import table_type
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.errors import WasmError
from pyjsapi.syntax.types import (
    ExternType,
    GlobalType,
    MemType,
    TableType,
    TagType,
    extern_kind,
)

if TYPE_CHECKING:
    from pyjsapi.embedding.interface import Engine
    from pyjsapi.embedding.valid_module import ValidModule
    from pyjsapi.engines.choosing import Choice, Chosen
    from pyjsapi.jsapi.signatures import ModuleSource


class Module:
    """A compiled, stateless module.

    ``bytes`` is a buffer source: bytes-like, an `ArrayBuffer`, or a view of one; it is copied. An extension: a path
    (`pathlib.Path`, not text) or a file opened in binary mode, whose reading may raise `OSError`. ``options`` are
    ``WebAssemblyCompileOptions``, a mapping or an object with attributes; both members may be keywords instead:
    ``builtins``, names of the builtin sets that satisfy imports (``["js-string"]``; extensions are ``mmap``,
    ``memory-control``, ``memory-ref``, ``far``, ``shared-heap`` and ``shm-exchange``), and
    ``importedStringConstants``, the module name whose imports are the strings of their names. ``features`` and
    ``limits`` restrict what the module may use. ``engine`` names the engine that runs it, or several, each for what
    those before it are not there for or refuse (`pyjsapi.engines`); it may be a member of ``options`` too. Raises
    `TypeError` for anything else, `CompileError` with the place of the mistake for bytes that are no valid module or
    that import a builtin with another type, and for what the engine refuses, `EngineUnavailable` without that engine.

    A module can be pickled: its bytes, options, restrictions and the name of its engine are, and whoever loads it
    compiles it, by that engine if it is there, and with the help of the code cache where that has it. A copy is the
    module itself.
    """

    __slots__ = ("__weakref__", "_compiled", "_engine", "_options")

    _compiled: ValidModule
    _engine: Engine
    _options: CompileOptions

    def __init__(
        self,
        bytes: ModuleSource | None = None,
        options: Any = None,
        /,
        *,
        builtins: Any = None,
        importedStringConstants: Any = None,
        engine: Choice | None = None,
        **restrictions: Unpack[Restrictions],
    ) -> None:
        what = "WebAssembly.Module()"
        data = module_bytes(bytes, what)
        self._options = read_options(
            options, what, builtins=builtins, importedStringConstants=importedStringConstants
        )
        chosen = read_engine(options, what, engine)
        settings = settings_of(restrictions, what)
        self._compiled, self._engine = compile_bytes(data, what, self._options, settings, chosen)

    @property
    def engine(self) -> str:
        """The name of the engine that runs it and its instances; an extension."""
        return self._engine.name

    def __reduce__(self) -> tuple[Any, ...]:
        return module_of_plain, plain_of_module(self)

    def __copy__(self) -> Module:
        return self  # it has no state

    def __deepcopy__(self, memo: Any) -> Module:
        return self

    @staticmethod
    def exports(module: Module, /) -> list[dict[str, Any]]:
        """The exports: ``name``, ``kind``, and ``type`` (type reflection)."""
        return [
            {"name": export.name, "kind": kind_name(type_), "type": type_object(type_)}
            for export, type_ in _compiled(module, "exports").exports()
        ]

    @staticmethod
    def imports(module: Module, /) -> list[dict[str, Any]]:
        """The imports: ``module``, ``name``, ``kind``, and ``type`` (type reflection).

        Those that the module's compile options satisfy are left out.
        """
        compiled = _compiled(module, "imports")
        return [
            {
                "module": import_.module,
                "name": import_.name,
                "kind": kind_name(type_),
                "type": type_object(type_),
            }
            for import_, type_ in zip(
                compiled.module.imports, compiled.context.imports, strict=True
            )
            if not is_provided(module._options, import_.module, import_.name)
        ]

    @staticmethod
    def customSections(module: Module, sectionName: Any = None, /) -> list[ArrayBuffer]:
        """Copies of the contents of every custom section of the name."""
        compiled = _compiled(module, "customSections")
        if sectionName is None:
            raise TypeError("WebAssembly.Module.customSections(): the section's name is required")
        name = to_string(sectionName)
        return [
            ArrayBuffer._adopt(bytearray(custom.data))
            for custom in compiled.module.customs
            if custom.name == name
        ]

    def __repr__(self) -> str:
        module = self._compiled.module
        imports = in_short([f"{one.module}.{one.name}" for one in module.imports])
        exports = in_short([one.name for one in module.exports])
        size = len(self._compiled.data)
        return f"<WebAssembly.Module of {size} bytes, imports: {imports}, exports: {exports}>"


_URLS: Final = ("https://", "http://", "file://", "data:")


def is_url(source: Any) -> bool:
    """Whether a source is text that can be nothing but a URL; a path is never text."""
    return isinstance(source, str) and source.lstrip().lower().startswith(_URLS)


def in_short(names: Iterable[str]) -> str:
    """Names for a representation: no more than a line of them."""
    found = [name if name.isprintable() else repr(name)[1:-1] for name in names]
    first = [name if len(name) <= 40 else f"{name[:39]}…" for name in found[:8]]
    if len(found) > 8:
        first.append(f"… ({len(found)} in all)")
    return ", ".join(first) or "none"


def module_bytes(source: Any, what: str) -> bytes:
    """A copy of the bytes of a buffer source, of the file at a path (`os.PathLike`), or of what a binary file has left.

    Raises `TypeError` for anything else, text among it, and what opening and reading raise.
    """
    if isinstance(source, PathLike):
        with open(source, "rb") as file:
            return file.read()
    read = getattr(source, "read", None)
    if callable(read) and not hasattr(source, "arrayBuffer") and not _has_buffer(source):
        data = read()
        if isinstance(data, str):
            raise TypeError(
                f"{what}: argument 0 is a text file; open it in binary mode: open(path, 'rb')"
            )
        return stable_bytes(data, what)
    return stable_bytes(source, what)


def _has_buffer(source: Any) -> bool:
    """Whether it is bytes itself, as an `mmap` is."""
    try:
        memoryview(source).release()
    except TypeError:
        return False
    return True


def stable_bytes(source: Any, what: str) -> bytes:
    """ "Get a copy of the buffer source". Raises `TypeError`."""
    try:
        return bytes_of_buffer_source(source, allow_shared=True, what=f"{what}: argument 0")
    except TypeError as error:
        hint = ""
        if isinstance(source, str) and source.lstrip().startswith("("):
            hint = "; convert the text format: wat2wasm(text)"
        elif is_url(source):
            hint = "; what is at a URL comes later: await WebAssembly.compile(url)"
        elif isinstance(source, str):
            hint = f"; for a file give pathlib.Path({shown(source)})"
        elif callable(getattr(source, "arrayBuffer", None)):
            hint = (
                "; a response has them later: await response.arrayBuffer(), "
                "or WebAssembly.compileStreaming(response)"
            )
        raise TypeError(f"{error}{hint}") from None


def wrong_kind(data: bytes) -> str:
    """What to do with bytes that are something else than a module, to follow a message; empty for others."""
    if not data:
        return "; the bytes are empty"
    if is_component(data):
        return "; this is a component, not a module: `jco transpile` makes modules and their glue of it"
    if data[:1000].removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"(", b";;")):
        return "; this looks like the text format: convert it with wat2wasm"
    return ""


def is_component(data: bytes) -> bool:
    """Whether bytes are a component (of the component model), which has modules inside."""
    return data.startswith(_COMPONENT)


_COMPONENT: Final = b"\0asm\x0d\0\1\0"


def compile_bytes(
    data: bytes,
    what: str,
    options: CompileOptions = NO_OPTIONS,
    settings: Settings = DEFAULT_SETTINGS,
    chosen: Chosen | None = None,
) -> tuple[ValidModule, Engine]:
    """Decode and validate, builtins and imported strings too, by the first of the chosen engines that can.

    Raises `CompileError`, `EngineUnavailable`, and `RangeError` where the system has not the memory for it.
    """
    found = None
    try:
        found = compile_by(chosen or choosing.chosen(), data, settings)
    except Refusal as refusal:
        if refusal.module is not None:
            check_builtins(refusal.module, options, what)
        raise CompileError(f"{what}: {refusal}") from refusal
    except WasmError as error:
        raise CompileError(f"{what}: {error}{wrong_kind(data)}") from error
    except MemoryError:
        pass
    if found is None:
        # Behind the handler all that decoding had made is gone: who handles the error has memory for that.
        raise RangeError(f"{what}: out of memory")
    compiled, engine = found
    check_builtins(compiled, options, what)
    return compiled, engine


def module_object(
    compiled: ValidModule, options: CompileOptions = NO_OPTIONS, engine: Engine | None = None
) -> Module:
    """ "Construct a WebAssembly module object"; without ``engine`` of what the Python engine compiled."""
    module = Module.__new__(Module)
    module._engine = engines.engine("python") if engine is None else engine
    module._compiled = compiled
    module._options = options
    return module


def plain_of_module(module: Module) -> tuple[Any, ...]:
    """What a module is made from, as simple values, for another process, which finds its code kept."""
    compiled, options = module._compiled, module._options
    compiled.keep()
    settings = compiled.settings.plain()
    return compiled.data, options.builtins, options.string_module, settings, module.engine


def module_of_plain(
    data: bytes,
    builtins: Any,
    string_module: str | None,
    settings: Plain,
    engine: str | None = None,
) -> Module:
    """The module, compiled again by the ``engine`` of that name, or, where that is not there, what is used here.

    Raises `CompileError` where another version of the package sees no module in it.
    """
    what = "WebAssembly.Module"
    options = CompileOptions(tuple(builtins), string_module)
    chosen = choosing.chosen_elsewhere(engine)
    made = compile_bytes(data, what, options, Settings.from_plain(tuple(settings)), chosen)
    return module_object(made[0], options, made[1])


def _compiled(module: Any, method: str) -> ValidModule:
    if not isinstance(module, Module):
        raise TypeError(f"WebAssembly.Module.{method}(): argument 0 must be a WebAssembly.Module")
    return module._compiled


def kind_name(type_: ExternType) -> str:
    """The string value of an extern type."""
    kind = extern_kind(type_)
    return "function" if kind == "func" else kind


def type_object(type_: ExternType) -> dict[str, Any]:
    """A closed extern type as an object of the type reflection proposal."""
    if isinstance(type_, MemType):
        return memory_type(type_)
    if isinstance(type_, TableType):
        return table_type(type_)
    if isinstance(type_, GlobalType):
        return global_type(type_)
    closed: DefType | int = type_.type
    if isinstance(closed, int):
        raise TypeError("the type is not closed")
    func = closed.func
    found: dict[str, Any] = {"parameters": [type_name(t) for t in func.params]}
    if not isinstance(type_, TagType):
        found["results"] = [type_name(t) for t in func.results]
    return found
