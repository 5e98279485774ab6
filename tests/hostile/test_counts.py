"""Counts and sizes that promise more than there is, within little memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi import RangeError, WebAssembly

Run = Callable[..., None]


def test_one_group_of_all_the_locals_there_can_be(run: Run) -> None:
    run("""
        group = MOST + b"\\x7f"
        assert refused(function(b"", locals_=b"\\1" + group)) == "CompileError"
        assert refused(function(b"", locals_=b"\\2" + group + group)) == "CompileError"
        assert refused(function(b"", locals_=MOST)) == "CompileError"
        assert refused(function(b"", locals_=b"\\1" + leb(50_000) + b"\\x7f")) == "accepted"
        assert refused(function(b"", locals_=b"\\1" + leb(50_001) + b"\\x7f")) == "CompileError"
    """)


def test_a_branch_table_that_counts_all_the_targets_there_can_be(run: Run) -> None:
    run("""
        assert refused(function(b"\\x41\\0\\x0e" + MOST)) == "CompileError"
        assert refused(function(b"\\x41\\0\\x0e" + MOST + bytes(1000))) == "CompileError"
    """)


def test_a_table_of_all_the_elements_there_can_be(run: Run) -> None:
    run("""
        data = HEADER + section(4, b"\\x70\\0" + MOST)
        WebAssembly.Module(data)
        assert refused(data) == "instance: RangeError"
        wide = HEADER + section(4, b"\\x70\\4" + leb(2**64 - 1))
        assert refused(wide) == "instance: RangeError"
    """)


def test_a_memory_of_four_gibibytes_is_committed_lazily(run: Run) -> None:
    run(
        """
        data = HEADER + section(5, b"\\0" + leb(65_536)) + section(7, b"\\1m\\2\\0")
        memory = WebAssembly.Instance(WebAssembly.Module(data)).exports.m
        assert memory.buffer.byteLength == 1 << 32
        bytes_ = Uint8Array(memory.buffer)
        bytes_[(1 << 32) - 1] = 7
        assert (bytes_[0], bytes_[(1 << 32) - 1]) == (0, 7)
        assert resident() < 200
        """,
        megabytes=None,
    )


def test_a_memory_that_the_system_does_not_have_is_out_of_range(run: Run) -> None:
    run("""
        data = HEADER + section(5, b"\\0" + leb(65_536))
        assert refused(data) == "instance: RangeError"
        assert refused(HEADER + section(5, b"\\4" + leb(2**37 - 1))) == "instance: RangeError"
        for sizes in ({"initial": 65_536}, {"initial": 8192, "maximum": 8192, "shared": True}):
            try:
                WebAssembly.Memory(sizes)
            except RangeError as error:
                assert "could not allocate" in error.message
            else:
                raise AssertionError("a memory was made of what there is not")
    """)


def test_a_memory_of_a_page_too_many_is_no_module(build: Any) -> None:
    WebAssembly.Module(build.HEADER + build.section(5, b"\0" + build.leb(65_536)))
    with pytest.raises(WebAssembly.CompileError, match="memory size must be at most 65536 pages"):
        WebAssembly.Module(build.HEADER + build.section(5, b"\0" + build.leb(65_537)))


@pytest.mark.parametrize("id_", range(14))
def test_sections_that_count_more_items_than_they_have_bytes(build: Any, id_: int) -> None:
    for content in (build.MOST, build.MOST + bytes(9), build.leb(1 << 20) + bytes(20)):
        with pytest.raises(WebAssembly.CompileError):
            WebAssembly.Module(build.HEADER + build.raw_section(id_, content))
    with pytest.raises(WebAssembly.CompileError):
        WebAssembly.Module(build.HEADER + bytes((id_,)) + build.MOST)


@pytest.mark.parametrize(
    ("id_", "content"),
    [
        (1, b"\1\x60\xff\xff\xff\xff\x0f"),
        (1, b"\1\x60\0\xff\xff\xff\xff\x0f"),
        (1, b"\1\x4e\xff\xff\xff\xff\x0f"),
        (1, b"\1\x50\xff\xff\xff\xff\x0f"),
        (1, b"\1\x5f\xff\xff\xff\xff\x0f"),
        (2, b"\1\xff\xff\xff\xff\x0f"),
        (7, b"\1\xff\xff\xff\xff\x0f"),
        (9, b"\1\5\x70\xff\xff\xff\xff\x0f"),
        (11, b"\1\1\xff\xff\xff\xff\x0f"),
    ],
)
def test_lists_and_names_longer_than_the_module(build: Any, id_: int, content: bytes) -> None:
    with pytest.raises(WebAssembly.CompileError):
        WebAssembly.Module(build.HEADER + build.raw_section(id_, content))


def test_two_hundred_thousand_empty_functions(run: Run) -> None:
    run(
        """
        count = 200_000
        functions = raw_section(3, leb(count) + bytes(count))
        codes = raw_section(10, leb(count) + b"\\2\\0\\x0b" * count)
        data = HEADER + section(1, VOID_TYPE) + functions + section(7, EXPORT_F) + codes
        assert call(data) is None
        """,
        megabytes=1024,
    )


def test_a_million_functions_and_one_are_too_many(build: Any) -> None:
    count = 1_000_001
    functions = build.raw_section(3, build.leb(count) + bytes(count))
    codes = build.raw_section(10, build.leb(count) + b"\2\0\x0b" * count)
    with pytest.raises(WebAssembly.CompileError, match="too many functions: 1000001"):
        WebAssembly.Module(build.HEADER + build.section(1, build.VOID_TYPE) + functions + codes)


def test_a_body_may_have_7654321_bytes_and_none_more(run: Run) -> None:
    run("""
        most = 7_654_319  # and a byte each for no locals and the end
        vector = b"\\xfd\\x0c" + bytes(16) + b"\\x1a"
        body = vector * (most // 19) + b"\\1" * (most % 19)
        assert refused(function(body)) == "accepted"
        assert refused(function(body + b"\\1")) == "CompileError"
    """)


def test_a_table_cannot_grow_beyond_what_the_engine_has(build: Any) -> None:
    table = WebAssembly.Table({"element": "anyfunc", "initial": 0})
    with pytest.raises(RangeError):
        table.grow(2**32 - 1)
    with pytest.raises(RangeError):
        WebAssembly.Table({"element": "anyfunc", "initial": 2**32 - 1})
    assert table.length == 0


def test_filling_a_large_memory_takes_no_memory_beside_it(run: Run) -> None:
    run("""
        fill = b"\\x41\\0\\x20\\0\\x41" + b"\\x80\\x80\\x80\\x20" + b"\\xfc\\x0b\\0\\x20\\0"
        memory = section(5, b"\\0" + leb(1024))
        code = section(10, sized(b"\\0" + fill + b"\\x0b"))
        head = HEADER + section(1, I32_TYPE) + section(3, b"\\0")
        assert call(head + memory + section(7, EXPORT_F) + code, 7) == 7
    """, megabytes=140)  # fmt: skip


@pytest.mark.parametrize("megabytes", [125, 140, 142, 144, 160])
def test_a_module_that_does_not_fit_into_memory_is_out_of_range(run: Run, megabytes: int) -> None:
    """Wherever memory ends, whoever handles the error has some."""
    run("""
        count = 1_000_000
        functions = raw_section(3, leb(count) + bytes(count))
        codes = raw_section(10, leb(count) + b"\\2\\0\\x0b" * count)
        data = HEADER + section(1, VOID_TYPE) + functions + codes
        assert refused(data) == "RangeError"
    """, megabytes=megabytes)  # fmt: skip


def test_a_shared_memory_of_all_bytes_but_two_grows_by_one_at_most(run: Run) -> None:
    run(
        """
        limits = b"\\x0b" + leb(2**32 - 2) + leb(2**32 - 1) + b"\\0"
        head = HEADER + section(1, I32_TYPE) + section(3, b"\\0") + section(5, limits)
        code = section(10, sized(b"\\0\\x20\\0\\x40\\0\\x0b"))
        data = head + section(7, EXPORT_F) + code
        f = WebAssembly.Instance(WebAssembly.Module(data)).exports.f
        assert f(0) == -2
        assert f(2) == -1
        assert f(1) in (-2, -1)
        assert resident() < 200
        """,
        megabytes=None,
    )


def test_types_that_name_each_other_in_long_chains(run: Run) -> None:
    run("""
        def index(value):
            '''Signed LEB128 of an index below 2^20.'''
            return bytes((value & 127 | 128, value >> 7 & 127 | 128, value >> 14))

        count = 20_000
        back = [b"\\x5f\\1\\x63" + index(i) + b"\\1" for i in range(count - 1)]
        assert refused(HEADER + section(1, b"\\x5f\\0", *back)) == "accepted"
        ring = [b"\\x5f\\1\\x63" + index((i + 1) % count) + b"\\1" for i in range(count)]
        assert refused(HEADER + section(1, b"\\x4e" + leb(count) + b"".join(ring))) == "accepted"
        twice = [b"\\x5f\\2" + (b"\\x63" + index(i) + b"\\0") * 2 for i in range(2000)]
        assert refused(HEADER + section(1, b"\\x5f\\0", *twice)) == "accepted"
    """)
