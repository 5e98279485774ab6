"""Carries out a plan of the workbench on pyjsapi's Python face, in Pyodide and in tests.

``web/static/workbench/runner.mjs`` does the same in JavaScript; both must say the same of the same behaviour. A plan is
plain data: ``plan.mjs`` says what is in it.
"""

from __future__ import annotations

import json
import math
import re
import struct
import time
from array import array
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from functools import partial
from itertools import count
from operator import ne
from typing import Any, Final

from pyjsapi import Uint8Array, WebAssembly, engines, null
from web.workbench.hand import evaluate, line_of, written_imports
from web.workbench.programs import MODULE, Lines, Program

Json = Any
Tell = Callable[[str, int], object]

_PAGE: Final = 65536
_MOST_BYTES: Final = 256 * 1024 * 1024
_MOST_LOGGED: Final = 1000
_MOST_RANGES: Final = 4096
_MOST_COMPARED: Final = 512 * 1024 * 1024
_MOST_PAGES: Final = 1024
_SOME_CALL: Final = 0xFFFF
_MOST_CALLS: Final = 0xFFFE
_MOST_FRAMES: Final = 50
_SCRIPT: Final = "the script"
_FLOATS: Final = ("f32", "f64")


def run(plan: Mapping[str, Json], tell: Tell) -> list[dict[str, Any]]:
    """Make the instance and the calls; ``tell`` gets each step as JSON, with its number, when it is done.

    Returns the memories as they are in the end: ``index``, ``byteLength``, ``seen``, ``pages``, ``changed``, and with
    ``sizes`` after each step, which steps ``detached`` the buffer of before, ``when`` (see `_History`), and with
    a ``recording`` in the plan what the last call ``read``, or why that is ``unread``.
    """
    with engines.using(plan.get("engine", "python")):
        images = Run(plan).all(tell)
        _add_reads(plan, images)
        return images


def written(type_: str, value: Any) -> list[str]:
    """A value as text that every engine writes alike."""
    if type_ in _FLOATS:
        return [type_, "nan" if math.isnan(value) else struct.pack(">d", value).hex()]
    if value is null:
        return [type_, "null"]
    if value is None:
        return [type_, "undefined"]
    if isinstance(value, str):
        return [type_, json.dumps(value, ensure_ascii=False)]
    if isinstance(value, int):
        return [type_, str(value)]
    return [type_, "function" if callable(value) else "object"]


def read(value: list[str]) -> Any:
    """The value that a text stands for."""
    type_, text = value
    if type_ in ("i32", "i64"):
        return int(text)
    if type_ in _FLOATS:
        return math.nan if text == "nan" else struct.unpack(">d", bytes.fromhex(text))[0]
    return null if text == "null" else json.loads(text)


def _zero(type_: str) -> Any:
    return 0 if type_ in ("i32", "i64") else 0.0 if type_ in _FLOATS else null


