"""Code that nests deeper than any stack: accepted, validated, and run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi import WebAssembly

Run = Callable[..., None]


@pytest.mark.parametrize("opcode", [2, pytest.param(3, marks=pytest.mark.long)])
def test_a_hundred_thousand_nested_blocks_run(run: Run, opcode: int) -> None:
    run(f"""
        count = 100_000
        block = bytes(({opcode}, 0x40))
        assert call(function(block * count + b"\\x0b" * count)) is None
        assert refused(function(block * count + b"\\x0b" * (count - 1))) == "CompileError"
        assert refused(function(block * count + b"\\x0b" * (count + 1))) == "CompileError"
    """)


def test_a_branch_out_of_a_hundred_thousand_blocks(run: Run) -> None:
    run("""
        count = 100_000
        out = b"\\x0c" + leb(count - 1)
        body = b"\\2\\x40" * count + out + b"\\x0b" * count + b"\\x41\\7"
        assert call(function(body, I32_TYPE), 0) == 7
        beyond = b"\\x0c" + leb(count + 1)
        body = b"\\2\\x40" * count + beyond + b"\\x0b" * count + b"\\x41\\7"
        assert refused(function(body, I32_TYPE)) == "CompileError"
    """)


NESTED = {
    "if": lambda n: b"\x20\0\4\x40" * n + b"\x41\5\x21\0" + b"\x0b" * n + b"\x20\0",
    "if with else": lambda n: b"\x20\0\4\x40" * n + b"\x41\5\x21\0" + b"\5\x0b" * n + b"\x20\0",
    "else": lambda n: b"\x20\0\x45\4\x40\5" * n + b"\x41\5\x21\0" + b"\x0b" * n + b"\x20\0",
    "if with a result": lambda n: b"\x20\0\4\x7f" * n + b"\x41\5" + b"\5\x20\0\x0b" * n,
    "block with a result": lambda n: b"\2\x7f" * n + b"\x41\5" + b"\x0b" * n,
    "loop around if": lambda n: b"\3\x40\x20\0\4\x40" * n + b"\x41\5\x21\0" + b"\x0b\x0b" * n + b"\x20\0",
    "operands": lambda n: b"\x20\0" * (n + 1) + b"\x72" * n + b"\x41\2\x6a",
    "sums": lambda n: b"\x20\0" + b"\x41\0\x6a" * n + b"\x41\2\x6a",
    "addresses": lambda n: b"\x20\0" + b"\x41\0\x6c\x28\0\0" * n + b"\x41\5\x6a",
    "unary": lambda n: b"\x20\0\xb7" + b"\x9a" * (2 * n) + b"\xaa\x41\2\x6a",
    "select": lambda n: b"\x20\0" + b"\x20\0\x20\0\x1b" * n + b"\x41\2\x6a",
    "tee": lambda n: b"\x20\0" + b"\x22\0\x41\0\x6a" * n + b"\x41\2\x6a",
    "values left over": lambda n: b"\x20\0" * n + b"\x1a" * n + b"\x41\5",
    "branches to every label": lambda n: b"\2\x40" * n
    + b"".join(b"\x20\0\x45\x0d" + bytes((i & 127 | 128, i >> 7)) for i in range(n))
    + b"\x0b" * n + b"\x41\5",
}  # fmt: skip


@pytest.mark.parametrize("name", NESTED)
@pytest.mark.parametrize("count", [10, 90, 10_000])
def test_nested_code_runs(build: Any, name: str, count: int) -> None:
    data = build.function(NESTED[name](count), build.I32_TYPE)
    function = WebAssembly.Instance(WebAssembly.Module(data)).exports.f
    assert function(3) == 5


def test_code_that_takes_more_memory_than_there_is_does_not_take_the_instance_along(
    run: Run,
) -> None:
    run("""
        nested = b"\\x20\\0\\4\\x40" * 100_000 + b"\\x0b" * 100_000 + b"\\x20\\0\\x0b"
        types, functions = section(1, I32_TYPE), section(3, b"\\0", b"\\0")
        exports = section(7, b"\\1f\\0\\0", b"\\1g\\0\\1")
        codes = section(10, sized(b"\\0" + nested), sized(b"\\0\\x20\\0\\x0b"))
        instance = WebAssembly.Instance(WebAssembly.Module(HEADER + types + functions + exports + codes))
        for _ in range(2):
            try:
                assert instance.exports.f(3) == 3
            except RangeError as error:
                assert error.message == "out of memory"
            assert instance.exports.g(7) == 7
    """)
