"""Makes vector operations that go lane by lane, from the Python text of one lane (core: "Vector Instructions").

Multiplications and floats have no form that works on all lanes at once. Their operands are unpacked with one
`struct` call each, and the results packed with one. The code for all lanes is written out and compiled, once for
each operation: a loop would cost more than the arithmetic.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

_FROM_BYTES: Final = int.from_bytes


def lanewise(
    name: str,
    operands: Sequence[str],
    lanes: Sequence[str],
    result: str,
    helpers: Mapping[str, object],
    retry: str = "",
) -> Callable[..., int]:
    """A function of vectors that packs ``lanes``, the expressions of the result's lanes.

    ``operands`` are the `struct` formats of the operands, whose lanes are named ``a0`` …, ``b0`` …, ``c0`` ….
    ``result`` is the format of the result; one of 8 bytes leaves the upper half of the vector zero.
    ``retry`` names a helper that is applied to each lane where packing overflows.
    """
    scope: dict[str, Any] = dict(helpers)
    scope["from_bytes"] = _FROM_BYTES
    scope["pack"] = struct.Struct("<" + result).pack
    letters = "abc"[: len(operands)]
    lines = [f"def lanewise_{name}({','.join(letters)}):"]
    for letter, format_ in zip(letters, operands, strict=True):
        unpack = struct.Struct("<" + format_)
        scope[f"unpack_{letter}"] = unpack.unpack
        count = len(unpack.unpack(bytes(16)))
        names = ",".join(f"{letter}{i}" for i in range(count))
        lines.append(f" {names}=unpack_{letter}({letter}.to_bytes(16,'little'))")
    packed = f"return from_bytes(pack({','.join(lanes)}),'little')"
    if retry:
        again = ",".join(f"{retry}({value})" for value in lanes)
        lines += [
            f" try: {packed}",
            " except OverflowError:",
            f"  return from_bytes(pack({again}),'little')",
        ]
    else:
        lines.append(f" {packed}")
    exec(compile("\n".join(lines), f"<{name}>", "exec"), scope)
    function: Callable[..., int] = scope[f"lanewise_{name}"]
    return function
