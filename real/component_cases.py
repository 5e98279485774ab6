"""Comparison cases for the components: core modules, wired as the generated glue wires them."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from real.case_steps import Step, Steps, big, path
from real.components import (
    STRING_PAIRS,
    UTF8,
    Encoding,
    read_wiring,
    string_component,
)

Case = dict[str, Any]
COVERS = ["real modules: adapters of jco transpile --multi-memory"]


def _slug(message: str) -> str:
    return re.sub(r"\W+", "_", message.removeprefix("wasm trap: ")).strip("_")


class ComponentSteps(Steps):
    """The steps that instantiate a component, and those that call it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._wiring = read_wiring(folder)
        entries = self._wiring["instances"]
        self.modules: dict[str, dict[str, str]] = {}
        self._add_glue()
        for index, entry in enumerate(entries):
            self._add_instance(index, entry)
        self.front = f"i{len(entries) - 1}"
        allocator = entries[-1]["imports"]["allocator"]["memory"]["instance"]
        self.memory = f"i{allocator}.exports.memory"
        self.realloc = f"i{allocator}.exports.realloc"
        self._results = 0

    def _module(self, alias: str, file: str) -> str:
        self.modules[alias] = {"file": f"components/{file}"}
        return alias

    def _add_glue(self) -> None:
        for index, value in enumerate(self._wiring["globals"]):
            kind = {"value": "i32", "mutable": True}
            self.append({"new": "WebAssembly.Global", "args": [kind, value], "as": f"flags{index}"})
        self.instance(self._module("runtime", "runtime.wasm"), "glue")
        traps = {
            described["trap"]
            for entry in self._wiring["instances"]
            for described in entry["imports"].get("runtime", {}).values()
        }
        for message in sorted(traps):
            self.host(f"trap_{_slug(message)}", params=[], throws=message)

    def _add_instance(self, index: int, entry: Mapping[str, Any]) -> None:
        imports = {
            module: {
                name: self._import(index, name, described, entry)
                for name, described in fields.items()
            }
            for module, fields in entry["imports"].items()
        }
        alias = entry["module"].removesuffix(".wasm").rpartition(".")[2]
        file = f"{self._folder.name}/{entry['module']}"
        self.instance(self._module(alias, file), f"i{index}", imports)

    def _import(
        self, index: int, name: str, described: Mapping[str, Any], entry: Mapping[str, Any]
    ) -> str:
        if "instance" in described:
            return f"${path('i' + str(described['instance']), described['export'])}"
        if "global" in described:
            return f"$flags{described['global']}"
        if "trap" in described:
            return f"$trap_{_slug(described['trap'])}"
        if "runtime" in described:
            return f"${path('glue', described['runtime'])}"
        memories = {
            end: self._import(index, name, entry["imports"]["memory"][described[end]], entry)
            for end in ("from", "to")
        }
        alias = f"transcoder_{index}_{described['from']}"
        self._module("transcoder", "transcoder.wasm")
        self.instance("transcoder", alias, {"memory": memories})
        return f"${path(alias, described['transcoder'])}"

    def place(self, data: bytes, align: int) -> str:
        """Puts bytes into the front component's memory; an expression for their address."""
        at = self.reserve(align, len(data))
        self.write(self.memory, at, data)
        return at

    def reserve(self, align: int, size: int) -> str:
        """Allocates bytes there; an expression for their address."""
        self._results += 1
        name = f"at{self._results}"
        self.call(self.realloc, 0, 0, align, size, as_=name)
        return f"${name}"

    def place_text(self, text: str, encoding: Encoding) -> tuple[str, int]:
        """Puts a string there; an expression for its address, and its length in code units."""
        data = text.encode(encoding.codec)
        return self.place(data, encoding.width), len(data) // encoding.width

    def invoke(self, function: str, *arguments: Any) -> str:
        """Calls a function of the front component; an expression for what it returned."""
        self._results += 1
        name = f"r{self._results}"
        self.call(path(self.front, function), *arguments, as_=name)
        return f"${name}"

    def fails(self, function: str, *arguments: Any, error: str = "HostError") -> None:
        """Calls a function that must fail."""
        self.call(path(self.front, function), *arguments, error=error)

    def range_at(self, at: str | int) -> tuple[str, str]:
        """Reads an address and a length; expressions for them."""
        self._results += 1
        name = f"range{self._results}"
        self.read(self.memory, at, 2, "Uint32Array", as_=name)
        return f"${name}[0]", f"${name}[1]"

    def expect_text(self, at: str | int, text: str, encoding: Encoding) -> None:
        """Reads the string whose address and length are at ``at``."""
        units = text.encode(encoding.codec)
        pattern, view = ("B", "Uint8Array") if encoding.width == 1 else ("H", "Uint16Array")
        expected = [unit for (unit,) in struct.iter_unpack(f"<{pattern}", units)]
        self.read(self.memory, *self.range_at(at), view, expect=expected)

    def done(self, post: str, returned: Any) -> None:
        """The post-return function."""
        self.call(path(self.front, post), returned)


