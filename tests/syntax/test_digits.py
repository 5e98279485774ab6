"""Decimal digits of integers that Python refuses to convert."""

from __future__ import annotations

import pytest

from pyjsapi.syntax.digits import decimal_text, parse_decimal

VALUES = [
    0,
    7,
    10**511,
    10**512 - 1,
    10**512,
    10**513 + 1,
    1 << 1700,
    (1 << 1700) - 1,
    3**20_000,
    10**5000,
]


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_digits_and_back(fewest_digits: None, value: int) -> None:
    text = decimal_text(value)
    assert text == "0" or text[0] != "0"
    assert parse_decimal(text) == value
    assert decimal_text(-value) == (f"-{text}" if value else "0")
    assert parse_decimal("0" * 3000 + text) == value


def test_as_python_does_it_where_it_does() -> None:
    value = 7**4900
    assert decimal_text(value) == str(value)
    assert parse_decimal(str(value)) == value
