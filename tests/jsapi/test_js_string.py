"""The builtin set ``js-string``: strings as sequences of UTF-16 code units (index.bs, "String Builtins")."""

from __future__ import annotations

from typing import Any

import pytest

from pyjsapi import Uint8Array, WebAssembly, null
from pyjsapi.text import wat2wasm

SIGNATURES = {
    "cast": "(param externref) (result (ref extern))",
    "test": "(param externref) (result i32)",
    "fromCharCodeArray": "(param (ref null $units) i32 i32) (result (ref extern))",
    "intoCharCodeArray": "(param externref (ref null $units) i32) (result i32)",
    "fromCharCode": "(param i32) (result (ref extern))",
    "fromCodePoint": "(param i32) (result (ref extern))",
    "charCodeAt": "(param externref i32) (result i32)",
    "codePointAt": "(param externref i32) (result i32)",
    "length": "(param externref) (result i32)",
    "concat": "(param externref externref) (result (ref extern))",
    "substring": "(param externref i32 i32) (result (ref extern))",
    "equals": "(param externref externref) (result i32)",
    "compare": "(param externref externref) (result i32)",
}


def _wrapped(name: str, signature: str) -> str:
    parameters = signature.partition(" (result")[0].replace("(ref null $units)", "arrayref")
    count = len(parameters.split()) - 1
    arguments = " ".join(f"(local.get {i})" for i in range(count))
    return f'(func (export "{name}") {signature} (call ${name} {arguments}))'


SOURCE = "\n".join(
    [
        "(module (type $units (array (mut i16)))",
        *(f'(import "wasm:js-string" "{n}" (func ${n} {s}))' for n, s in SIGNATURES.items()),
        *(_wrapped(name, signature) for name, signature in SIGNATURES.items()),
        """(func (export "units") (param externref) (result i64) (local i32 i64)
             (block (loop
               (br_if 1 (i32.eq (local.get 1) (call $length (local.get 0))))
               (local.set 2 (i64.add (i64.mul (local.get 2) (i64.const 31))
                 (i64.extend_i32_u (call $charCodeAt (local.get 0) (local.get 1)))))
               (local.set 1 (i32.add (local.get 1) (i32.const 1)))
               (br 0)))
             (local.get 2))
           (func (export "array") (param i32) (result (ref $units))
             (array.new $units (i32.const 46) (local.get 0)))
           (func (export "get") (param (ref null $units) i32) (result i32)
             (array.get_u $units (local.get 0) (local.get 1)))
           (tag $t)
           (func (export "caught") (param externref) (result i32)
             (block (try_table (catch_all 0) (return (call $length (local.get 0))))) (i32.const -1)))""",
    ]
)

SMILE = "\U0001f600"
PAIR = "\ud83d\ude00"
"""The same JavaScript string as `SMILE`, written as two characters."""

STRINGS = [
    "",
    "a",
    "abc",
    "ab\0",
    "\u00e9",
    "\u00e9\u00e8\u00ea",
    "z\uffff",
    "\ue000",
    SMILE,
    PAIR,
    f"a{SMILE}b",
    f"a{PAIR}b",
    "\ud83d",
    "\ude00",
    "\ude00\ud83d",
    "\ud83dx",
    f"\ud83d{SMILE}",
]


def units_of(string: str) -> list[int]:
    data = string.encode("utf-16-be", "surrogatepass")
    return [data[i] << 8 | data[i + 1] for i in range(0, len(data), 2)]


@pytest.fixture(scope="module")
def strings() -> Any:
    module = WebAssembly.Module(wat2wasm(SOURCE), builtins=["js-string"])
    return WebAssembly.Instance(module, {}).exports


NOT_STRINGS: list[object] = [null, None, 1, 1.5, True, b"bytes", ["a"], {}, Uint8Array(1)]


@pytest.mark.parametrize("value", NOT_STRINGS)
def test_only_strings_are_strings(strings: Any, value: object) -> None:
    assert strings.test(value) == 0
    with pytest.raises(WebAssembly.RuntimeError, match="illegal cast"):
        strings.cast(value)
    calls = [
        (strings.length, (value,)),
        (strings.charCodeAt, (value, 0)),
        (strings.codePointAt, (value, 0)),
        (strings.substring, (value, 1, 0)),
        (strings.concat, (value, "")),
        (strings.concat, ("", value)),
        (strings.compare, (value, "")),
        (strings.compare, ("", value)),
    ]
    if value is not null:
        calls += [(strings.equals, (value, "")), (strings.equals, ("", value))]
    for function, arguments in calls:
        with pytest.raises(WebAssembly.RuntimeError):
            function(*arguments)


@pytest.mark.parametrize("string", STRINGS)
def test_test_cast_and_length(strings: Any, string: str) -> None:
    assert strings.test(string) == 1
    assert strings.cast(string) is string
    assert strings.length(string) == len(units_of(string))


@pytest.mark.parametrize("string", STRINGS)
def test_char_codes_and_code_points(strings: Any, string: str) -> None:
    units = units_of(string)
    for index, unit in enumerate(units):
        assert strings.charCodeAt(string, index) == unit
        expected = unit
        if 0xD800 <= unit < 0xDC00 and 0xDC00 <= [*units, 0][index + 1] < 0xE000:
            expected = 0x10000 + ((unit & 0x3FF) << 10 | units[index + 1] & 0x3FF)
        assert strings.codePointAt(string, index) == expected
    for index in (len(units), len(units) + 1, 0x7FFFFFFF, -0x80000000, -1):
        with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
            strings.charCodeAt(string, index)
        with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
            strings.codePointAt(string, index)


