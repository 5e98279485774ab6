"""Lines of source programs: DWARF of versions 4 and 5, source maps, and the module's own text."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import WebAssembly, wasm2wat, wat2wasm
from pyjsapi.binary.leb128 import unsigned
from pyjsapi.debugging import DebugError, Debugger
from pyjsapi.debugging.dwarf import Row, line_rows
from pyjsapi.debugging.source_maps import map_rows
from tests.debugging.conftest import FACTORIAL

TEXT = """(module
  (func (export "f") (param i32) (result i32)
    local.get 0
    i32.const 1
    i32.add)
  (func (export "g") (result i32) (i32.const 5)))"""
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def _custom(name: str, content: bytes) -> bytes:
    body = unsigned(len(name)) + name.encode() + content
    return b"\0" + unsigned(len(body)) + body


def _program(version: int, offsets: list[tuple[int, int]], end: int) -> bytes:
    """A line number program: at each offset in the code section a line, with column 3."""
    lengths = bytes((0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1))
    rest = b"\1\1\1\xfb\x0e\x0d" if version >= 4 else b"\1\1\xfb\x0e\x0d"
    if version >= 5:
        # A directory and a file: path as a string; path in .debug_line_str and directory as udata.
        files = b"\1\1\x08\1/src\0" + b"\2\1\x1f\2\x0b\2" + b"\0\0\0\0\0" + b"\0\0\0\0\0"
    else:
        files = b"/src\0\0" + b"main.c\0\1\0\0" + b"\0"
    rest += lengths + files
    header = (b"\4\0" if version >= 5 else b"") + len(rest).to_bytes(4, "little") + rest
    code = b""
    address, line = offsets[0][0], 1
    code += b"\0\5\2" + address.to_bytes(4, "little") + b"\5\3"
    for offset, wanted in offsets:
        code += b"\2" + unsigned(offset - address)
        code += b"\3" + _signed(wanted - line) + b"\1"
        address, line = offset, wanted
    code += b"\2" + unsigned(end - address) + b"\0\1\1"
    unit = version.to_bytes(2, "little") + header + code
    return len(unit).to_bytes(4, "little") + unit


def _signed(value: int) -> bytes:
    return bytes((value & 0x7F,))


def _with_dwarf(version: int) -> tuple[bytes, list[int]]:
    """The module, and the offsets of the instructions of its first function in the code section."""
    data = wat2wasm(TEXT)
    module = WebAssembly.Module(data)._compiled
    start = data.index(b"\x0a", 20)  # the code section
    contents = start + 2
    offsets = [offset - contents for offset in module.module.funcs[0].code.offsets()]  # type: ignore[attr-defined]
    program = _program(version, [(offsets[0], 10), (offsets[2], 12)], offsets[-1] + 1)
    data += _custom(".debug_line", program)
    if version >= 5:
        data += _custom(".debug_line_str", b"main.c\0")
    return data, offsets


@pytest.mark.parametrize("version", [2, 3, 4, 5])
def test_dwarf_gives_places(version: int) -> None:
    data, offsets = _with_dwarf(version)
    customs = {c.name: c.data for c in WebAssembly.Module(data)._compiled.module.customs}
    assert line_rows(customs)[0] == Row(offsets[0], "/src/main.c", 10, 3)
    with Debugger(WebAssembly.Instance(WebAssembly.Module(data))) as debugger:
        places = [debugger.call("f", [1])["frames"][0]["place"]]
        places += [debugger.step()["frames"][0]["place"] for _ in range(2)]
        assert [place["line"] for place in places] == [10, 10, 12]
        assert places[0] == {"file": "/src/main.c", "line": 10, "column": 3}
        assert debugger.call("g")["frames"][0]["place"] is None
        made = debugger.breakpoints.add({"kind": "line", "file": "main.c", "line": 12})
        assert made.plain()["instruction"] == 2
        with pytest.raises(DebugError, match=r"line 13 of main\.c"):
            debugger.breakpoints.add({"kind": "line", "file": "main.c", "line": 13})


@pytest.mark.parametrize("cut", range(4, 60, 7))
def test_damaged_dwarf_is_left_out(cut: int) -> None:
    program = _program(4, [(2, 10)], 5)
    line_rows({".debug_line": program[:cut]})
    line_rows({".debug_line": program[:cut] + b"\xff" * 9 + program[cut:]})


def test_what_a_linker_left_out_has_no_places() -> None:
    assert line_rows({".debug_line": _program(4, [(0, 10)], 5)}) == []


def _vlq(*numbers: int) -> str:
    out = ""
    for number in numbers:
        value = -number << 1 | 1 if number < 0 else number << 1
        while True:
            value, digit = value >> 5, value & 31
            out += _BASE64[digit | (32 if value else 0)]
            if not value:
                break
    return out


def _map(offset: int) -> str:
    mappings = f"{_vlq(offset, 0, 6, 2)},{_vlq(4, 0, -2, 1)}"
    return json.dumps(
        {
            "version": 3,
            "sources": ["prog.ts"],
            "sourceRoot": "lib/",
            "sourcesContent": ["one\ntwo\nthree\nfour\nfive\nsix\nseven"],
            "mappings": mappings,
        }
    )


def test_source_maps_give_places() -> None:
    data = wat2wasm(TEXT)
    first = WebAssembly.Module(data)._compiled.module.funcs[0].code.offsets()[0]  # type: ignore[attr-defined]
    text = _map(first)
    assert map_rows(text) == [Row(first, "lib/prog.ts", 7, 3), Row(first + 4, "lib/prog.ts", 5, 4)]
    url = "data:application/json;base64," + base64.b64encode(text.encode()).decode()
    inside = data + _custom("sourceMappingURL", unsigned(len(url)) + url.encode())
    for binary, given in ((data, text), (inside, None)):
        instance = WebAssembly.Instance(WebAssembly.Module(binary))
        with Debugger(instance, source_map=given) as debugger:
            debugger.call("f", [1])
            place = debugger.state()["frames"][0]["place"]
            assert place == {"file": "lib/prog.ts", "line": 7, "column": 3}
            assert debugger.step(2)["frames"][0]["place"]["line"] == 5
            lines = debugger.source("lib/prog.ts")
            assert lines is not None
            assert lines[6] == "seven"


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"sources": 1, "mappings": ""}', '{"sources": [], "mappings": "AAAA"}'],
)
def test_what_is_no_source_map_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"no source map|Expecting value"):
        map_rows(text)


def test_without_a_source_lines_are_those_of_the_printed_text() -> None:
    data = wat2wasm(FACTORIAL + "(; nobody remembers this text ;)")
    binary = data + _custom("extra", b"")
    printed = wasm2wat(binary).splitlines()
    with Debugger(WebAssembly.Instance(WebAssembly.Module(binary))) as debugger:
        state: Any = debugger.call("fact", [1])
        while state["frames"]:
            frame = state["frames"][0]
            assert frame["place"]["file"] == "text"
            assert printed[frame["place"]["line"] - 1].strip() == frame["text"]
            assert debugger.source("text") == printed
            state = debugger.step()


def test_files_of_sources_are_read_where_they_are(tmp_path: Path) -> None:
    path = tmp_path / "prog.c"
    path.write_text("a\nb\n")
    data = wat2wasm(TEXT)
    text = json.dumps({"sources": [str(path)], "mappings": _vlq(1, 0, 1, 0)})
    with Debugger(WebAssembly.Instance(WebAssembly.Module(data)), source_map=text) as debugger:
        debugger.call("f", [1])
        assert debugger.source(str(path)) == ["a", "b"]
        assert debugger.source(str(tmp_path / "other.c")) is None
