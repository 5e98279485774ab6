"""Names of functions from DWARF, of each version, in stacks and for breakpoints."""

from __future__ import annotations

from typing import Final

import pytest

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.binary.leb128 import unsigned
from pyjsapi.debugging import DebugError, Debugger
from pyjsapi.debugging.dwarf_functions import DebugFunction, debug_functions
from pyjsapi.debugging.listing import Listing

MODULE: Final = wat2wasm(
    """(module (import "m" "f" (func))
      (func (export "run") (result i32) (i32.add (call 2) (call 3)))
      (func (result i32) (i32.const 1)) (func (result i32) (i32.const 2)))""",
    names=False,
)
TEXTS: Final = b"\0Counter\0twice\0_ZN7Counter5twiceEv\0"


def custom(name: str, content: bytes) -> bytes:
    body = unsigned(len(name)) + name.encode() + content
    return b"\0" + unsigned(len(body)) + body


def abbreviation(code: int, tag: int, inner: bool, *attributes: tuple[int, int]) -> bytes:
    pairs = b"".join(unsigned(attribute) + unsigned(form) for attribute, form in attributes)
    return unsigned(code) + unsigned(tag) + bytes([inner]) + pairs + b"\0\0"


def sections(version: int, starts: list[int]) -> dict[str, bytes]:
    """What a compiler says of ``main``, ``other::twice``, and of ``Counter::twice``, which is declared in its class."""
    late = version >= 5
    text, address, reference = (0x25, 0x1B, 0x13) if late else (0x0E, 0x01, 0x13)
    linkage = 0x6E if version >= 4 else 0x2007
    bases = ((0x72, 0x17), (0x73, 0x17)) if late else ()
    abbreviations = (
        abbreviation(1, 0x11, True, *bases, (0x03, 0x08))
        + abbreviation(2, 0x02, True, (0x03, text))
        + abbreviation(3, 0x2E, False, (0x03, text), (linkage, text))
        + abbreviation(4, 0x2E, False, (0x11, address), (0x47, reference))
        + abbreviation(5, 0x2E, True, (0x11, address), (0x03, 0x08), (0x02, 0x0A), (0x3F, 0x0C))
        + abbreviation(6, 0x39, True, (0x03, 0x08))
        + abbreviation(7, 0x34, False, (0x03, 0x08), (0x3B, 0x0D))
        + b"\0"
    )

    def of(index: int) -> bytes:
        if late:
            return bytes([index])
        return TEXTS.index((b"Counter", b"twice", b"_ZN")[index]).to_bytes(4, "little")

    def at(index: int) -> bytes:
        return bytes([index]) if late else starts[index].to_bytes(4, "little")

    head = version.to_bytes(2, "little")
    head += b"\1\4\0\0\0\0" if late else b"\0\0\0\0\4"
    root = b"\1" + (b"\x08\0\0\0\x08\0\0\0" if late else b"") + b"unit\0"
    before = 4 + len(head) + len(root) + 1 + len(of(0))
    body = root + b"\2" + of(0) + b"\3" + of(1) + of(2) + b"\0"
    body += b"\4" + at(1) + before.to_bytes(4, "little")
    body += b"\5" + at(0) + b"main\0" + b"\2ab" + b"\1" + b"\7x\0\5" + b"\0"
    body += b"\6other\0" + b"\5" + at(2) + b"twice\0\0\1\0" + b"\0" + b"\0"
    unit = head + body
    found = {
        ".debug_info": len(unit).to_bytes(4, "little") + unit,
        ".debug_abbrev": abbreviations,
        ".debug_str": TEXTS,
    }
    if late:
        places = [TEXTS.index(each) for each in (b"Counter", b"twice", b"_ZN")]
        found[".debug_str_offsets"] = bytes(8) + b"".join(p.to_bytes(4, "little") for p in places)
        found[".debug_addr"] = bytes(8) + b"".join(s.to_bytes(4, "little") for s in starts)
    return found


def starts() -> list[int]:
    compiled = WebAssembly.Module(MODULE)._compiled
    first = Listing(compiled).code_start
    return [func.code.start - first for func in compiled.module.funcs]  # type: ignore[attr-defined]


@pytest.mark.parametrize("version", [2, 3, 4, 5])
def test_functions_have_the_names_of_their_source(version: int) -> None:
    first, second, third = starts()
    found = sections(version, [first, second, third])
    assert debug_functions(found) == [
        DebugFunction(first, "main", None),
        DebugFunction(second, "Counter::twice", "_ZN7Counter5twiceEv"),
        DebugFunction(third, "other::twice", None),
    ]
    data = MODULE + b"".join(custom(name, content) for name, content in found.items())
    module = WebAssembly.Module(data)
    with Debugger(WebAssembly.Instance(module, {"m": {"f": lambda: None}})) as debugger:
        made = debugger.breakpoints.add({"kind": "function", "function": "Counter::twice"})
        assert made.plain()["function"] == 2
        for name in ("_ZN7Counter5twiceEv", "$Counter::twice"):
            assert debugger.breakpoints.function(name, debugger.instance).index == 2
        with pytest.raises(DebugError, match=r"any of Counter::twice \(2\), other::twice \(3\)"):
            debugger.breakpoints.add({"kind": "function", "function": "twice"})
        with pytest.raises(DebugError, match="no function 'wice'"):
            debugger.breakpoints.add({"kind": "function", "function": "wice"})
        debugger.call("main")
        frames = debugger.proceed()["frames"]
        assert [frame["name"] for frame in frames] == ["Counter::twice", "main"]


@pytest.mark.parametrize("version", [4, 5])
def test_damaged_sections_are_left_out(version: int) -> None:
    found = sections(version, [2, 9, 14])
    for name, content in found.items():
        for cut in range(len(content)):
            debug_functions({**found, name: content[:cut]})
            debug_functions({**found, name: content[:cut] + b"\xff" + content[cut + 1 :]})
    assert debug_functions({}) == []


def test_what_a_linker_left_out_has_no_name() -> None:
    assert [one.name for one in debug_functions(sections(4, [0, 9, 0]))] == ["Counter::twice"]
