"""A host for the components: instantiates their core modules as the generated glue does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from real import canonical as abi
from real.components import UTF8, UTF16, read_wiring

MAX_FLAT_RESULTS = 1


class Engine(Protocol):
    """What this host needs of an engine.

    Exports are functions (callables; several results are a tuple), memories
    (`canonical.LinearMemory`) and others; each can be imported into another instance as it is.
    """

    def instantiate(
        self, data: bytes, imports: Mapping[str, Mapping[str, Any]]
    ) -> Mapping[str, Any]: ...

    def function(self, params: str, results: str, call: Callable[..., Any]) -> Any:
        """A host function; types are written like ``"i32 i32"``."""
        ...

    def mutable_i32(self, value: int) -> Any:
        """A global."""
        ...


class ComponentTrap(Exception):
    """An adapter found that a component broke the canonical ABI; the message is the glue's."""


@dataclass(frozen=True)
class Function:
    """An exported function of a component and the core function to call behind it (post-return)."""

    params: tuple[abi.ValueType, ...]
    result: abi.ValueType
    post: str


_SHAPE = abi.Variant(
    {"circle": abi.F64, "box": abi.Tuple(abi.F32, abi.F32), "named": abi.STRING, "empty": None}
)
_POINT = abi.Record(x=abi.S32, y=abi.F64, label=abi.STRING)
_COLOR = abi.Enum("red", "green", "blue")
_RIGHTS = abi.Flags("read", "write", "run")

_GREET = {"greet": Function((abi.STRING,), abi.STRING, "post-greet")}
INTERFACES: dict[str, dict[str, Function]] = {
    "strings-utf8-utf8": _GREET,
    "strings-utf8-utf16": _GREET,
    "strings-utf16-utf8": _GREET,
    "chain": _GREET,
    "lists": {
        "running-sums": Function((abi.List(abi.U32),), abi.List(abi.U32), "post-list"),
        "mean": Function((abi.List(abi.F64),), abi.F64, "post-mean"),
        "join": Function((abi.List(abi.STRING), abi.STRING), abi.STRING, "post-list"),
        "words": Function((abi.STRING,), abi.List(abi.STRING), "post-list"),
        "reversed": Function((abi.List(abi.U8),), abi.List(abi.U8), "post-list"),
    },
    "records": {
        "translate": Function((_POINT, abi.S32, abi.F32), _POINT, "post"),
        "area": Function((_SHAPE,), abi.result(abi.F64, abi.STRING), "post"),
        "mix": Function(
            (_COLOR, _RIGHTS, abi.Option(abi.U64), abi.CHAR, abi.BOOL, abi.S8, abi.U16),
            abi.Tuple(abi.U64, abi.CHAR, _COLOR, _RIGHTS),
            "post",
        ),
    },
}


class Component:
    """An instance of a component; `instances` are the exports of its core instances in order."""

    def __init__(self, name: str, instances: Sequence[Mapping[str, Any]]) -> None:
        self.functions = INTERFACES[name]
        self.instances = instances
        self.core = instances[-1]
        # The last memory that was made is that of the front component.
        allocator = [exports for exports in instances if "realloc" in exports][-1]
        encoding = UTF16 if name.startswith(f"strings-{UTF16.name}-") else UTF8
        self.context = abi.Context(allocator["memory"], allocator["realloc"], encoding)

    def call(self, name: str, *arguments: Any) -> Any:
        """Calls an exported function: lowers the arguments, lifts the result, runs post-return."""
        function = self.functions[name]
        cores: list[Any] = []
        for type_, argument in zip(function.params, arguments, strict=True):
            cores += type_.lower(self.context, argument)
        returned = self.core[name](*cores)
        if len(function.result.flat) > MAX_FLAT_RESULTS:
            value = function.result.load(self.context, returned & 0xFFFFFFFF)
        else:
            value = returned
        self.core[function.post](returned)
        return value


