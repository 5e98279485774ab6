"""Hostile modules inside Pyodide, whose C stack is short and whose addresses have 32 bits."""

from __future__ import annotations

from pyjsapi import RangeError, WebAssembly

HEADER = b"\0asm\1\0\0\0"
TYPE = b"\1\6\1\x60\1\x7f\1\x7f"
EXPORT = b"\7\5\1\1f\0\0"


def leb(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes((*out, value))


def section(id_: int, content: bytes) -> bytes:
    return bytes((id_,)) + leb(len(content)) + content


def function(body: bytes) -> bytes:
    code = b"\0" + body + b"\x0b"
    return HEADER + TYPE + section(3, b"\1\0") + EXPORT + section(10, b"\1" + leb(len(code)) + code)


def call(body: bytes, argument: int) -> object:
    return WebAssembly.Instance(WebAssembly.Module(function(body))).exports.f(argument)


def refused(data: bytes) -> str:
    try:
        WebAssembly.Instance(WebAssembly.Module(data))
    except (WebAssembly.CompileError, RangeError) as error:
        return error.name
    return "accepted"


def case_a_hundred_thousand_nested_blocks_run() -> None:
    for opcode in (b"\2", b"\3"):
        body = (opcode + b"\x40") * 100_000 + b"\x0b" * 100_000 + b"\x20\0"
        assert call(body, 7) == 7


def case_nested_code_runs() -> None:
    count = 2_000
    nested = (
        b"\x20\0\4\x40" * count + b"\x41\5\x21\0" + b"\x0b" * count + b"\x20\0",
        b"\x20\0\x45\4\x40\5" * count + b"\x41\5\x21\0" + b"\x0b" * count + b"\x20\0",
        b"\x20\0\4\x7f" * count + b"\x41\5" + b"\5\x20\0\x0b" * count,
        b"\x20\0" + b"\x41\0\x6a" * count + b"\x41\2\x6a",
        b"\x20\0" * (count + 1) + b"\x72" * count + b"\x41\2\x6a",
        b"\x20\0\xb7" + b"\x9a" * (2 * count) + b"\xaa\x41\2\x6a",
        b"\x20\0" + b"\x20\0\x20\0\x1b" * count + b"\x41\2\x6a",
    )
    for body in nested:
        assert call(body, 3) == 5


def case_counts_beyond_the_module_are_refused() -> None:
    most = b"\xff\xff\xff\xff\x0f"
    local = b"\1" + most + b"\x7f\x0b"
    head = HEADER + TYPE + section(3, b"\1\0")
    assert refused(head + section(10, b"\1" + leb(len(local)) + local)) == "CompileError"
    assert refused(function(b"\x20\0\x0e" + most)) == "CompileError"
    for id_ in range(14):
        assert refused(HEADER + section(id_, most)) == "CompileError"


def case_tables_and_memories_beyond_the_system_are_out_of_range() -> None:
    most = b"\xff\xff\xff\xff\x0f"
    assert refused(HEADER + section(4, b"\1\x70\0" + most)) == "RangeError"
    assert refused(HEADER + section(5, b"\1\0\x80\x80\4")) == "RangeError"
    assert refused(HEADER + section(5, b"\1\0\x81\x80\4")) == "CompileError"
    assert refused(HEADER + section(5, b"\1\x0c" + b"\xff" * 9 + b"\1\0")) == "RangeError"


def case_memories_of_single_bytes() -> None:
    memory = WebAssembly.Memory(initial=10, maximum=20, pageSize=1)
    assert memory.buffer.byteLength == 10
    assert memory.grow(3) == 10
    assert memory.buffer.byteLength == 13