def _case(id_: str, title: str, steps: ComponentSteps) -> Case:
    return {
        "id": id_,
        "title": title,
        "covers": COVERS,
        "group": "Real modules: components",
        "modules": steps.modules,
        "steps": list[Step](steps),
    }


def _greeting(name: str) -> str:
    text = f"hello, {name}!"
    return "".join(c.upper() if c.isascii() else c for c in text)


GREETED = ("Ada", "żółw 🐢 naïve", "", "日本語")


def _greet(steps: ComponentSteps, name: str, expected: str, encoding: Encoding) -> None:
    result = steps.invoke("greet", *steps.place_text(name, encoding))
    steps.expect_text(result, expected, encoding)
    steps.done("post-greet", result)


def _string_cases(folder: Path) -> list[Case]:
    cases = []
    for front, back in STRING_PAIRS:
        name = string_component(front, back)
        steps = ComponentSteps(folder / name)
        for greeted in GREETED:
            _greet(steps, greeted, _greeting(greeted), front)
        title = f"Strings pass between two components and back, {front.name} to {back.name}"
        cases.append(_case(f"real-{name}", title, steps))

        steps = ComponentSteps(folder / name)
        # 100,000 characters NUL: both memories (one page) must grow while the adapter runs
        length = 100_000
        at = steps.reserve(front.width, length * front.width)
        steps.get(f"{steps.memory}.buffer.byteLength", 65536 * (2 if front is UTF8 else 4))
        result = steps.invoke("greet", at, length)
        address, count = steps.range_at(result)
        view = "Uint8Array" if front is UTF8 else "Uint16Array"
        steps.get(count.removeprefix("$"), length + len("hello, !"))
        steps.read(steps.memory, address, 8, view, expect=[*b"HELLO, ", 0])
        for index in (0, 2):
            steps.append({"get": f"i{index}.exports.memory.buffer.byteLength"})
        title = f"Both memories grow while a long string passes, {front.name} to {back.name}"
        cases.append(_case(f"real-{name}-growth", title, steps))
    steps = ComponentSteps(folder / "chain")
    for greeted in GREETED:
        _greet(steps, greeted, f"<{_greeting(greeted)}>", UTF8)
    cases.append(_case("real-chain", "A string passes through three components", steps))
    return cases


def _list_cases(folder: Path) -> list[Case]:
    steps = ComponentSteps(folder / "lists")
    at = steps.place(struct.pack("<4I", 1, 2, 3, 0xFFFFFFFF), 4)
    result = steps.invoke("running-sums", at, 4)
    steps.read(steps.memory, *steps.range_at(result), "Uint32Array", expect=[1, 3, 6, 5])
    steps.done("post-list", result)
    at = steps.place(struct.pack("<3d", 1, 2, 4.5), 8)
    steps.call(path(steps.front, "mean"), at, 3, expect=2.5, as_="mean")
    steps.done("post-mean", "$mean")
    result = steps.invoke("reversed", steps.place(bytes(range(40)), 1), 40)
    steps.read(steps.memory, *steps.range_at(result), expect=list(range(39, -1, -1)))
    steps.done("post-list", result)
    return [
        _case("real-lists", "Lists of numbers pass between two components", steps),
        _list_of_strings_case(folder),
        *_refused_list_cases(folder),
    ]


def _list_of_strings_case(folder: Path) -> Case:
    steps = ComponentSteps(folder / "lists")
    parts: list[Any] = []
    for part in ("a", "bc", "", "dé"):
        parts += steps.place_text(part, UTF8)
    steps.call(steps.realloc, 0, 0, 4, 32, as_="parts")
    steps.write(steps.memory, "$parts", parts, "Uint32Array")
    result = steps.invoke("join", "$parts", 4, *steps.place_text(", ", UTF8))
    steps.expect_text(result, "a, bc, , dé", UTF8)
    steps.done("post-list", result)
    result = steps.invoke("words", *steps.place_text(" the quick  brown ", UTF8))
    address, count = steps.range_at(result)
    steps.get(count.removeprefix("$"), 3)
    steps.read(steps.memory, address, 6, "Uint32Array", as_="words")
    for index, word in enumerate((b"the", b"quick", b"brown")):
        at, length = f"$words[{2 * index}]", f"$words[{2 * index + 1}]"
        steps.read(steps.memory, at, length, expect=list(word))
    steps.done("post-list", result)
    return _case("real-lists-of-strings", "Lists of strings pass between two components", steps)


