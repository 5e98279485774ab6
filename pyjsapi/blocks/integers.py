"""Unsigned little-endian integers, as blocks hold them."""

from __future__ import annotations

import struct
from typing import Final

INTEGERS: Final = {
    size: struct.Struct(f"<{code}") for size, code in zip((1, 2, 4, 8), "BHIQ", strict=True)
}
"""By size in bytes."""
