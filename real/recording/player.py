"""Plays a recording on pyjsapi and compares every crossing with what happened in Node.

The player is the host: it calls exports in the order of the recording and answers imports from it, writes into
memories what the JavaScript wrote, and compares arguments, results, exceptions and digests of memories.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyjsapi import Uint8Array, WebAssembly
from pyjsapi.compiler.options import DEFAULT_OPTIONS, Options
from pyjsapi.engines.python import CompiledModule, compile_module
from pyjsapi.jsapi.module import module_object
from pyjsapi.jsapi.options import read_options
from real.recording.values import Divergence, HostError, Objects, show

CHUNK = 1 << 16
_ZEROS = bytes(CHUNK)
# Node's messages for traps, and what the specification's start with.
TRAPS = {
    "unreachable": ("unreachable",),
    "memory access out of bounds": ("out of bounds memory access",),
    "table index is out of bounds": ("undefined element", "out of bounds table access"),
    "null function or function signature mismatch": (
        "uninitialized element",
        "indirect call type mismatch",
    ),
    "divide by zero": ("integer divide by zero",),
    "remainder by zero": ("integer divide by zero",),
    "divide result unrepresentable": ("integer overflow",),
    "float unrepresentable in integer range": ("integer overflow", "invalid conversion to integer"),
}
NAMES = ("Memory", "Table", "Global", "Tag", "Exception")


@dataclass
class Played:
    """What a player met."""

    crossings: int = 0
    """Calls of exports and of imports, and instances."""
    digests: int = 0
    digest: str = ""
    """Of the last memory at the end."""
    modules: list[CompiledModule] = field(default_factory=list)

    @property
    def functions(self) -> tuple[int, int]:
        """The numbers of functions that were translated and that there are."""
        # A module without memories, tables … has one variant; several would each translate their own.
        translated = {
            (number, index)
            for number, module in enumerate(self.modules)
            for variant in module._variants.values()
            for index in variant.codes
        }
        return len(translated), sum(len(module.module.funcs) for module in self.modules)


class Player:
    """Plays the recording in ``folder`` once."""

    def __init__(self, folder: Path, options: Options = DEFAULT_OPTIONS) -> None:
        self._folder = folder
        self._options = options
        self._events = self._read(folder / "events.gz")
        self._position = 0
        self._objects = Objects()
        self._types: dict[int, list[dict[str, Any]]] = {}
        self.played = Played()

    @staticmethod
    def _read(path: Path) -> Iterator[list[Any]]:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)

    def play(self) -> Played:
        """Play all of it. Raises `Divergence` with the number of the event that differs."""
        try:
            self._until("end")
        except Divergence as divergence:
            raise Divergence(f"event {self._position}: {divergence}") from None
        return self.played

    def _next(self) -> list[Any]:
        self._position += 1
        try:
            return next(self._events)
        except StopIteration:
            raise Divergence("the recording ends here") from None

    def _until(self, *ends: str) -> list[Any]:
        """Do what the host did, until one of these events; that event."""
        while True:
            event = self._next()
            kind, *rest = event
            if kind in ends:
                return event
            if kind in ("return", "throw", "result", "raise", "import", "end"):
                raise Divergence(f"in Node there was {_described(event, self._objects)}")
            getattr(self, f"_do_{kind.replace('.', '_').lower()}", self._do_other)(*rest)

    def _do_other(self, *rest: Any) -> None:
        raise ValueError(f"a recording with an unknown event: {rest}")

    # ---- calls

    def _enter(self, run: Callable[[], Any], what: str) -> Any:
        """Run WebAssembly code; compares an exception with Node's, returns the result and its event."""
        self.played.crossings += 1
        try:
            value = run()
        except Exception as error:
            self._threw(error, what)
            return None
        event = self._next()
        if event[0] != "return":
            raise Divergence(
                f"{what} returned {value!r}, in Node there was {_described(event, self._objects)}"
            )
        return value, event[1]

    def _threw(self, error: Exception, what: str) -> None:
        event = self._next()
        if event[0] != "throw":
            raise Divergence(
                f"{what} threw {error!r}, in Node there was {_described(event, self._objects)}"
            ) from error
        _, encoded, kind, *message = event
        self._objects.check(error, encoded, f"what {what} threw")
        if kind == "RuntimeError":
            wanted = TRAPS.get(message[0], (message[0],))
            if not isinstance(error, WebAssembly.RuntimeError) or not str(error).startswith(wanted):
                raise Divergence(f"{what} threw {error!r}, in Node a trap: {message[0]}")

    def _do_call(self, number: int, args: list[Any]) -> None:
        function = self._objects[number]
        given = [self._objects.decode(arg) for arg in args]
        what = f"{self._objects.name(number)}({', '.join(map(show, args))})"
        outcome = self._enter(lambda: function(*given), what)
        if outcome is not None:
            value, expected = outcome
            self._objects.check(value, expected, what)

    def _host_function(self, number: int, name: str, results: int) -> Callable[..., Any]:
        def called(*args: Any) -> Any:
            self.played.crossings += 1
            event = self._next()
            if event[0] != "import":
                raise Divergence(
                    f"the import {name}{args} is called, "
                    f"in Node there was {_described(event, self._objects)}"
                )
            _, wanted, encoded = event
            if wanted != number or len(args) != len(encoded):
                raise Divergence(
                    f"the import {name}{args} is called, "
                    f"in Node the import {self._objects.name(wanted)}"
                    f"({', '.join(map(show, encoded))})"
                )
            for position, (arg, expected) in enumerate(zip(args, encoded, strict=True)):
                self._objects.check(arg, expected, f"argument {position} of the import {name}")
            kind, result = self._until("result", "raise")
            if kind == "result":
                return self._objects.decode_result(result, results)
            raise self._thrown(result)

        self._objects.names.setdefault(number, name)
        return called

    def _thrown(self, encoded: Any) -> Exception:
        if not isinstance(encoded, dict) or "o" not in encoded:
            # A primitive value: every throw of it is another exception.
            raise ValueError(f"a host that throws {show(encoded)}")
        number = encoded["o"]
        if number not in self._objects:
            self._objects.bind(number, HostError(number))
        error: Exception = self._objects[number]
        return error

    # ---- modules and instances

    def _do_module(self, number: int, digest: str, given: dict[str, Any]) -> None:
        data = (self._folder / f"{digest}.wasm").read_bytes()
        compiled = compile_module(data, options=self._options)
        self.played.modules.append(compiled)
        module = module_object(compiled, read_options(given, "a module"))
        self._types[number] = WebAssembly.Module.imports(module)
        self._objects.bind(number, module)

    def _do_instance(self, number: int, values: list[Any]) -> None:
        imports: dict[str, dict[str, Any]] = {}
        for wanted, value in zip(self._types[number], values, strict=True):
            module, name = wanted["module"], wanted["name"]
            given: Any
            if isinstance(value, dict) and "h" in value:
                results = len(wanted["type"]["results"])
                given = self._host_function(value["h"], f"{module}.{name}", results)
            else:
                given = self._objects.decode(value)
            imports.setdefault(module, {})[name] = given
        module_of = self._objects[number]
        outcome = self._enter(lambda: WebAssembly.Instance(module_of, imports), "an instance")
        if outcome is None:
            return
        instance, described = outcome
        exports = instance.exports
        if sorted(exports) != sorted(name for name, _ in described):
            raise Divergence(f"an instance exports {list(exports)}")
        for name, exported in described:
            self._objects.names.setdefault(exported, name)
            self._objects.check(exports[name], {"o": exported}, f"the export {name}")

    # ---- memories

    def _view(self, number: int) -> memoryview:
        view: memoryview = Uint8Array(self._objects[number].buffer).mv
        return view

    def _do_write(self, number: int, changes: list[Any]) -> None:
        view = self._view(number)
        for offset, text in zip(changes[::2], changes[1::2], strict=True):
            data = b64decode(text)
            view[offset : offset + len(data)] = data

    def _do_digest(self, number: int, size: int, digest: str) -> None:
        view = self._view(number)
        self.played.digests += 1
        self.played.digest = digest
        if len(view) != size or digest_of(view) != digest:
            raise Divergence(
                f"the {len(view)} bytes of {self._objects.name(number)} differ from Node's {size}"
            )

    # ---- other objects

    def _construct(self, name: str, number: int, descriptor: Any, *values: Any) -> None:
        decoded = [
            [self._objects.decode(item) for item in value]
            if isinstance(value, list)
            else self._objects.decode(value)
            for value in values
        ]
        if isinstance(descriptor, dict) and "o" in descriptor:
            descriptor = self._objects.decode(descriptor)
        self._objects.bind(number, getattr(WebAssembly, name)(descriptor, *decoded))

    def _do_memory(self, *event: Any) -> None:
        self._construct("Memory", *event)

    def _do_table(self, *event: Any) -> None:
        self._construct("Table", *event)

    def _do_global(self, *event: Any) -> None:
        self._construct("Global", *event)

    def _do_tag(self, *event: Any) -> None:
        self._construct("Tag", *event)

    def _do_exception(self, *event: Any) -> None:
        self._construct("Exception", *event)

    def _method(self, name: str, number: int, args: list[Any], result: Any) -> None:
        decoded = [self._objects.decode(arg) for arg in args]
        value = getattr(self._objects[number], name)(*decoded)
        self._objects.check(value, result, f"{name}({', '.join(map(show, args))})")

    def _do_memory_grow(self, *event: Any) -> None:
        self._method("grow", *event)

    def _do_table_get(self, *event: Any) -> None:
        number, (index, *_), _ = event
        self._method("get", *event)
        result = event[2]
        if isinstance(result, dict) and "o" in result:
            self._objects.names.setdefault(
                result["o"], f"{self._objects.name(number)}[{show(index)}]"
            )

    def _do_table_set(self, *event: Any) -> None:
        self._method("set", *event)

    def _do_table_grow(self, *event: Any) -> None:
        self._method("grow", *event)

    def _do_exception_getarg(self, *event: Any) -> None:
        self._method("getArg", *event)

    def _do_exception_is(self, *event: Any) -> None:
        self._method("is_", *event)

    def _do_get(self, number: int, value: Any) -> None:
        self._objects.check(
            self._objects[number].value, value, f"the global {self._objects.name(number)}"
        )

    def _do_set(self, number: int, value: Any) -> None:
        self._objects[number].value = self._objects.decode(value)


def digest_of(view: memoryview) -> str:
    """The digest of a memory's bytes, without the chunks at its end that are all zeros."""
    end = len(view)
    while end > 0 and bytes(view[end - CHUNK : end]) == _ZEROS:
        end -= CHUNK
    return hashlib.sha256(view[:end]).hexdigest()[:16]


def _described(event: list[Any], objects: Objects) -> str:
    kind, *rest = event
    if kind == "return":
        return f"a return of {show(rest[0])}"
    if kind == "import":
        return f"a call of the import {objects.name(rest[0])}({', '.join(map(show, rest[1]))})"
    if kind == "throw":
        return f"an exception: {' '.join(rest[1:])}"
    return f"the event {kind}"
