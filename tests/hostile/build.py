"""Binary modules from parts, for hostile input; read by ``conftest.py`` and by the processes that tests start."""

from __future__ import annotations

HEADER = b"\0asm\1\0\0\0"
MOST = b"\xff\xff\xff\xff\x0f"
"""2^32-1 in LEB128."""
VOID_TYPE = b"\x60\0\0"
I32_TYPE = b"\x60\1\x7f\1\x7f"
EXPORT_F = b"\1f\0\0"


def leb(value: int) -> bytes:
    """Unsigned LEB128."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def section(id_: int, *items: bytes) -> bytes:
    """A section that is a vector."""
    return raw_section(id_, leb(len(items)) + b"".join(items))


def raw_section(id_: int, content: bytes) -> bytes:
    """A section of any contents."""
    return bytes((id_,)) + leb(len(content)) + content


def sized(content: bytes) -> bytes:
    """Contents after their length, as function bodies and names are."""
    return leb(len(content)) + content


def function(body: bytes, type_: bytes = VOID_TYPE, locals_: bytes = b"\0") -> bytes:
    """A module with a memory whose only function is exported as ``f``; ``body`` is without the last ``end``."""
    code = sized(locals_ + body + b"\x0b")
    memory = section(5, b"\0\1")
    return b"".join(
        (
            HEADER,
            section(1, type_),
            section(3, b"\0"),
            memory,
            section(7, EXPORT_F),
            section(10, code),
        )
    )