def _refused_list_cases(folder: Path) -> list[Case]:
    cases = []
    for id_, title, call in (
        (
            "list",
            "The adapter refuses a list that ends outside of memory",
            ("running-sums", 65536, 1),
        ),
        ("string", "The adapter refuses a string outside of memory", ("words", 65530, 7)),
        ("alignment", "The adapter refuses a list at an odd address", ("running-sums", 1, 1)),
    ):
        steps = ComponentSteps(folder / "lists")
        function, *arguments = call
        steps.fails(function, *arguments)
        # What the call that ended in the middle leaves: flags, marks, and components that still work.
        for index in range(2):
            steps.append({"get": f"flags{index}.value"})
        steps.call("glue.exports.entered")
        steps.call(path(steps.front, "mean"), 1024, 0, expect="$NaN")
        cases.append(_case(f"real-lists-refused-{id_}", title, steps))
    return cases


def _bits(format_: str, value: float) -> int:
    integer: int = struct.unpack("<Q" if format_ == "<d" else "<I", struct.pack(format_, value))[0]
    return integer


def _record_cases(folder: Path) -> list[Case]:
    steps = ComponentSteps(folder / "records")
    label, length = steps.place_text("héllo", UTF8)
    result = steps.invoke("translate", -5, 2.5, label, length, 7, 0.5)
    steps.read(steps.memory, result, 1, "Int32Array", expect=[2])
    steps.read(steps.memory, 24, 1, "Float64Array", expect=[3])
    # the result lies at address 16, its label 16 bytes behind
    steps.expect_text(32, "héllo", UTF8)
    steps.done("post", result)
    cases = [_case("real-records", "A record passes between two components", steps)]

    steps = ComponentSteps(folder / "records")
    steps.invoke("area", 0, big(_bits("<d", 2.0)), 0)
    steps.read(steps.memory, 24, 1, "Float64Array", expect=[12.566370614359172])
    steps.invoke("area", 1, big(_bits("<f", 1.5)), _bits("<f", 2.5))
    steps.read(steps.memory, 24, 1, "Float64Array", expect=[3.75])
    steps.read(steps.memory, 16, 1, expect=[0])
    steps.write(steps.memory, 8192, "Ω".encode())
    steps.invoke("area", 2, big(8192), 2)
    steps.read(steps.memory, 16, 1, expect=[1])
    steps.expect_text(24, "Ω", UTF8)
    steps.invoke("area", 3, big(0), 0)
    steps.read(steps.memory, 24, 1, "Float64Array", expect=[0])
    cases.append(_case("real-variants", "Variants and results pass between two components", steps))

    steps = ComponentSteps(folder / "records")
    steps.invoke("mix", 2, 5, 1, big(12345678901234567890), 0x1F422, 1, -128, 65535)
    steps.read(steps.memory, 16, 1, "BigUint64Array", expect=[big(12345678901234633297)])
    steps.read(steps.memory, 24, 1, "Uint32Array", expect=[0x1F423])
    steps.read(steps.memory, 28, 2, expect=[0, 2])
    for title, arguments in (
        ("a char that is a surrogate", (0, 0, 0, big(0), 0xD800, 0, 0, 0)),
        ("an enum without such a label", (7, 0, 0, big(0), 97, 0, 0, 0)),
        ("an option that is neither", (0, 0, 2, big(0), 97, 0, 0, 0)),
    ):
        refused = ComponentSteps(folder / "records")
        refused.fails("mix", *arguments)
        id_ = title.split()[1]
        cases.append(_case(f"real-refused-{id_}", f"The adapter refuses {title}", refused))
    cases.append(
        _case("real-scalars", "Enums, flags, options, chars and small integers pass", steps)
    )
    return cases


def component_cases(folder: Path) -> list[Case]:
    """The cases for the components in ``folder``; paths of modules are relative to its parent."""
    return [*_string_cases(folder), *_list_cases(folder), *_record_cases(folder)]