@pytest.mark.parametrize("string", STRINGS)
def test_substrings(strings: Any, string: str) -> None:
    units = units_of(string)
    ends = [*range(len(units) + 2), 0x7FFFFFFF, -0x80000000, -1]
    for start in ends:
        for end in ends:
            found = strings.substring(string, start, end)
            low, high = start & 0xFFFFFFFF, end & 0xFFFFFFFF
            assert units_of(found) == (units[low:high] if low <= high else [])


def test_substrings_cut_characters_in_two(strings: Any) -> None:
    assert strings.substring(f"a{SMILE}b", 0, 2) == "a\ud83d"
    assert strings.substring(f"a{SMILE}b", 2, 9) == "\ude00b"
    assert strings.substring(f"a{PAIR}b", 1, 3) == SMILE


def test_concatenation_compares_and_equals_agree_with_code_units(strings: Any) -> None:
    for first in STRINGS:
        for second in STRINGS:
            one, other = units_of(first), units_of(second)
            assert units_of(strings.concat(first, second)) == one + other
            assert strings.equals(first, second) == (one == other)
            assert strings.compare(first, second) == (one > other) - (one < other)


def test_concatenation_completes_a_character(strings: Any) -> None:
    assert strings.concat("a\ud83d", "\ude00b") == f"a{SMILE}b"
    assert strings.concat("\ude00", "\ud83d") == "\ude00\ud83d"


def test_characters_above_ffff_come_before_those_of_the_private_use_area(strings: Any) -> None:
    assert strings.compare(SMILE, "\uffff") == -1
    assert strings.compare("\ue000", SMILE) == 1
    assert strings.compare(SMILE, "\ud7ff") == 1


def test_null_equals_null_alone(strings: Any) -> None:
    assert strings.equals(null, null) == 1
    assert strings.equals(null, "") == strings.equals("", null) == 0
    with pytest.raises(WebAssembly.RuntimeError):
        strings.equals(null, None)
    with pytest.raises(WebAssembly.RuntimeError):
        strings.equals(1, null)


def test_from_char_code_takes_the_lower_half(strings: Any) -> None:
    for value, expected in (
        (0, "\0"),
        (65, "A"),
        (0xD83D, "\ud83d"),
        (0xFFFF, "\uffff"),
        (0x10041, "A"),
        (-1, "\uffff"),
    ):
        assert strings.fromCharCode(value) == expected


def test_from_code_point(strings: Any) -> None:
    for value in (0, 65, 0xD83D, 0xFFFF, 0x10000, 0x1F600, 0x10FFFF):
        found = strings.fromCodePoint(value)
        assert found == chr(value)
        assert strings.length(found) == (2 if value > 0xFFFF else 1)
    for value in (0x110000, 0x7FFFFFFF, -1, -0x80000000):
        with pytest.raises(WebAssembly.RuntimeError, match="code point"):
            strings.fromCodePoint(value)


def test_wasm_code_walks_over_strings(strings: Any) -> None:
    for string in [*STRINGS, "plain " * 50, f"\u00e9{SMILE}" * 50]:
        expected = 0
        for unit in units_of(string):
            expected = (expected * 31 + unit) % (1 << 64)
        assert strings.units(string) == expected - (1 << 64 if expected >> 63 else 0)


def test_traps_of_builtins_are_not_caught_as_exceptions(strings: Any) -> None:
    assert strings.caught("abc") == 3
    with pytest.raises(WebAssembly.RuntimeError, match="illegal cast"):
        strings.caught(1)


@pytest.mark.parametrize("string", STRINGS)
def test_strings_go_into_arrays_and_come_back(strings: Any, string: str) -> None:
    units = units_of(string)
    size = len(units)
    array = strings.array(size + 2)
    assert strings.intoCharCodeArray(string, array, 1) == size
    assert [strings.get(array, i) for i in range(size + 2)] == [46, *units, 46]
    assert units_of(strings.fromCharCodeArray(array, 0, size + 2)) == [46, *units, 46]
    assert strings.equals(strings.fromCharCodeArray(array, 1, size + 1), string) == 1
    assert strings.fromCharCodeArray(array, size + 2, size + 2) == ""


def test_arrays_are_not_left_nor_changed_in_part(strings: Any) -> None:
    array = strings.array(4)
    for start, end in ((2, 1), (0, 5), (5, 5), (0, -1), (-1, -1), (-1, 0)):
        with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
            strings.fromCharCodeArray(array, start, end)
    for string, start in (("abcde", 0), (f"{SMILE}{SMILE}", 1), ("", 5), ("a", -1)):
        with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
            strings.intoCharCodeArray(string, array, start)
    assert strings.fromCharCodeArray(array, 0, 4) == "...."
    assert strings.intoCharCodeArray("", array, 4) == 0


def test_a_null_array_traps(strings: Any) -> None:
    with pytest.raises(WebAssembly.RuntimeError, match="null array"):
        strings.fromCharCodeArray(null, 0, 0)
    with pytest.raises(WebAssembly.RuntimeError, match="null array"):
        strings.intoCharCodeArray("", null, 0)
    with pytest.raises(WebAssembly.RuntimeError, match="illegal cast"):
        strings.intoCharCodeArray(1, strings.array(1), 0)