class Run:
    """A plan, and what the imports of its instance have written down."""

    def __init__(self, plan: Mapping[str, Json]) -> None:
        self._plan = plan
        self.log: list[Json] = []
        self.logged = 0
        self._exports: Any = None
        self._before: dict[int, bytes] = {}
        self._histories: list[_History] = []
        self._written: Mapping[str, Mapping[str, Any]] = {}
        self._program: Program | None = None
        self._printed = Lines(partial(self._say, "print"))
        self._scope: dict[str, Any] = {
            "__name__": "__workbench__",
            "WebAssembly": WebAssembly,
            "null": null,
            **dict.fromkeys(("module", "instance", "exports", "memory")),
            "memories": [],
        }
        """The names that texts can use which somebody wrote."""

    def all(
        self, tell: Tell, before_last: Callable[[], None] = lambda: None
    ) -> list[dict[str, Any]]:
        """See `run`; ``before_last`` is called before the last call."""
        with redirect_stdout(self._printed):
            self._prepare()
            try:
                return self._steps(tell, before_last)
            finally:
                if self._program is not None:
                    self._program.close()

    def _prepare(self) -> None:
        imports = self._plan.get("imports")
        if imports is None:
            return
        if imports["way"] == "hand":
            self._written = written_imports(imports["texts"], self._scope, self._plan["stubs"])
        else:
            self._program = Program(imports, self._say)
            self._scope["wasi"] = self._program.wasi

    def _steps(self, tell: Tell, before_last: Callable[[], None]) -> list[dict[str, Any]]:
        tell(json.dumps(self._step(self._instantiate)), 0)
        if self._exports is None:
            return []
        calls: list[Callable[[], list[list[str]]]]
        calls = [partial(self._call, call) for call in self._plan["calls"]]
        if self._plan.get("script") is not None:
            calls = [self._script]
        self._histories = [self._history(seen) for seen in self._plan["memories"]]
        for k, call in enumerate(calls, 1):
            for history in self._histories:
                history.before(last=k == len(calls))
            if k == len(calls):
                self._remember()
                before_last()
            tell(json.dumps(self._step(call)), k)
            for history in self._histories:
                history.after(k, last=k == len(calls))
        return [
            {
                **self._image(seen),
                "sizes": history.sizes,
                "detached": history.detached,
                "when": history.when,
            }
            for seen, history in zip(self._plan["memories"], self._histories, strict=True)
        ]

    def _history(self, seen: Mapping[str, Json]) -> _History:
        export = seen["export"]
        history = _History(lambda: self._exports[export].buffer, lambda: self._bytes(seen))
        history.start()
        return history

    def _step(self, act: Callable[[], list[list[str]]]) -> dict[str, Json]:
        self.log, self.logged = [], 0
        start = time.perf_counter()
        outcome: dict[str, Json]
        try:
            outcome = {"values": act()}
        except Exception as error:
            outcome = {"error": _described(error)}
        ms = (time.perf_counter() - start) * 1000
        self._printed.end()
        if self._program is not None:
            self._program.end_lines()
        return {**outcome, "log": self.log, "logged": self.logged, "ms": ms}

    def _instantiate(self) -> list[list[str]]:
        module = WebAssembly.Module(bytes(self._plan["bytes"]))
        self._scope["module"] = module
        instance = WebAssembly.Instance(module, self.imports())
        self._exports = instance.exports
        memories = [self._exports[seen["export"]] for seen in self._plan["memories"]]
        self._scope |= {"instance": instance, "exports": self._exports, "memories": memories}
        self._scope["memory"] = memories[0] if memories else None
        return []

    def _remember(self) -> None:
        self._before = {seen["index"]: self._bytes(seen) for seen in self._plan["memories"]}

    def _script(self) -> list[list[str]]:
        value = evaluate(self._plan["script"]["text"], self._scope, _SCRIPT)
        return [] if value is None else [["script", _shown(value)]]

    def _call(self, call: Mapping[str, Json]) -> list[list[str]]:
        if self._program is not None:
            done = self._program.call(self._scope["instance"], call["export"])
            if done is not None:
                return done
        result = self._exports[call["export"]](*map(read, call["arguments"]))
        results = call["results"]
        if not results:
            return []
        values = [result] if len(results) == 1 else result
        return [written(type_, value) for type_, value in zip(results, values, strict=True)]

    def imports(self) -> dict[str, dict[str, Any]]:
        """What stands for each import: modules, and names in them."""
        imports: dict[str, dict[str, Any]] = {}
        for stub in self._plan["stubs"]:
            names = imports.setdefault(stub["module"], {})
            if stub["name"] not in names:
                names[stub["name"]] = self._given(stub)
        return imports

    def _given(self, stub: Mapping[str, Json]) -> Any:
        """What stands for an import: WASI's or what was written by hand, else a stub of its type."""
        given = self._written.get(stub["module"], {})
        if self._program is not None and stub["module"] == MODULE:
            given = self._program.wasi.wasiImport
        if stub["name"] not in given:
            return self._stub(stub)
        value = given[stub["name"]]
        return self._function(stub, value) if stub["kind"] == "func" else value

    def _stub(self, stub: Mapping[str, Json]) -> Any:
        kind = stub["kind"]
        if kind == "func":
            return self._function(stub)
        if kind == "memory":
            shared = {"shared": True} if stub["limits"]["shared"] else {}
            return WebAssembly.Memory({**_limits(stub["limits"]), **shared})
        if kind == "table":
            element = "anyfunc" if stub["element"] == "funcref" else stub["element"]
            return WebAssembly.Table({"element": element, **_limits(stub["limits"])})
        if kind == "global":
            value = "anyfunc" if stub["value"] == "funcref" else stub["value"]
            descriptor = {"value": value, "mutable": stub["mutable"]}
            return WebAssembly.Global(descriptor, _zero(stub["value"]))
        return WebAssembly.Tag({"parameters": list(stub["params"])})

    def _say(self, name: str, text: str) -> None:
        self._write({"name": name, "said": text})

    def _write(self, entry: Json) -> None:
        self.logged += 1
        if len(self.log) < _MOST_LOGGED:
            self.log.append(entry)

    def _function(
        self, stub: Mapping[str, Json], answer: Callable[..., Any] | None = None
    ) -> Callable[..., Any]:
        """A function that writes down its calls. Without ``answer`` it gives zeros."""
        name = f"{stub['module']}.{stub['name']}"
        params, results = stub["params"], stub["results"]

        def imported(*given: Any) -> Any:
            arguments = [written(type_, value) for type_, value in zip(params, given, strict=True)]
            self._write({"name": name, "arguments": arguments})
            if answer is not None:
                return answer(*given)
            values = [_zero(type_) for type_ in results]
            return values if len(values) > 1 else values[0] if values else None

        return imported

    def notes(self) -> Uint8Array:
        """What a module with a recording has noted."""
        return Uint8Array(self._exports[self._plan["recording"]["export"]].buffer)

    def _bytes(self, seen: Mapping[str, Json]) -> bytes:
        buffer = self._exports[seen["export"]].buffer
        return bytes(Uint8Array(buffer, 0, min(buffer.byteLength, _MOST_BYTES)))

    def _image(self, seen: Mapping[str, Json]) -> dict[str, Any]:
        index = seen["index"]
        data = self._bytes(seen)
        before = self._before.get(index)
        pages = {}
        changed: list[list[int]] = []
        for start in range(0, len(data), _PAGE):
            page = data[start : start + _PAGE]
            if page.count(0) != len(page):
                pages[start // _PAGE] = page
            if before is not None:
                old = before[start : start + _PAGE].ljust(len(page), b"\0")
                if old != page:
                    for at in _differences(page, old):
                        _add(changed, start + at)
        length = self._exports[seen["export"]].buffer.byteLength
        image = {"index": index, "byteLength": length, "seen": len(data)}
        return {**image, "pages": pages, "changed": changed}


class _History:
    """A memory's sizes, whether steps detached its buffers, and in which call each of its words changed last."""

    def __init__(self, buffer: Callable[[], Any], data: Callable[[], bytes]) -> None:
        self._now = buffer
        self._data = data
        self._buffer: Any = None
        self._known = b""
        self._compared = 0
        self._missed = False
        self._when: dict[int, array[int]] = {}
        self.sizes: list[int] = []
        self.detached: list[bool] = []

    def start(self) -> None:
        """The instance is made."""
        self._known = self._data()
        self._end()

    def before(self, last: bool) -> None:
        """A call is about to be made."""
        self._buffer = self._now()
        if last and self._missed:
            self._compare(self._data(), _SOME_CALL)

    def after(self, call: int, last: bool) -> None:
        """A call was made, the first has the number 1."""
        length = self._now().byteLength
        if last or self._compared + length <= _MOST_COMPARED:
            some = self._missed and not last
            self._compare(self._data(), _SOME_CALL if some else min(call, _MOST_CALLS))
            self._missed = False
        else:
            self._missed = True
        self._end()

    def _end(self) -> None:
        self.sizes.append(self._now().byteLength)
        self.detached.append(bool(getattr(self._buffer, "detached", False)))
        self._buffer = None

    def _compare(self, data: bytes, call: int) -> None:
        self._compared += len(data)
        known = self._known.ljust(len(data), b"\0")
        for start in range(0, len(data), _PAGE):
            old, page = known[start : start + _PAGE], data[start : start + _PAGE]
            if old == page:
                continue
            index = start // _PAGE
            if index not in self._when and len(self._when) >= _MOST_PAGES:
                continue
            when = self._when.setdefault(index, array("H", bytes(_PAGE // 2)))
            rest = -len(page) % 4
            pair = (array("I", each + bytes(rest)) for each in (old, page))
            for word, changed in zip(count(), map(ne, *pair)):
                if changed:
                    when[word] = call
        self._known = data

    @property
    def when(self) -> dict[int, bytes]:
        """By pages, for each word the number of the call that changed it last, in two bytes, 0 for none."""
        return {page: words.tobytes() for page, words in self._when.items()}


def _add_reads(plan: Mapping[str, Json], images: list[dict[str, Any]]) -> None:
    """Make the calls once more with a module that notes what it reads, and add what the last call has read."""
    recording = plan.get("recording")
    if recording is None or not images:
        return
    run = Run({**plan, "bytes": recording["bytes"]})
    steps: list[Json] = []

    def clear() -> None:
        run.notes().fill(0)

    again = run.all(lambda step, index: steps.append(json.loads(step)), clear)
    why = ""
    if "error" in steps[0]:
        why = f"this engine does not take the module that notes it: {steps[0]['error']['message']}"
    elif [_contents(image) for image in images] != [_contents(image) for image in again]:
        why = "the calls came to other memories when they were made once more"
    for image in images:
        if why:
            image["unread"] = why
            continue
        region = recording["regions"][image["index"]]
        base, limit = region["base"], region["limit"]
        image["read"] = _ranges(bytes(run.notes().subarray(base, base + limit // 8)), image["seen"])


def _contents(image: dict[str, Any]) -> tuple[int, dict[int, bytes]]:
    return image["byteLength"], image["pages"]


def _ranges(bits: bytes, length: int) -> list[list[int]]:
    """The addresses whose bits are set."""
    found: list[list[int]] = []
    for match in re.finditer(rb"[^\0]", bits[: (length + 7) // 8]):
        byte = match[0][0]
        for bit in range(8):
            if byte >> bit & 1:
                _add(found, match.start() * 8 + bit)
    return found


def _differences(page: bytes, old: bytes) -> Iterator[int]:
    return (at for at, (a, b) in enumerate(zip(page, old, strict=True)) if a != b)


def _add(changed: list[list[int]], address: int) -> None:
    if changed and sum(changed[-1]) == address:
        changed[-1][1] += 1
    elif len(changed) < _MOST_RANGES:
        changed.append([address, 1])


def _limits(limits: Mapping[str, Json]) -> dict[str, Any]:
    found: dict[str, Any] = {"initial": int(limits["minimum"])}
    if limits["address"] == "i64":
        found["address"] = "i64"
    if limits["maximum"] is not None:
        found["maximum"] = int(limits["maximum"])
    return found


def _described(error: Exception) -> dict[str, Json]:
    passed = getattr(error, "wasm_frames", ())[:_MOST_FRAMES]
    frames = [
        {"index": frame.index, "offset": frame.offset, "name": frame.name or ""} for frame in passed
    ]
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    described = {"name": _name(error), "message": message, "frames": frames}
    line = line_of(error, _SCRIPT)
    return described if line is None else {**described, "line": line}


def _shown(value: Any) -> str:
    """A result of a script, without the addresses of objects."""
    plain = isinstance(value, bool | int | float | str | bytes | list | tuple | dict)
    return repr(value) if plain else type(value).__name__


def _name(error: Exception) -> str:
    name = getattr(error, "name", None)
    return name if isinstance(name, str) else type(error).__name__
