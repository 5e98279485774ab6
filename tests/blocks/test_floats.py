"""Floats as their bits, and back."""

from __future__ import annotations

import pytest

from pyjsapi.blocks import floats

QUIET_F64 = 0x7FF8_0000_0000_0000


@pytest.mark.parametrize(
    "bits",
    [0, 1, 0x8000_0000, 0x7F80_0000, 0xFF80_0000, 0x7F80_0001, 0x7FA0_0000, 0x7FC0_0000, 0xFFFF_FFFF,
     0x3F80_0000, 0x0080_0000, 0x7F7F_FFFF],
)  # fmt: skip
def test_f32_bits_survive_widening(bits: int) -> None:
    assert floats.f32_bits(floats.f32_from_bits(bits)) == bits


@pytest.mark.parametrize("bits", [0, 1 << 63, QUIET_F64, 0x7FF0_0000_0000_0001, (1 << 64) - 1, 1])
def test_f64_bits_survive(bits: int) -> None:
    assert floats.f64_bits(floats.f64_from_bits(bits)) == bits


def test_f32_nan_that_loses_its_payload_stays_a_nan() -> None:
    narrow_payload = floats.f64_from_bits(0x7FF0_0000_0000_0001)
    assert floats.f32_bits(narrow_payload) == 0x7FC0_0000