def _trap(message: str) -> Callable[[], None]:
    def trap() -> None:
        raise ComponentTrap(message)

    return trap


def _runtime(engine: Engine) -> dict[str, Any]:
    """The glue's functions for context-local storage and calls between components, in Python."""
    slots = [0, 0]

    def setter(slot: int) -> Callable[[int], None]:
        return lambda value: slots.__setitem__(slot, value)

    return {
        "get0": engine.function("", "i32", lambda: slots[0]),
        "get1": engine.function("", "i32", lambda: slots[1]),
        "set0": engine.function("i32", "", setter(0)),
        "set1": engine.function("i32", "", setter(1)),
        "enter-sync-call": engine.function("i32 i32 i32", "", lambda *_: None),
        "exit-sync-call": engine.function("", "", lambda: None),
    }


def _transcoder(
    engine: Engine, name: str, source: abi.LinearMemory, target: abi.LinearMemory
) -> Any:
    """The glue's transcoders in Python."""

    def copy(at: int, length: int, to: int) -> None:
        target.write(to, source.read(at, length))

    def utf8_to_utf16(at: int, length: int, to: int) -> int:
        data = source.read(at, length).decode("utf-8", "replace").encode("utf-16-le")
        target.write(to, data)
        return len(data) // 2

    def utf16_to_utf8(at: int, length: int, to: int, size: int, mark: int) -> tuple[int, int]:
        text = source.read(at, 2 * length).decode("utf-16-le", "replace")
        # whole characters that fit, as TextEncoder.encodeInto counts them
        fitting = text.encode()[:size].decode("utf-8", "ignore")
        data = fitting.encode()
        target.write(to, data)
        return len(fitting.encode("utf-16-le")) // 2, len(data)

    if name == "utf8-to-utf8":
        return engine.function("i32 i32 i32", "", copy)
    if name == "utf8-to-utf16":
        return engine.function("i32 i32 i32", "i32", utf8_to_utf16)
    if name == "utf16-to-utf8":
        return engine.function("i32 i32 i32 i32 i32", "i32 i32", utf16_to_utf8)
    raise ValueError(f"no transcoder {name!r}")


def instantiate(engine: Engine, folder: Path, *, in_wasm: bool = False) -> Component:
    """Instantiates the component in ``folder``, whose core modules ``real.build`` has written.

    With ``in_wasm`` the transcoders and the glue's small functions are modules too
    (``transcoder.wasm`` and ``runtime.wasm`` beside ``folder``); else they are Python functions.
    """
    wiring = read_wiring(folder)
    flags = [engine.mutable_i32(value) for value in wiring["globals"]]
    if in_wasm:
        runtime = engine.instantiate((folder.parent / "runtime.wasm").read_bytes(), {})
    else:
        runtime = _runtime(engine)
    instances: list[Mapping[str, Any]] = []

    def resolve(described: Mapping[str, Any], memories: Mapping[str, Any]) -> Any:
        if "instance" in described:
            return instances[described["instance"]][described["export"]]
        if "global" in described:
            return flags[described["global"]]
        if "trap" in described:
            return engine.function("", "", _trap(described["trap"]))
        if "runtime" in described:
            return runtime[described["runtime"]]
        name = described["transcoder"]
        source, target = (memories[described[end]] for end in ("from", "to"))
        if in_wasm:
            data = (folder.parent / "transcoder.wasm").read_bytes()
            return engine.instantiate(data, {"memory": {"from": source, "to": target}})[name]
        return _transcoder(engine, name, source, target)

    for entry in wiring["instances"]:
        memories = {
            name: resolve(described, {})
            for name, described in entry["imports"].get("memory", {}).items()
        }
        imports = {
            module: {name: resolve(described, memories) for name, described in fields.items()}
            for module, fields in entry["imports"].items()
        }
        instances.append(engine.instantiate((folder / entry["module"]).read_bytes(), imports))
    return Component(folder.name, instances)
