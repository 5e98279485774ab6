"""Pictures of address spaces: which bytes of a memory are whose, and which are the same as others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pyjsapi.jsapi.memory import Memory

_COLUMNS: Final = 48
_SHADES: Final = " .:-=+*#%@"
_UNITS: Final = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


@dataclass(frozen=True)
class Part:
    """A range of addresses. Parts with the same ``what`` at the same ``origin`` are the same bytes."""

    start: int
    length: int
    what: str
    origin: int = 0
    """Where the part begins in what it is a part of."""
    mode: str = "rw"

    @property
    def end(self) -> int:
        """The address behind it."""
        return self.start + self.length


@dataclass(frozen=True)
class Space:
    """A memory, or something else that has addresses: its length in bytes, and the parts that are not its own.

    Parts may lie above its length. They do not overlap.
    """

    name: str
    length: int
    parts: tuple[Part, ...] = field(default=())

    def pieces(self) -> list[Part]:
        """The space from its start to its end: ``what`` is empty where the bytes are its own, ``…`` where none are."""
        parts = sorted(self.parts, key=lambda part: part.start)
        end = max([self.length, *(part.end for part in parts)])
        marks = sorted({0, self.length, end, *(m for p in parts for m in (p.start, p.end))})
        found = []
        for start, stop in pairwise(marks):
            part = next((p for p in parts if p.start <= start < p.end), None)
            if part is not None:
                if start == part.start:
                    found.append(part)
            else:
                what = "" if start < self.length else "…"
                found.append(Part(start, stop - start, what))
        return found

    def data(self) -> dict[str, Any]:
        """The space as JSON can say it."""
        pieces = [
            {"what": piece.what, "length": piece.length, "mode": piece.mode, "told": _told(piece)}
            for piece in self.pieces()
        ]
        return {"name": self.name, "pieces": pieces}

    def __str__(self) -> str:
        return f"{self.name} | {' | '.join(map(_told, self.pieces()))} |"


def _told(piece: Part) -> str:
    """A piece of a space, as text."""
    if piece.what == "…":
        return piece.what
    mode = "" if piece.mode == "rw" else f" {piece.mode}"
    if not piece.what:
        return size(piece.length) + mode
    origin = f" + {size(piece.origin)}" if piece.origin else ""
    return f"={piece.what}{origin}= {size(piece.length)}{mode}"


def whole(name: str, what: str, length: int = 1 << 16) -> Space:
    """A space all of whose bytes are ``what``: a page, if no other length is given."""
    return Space(name, length, (Part(0, length, what),))


def drawn(spaces: Iterable[Space]) -> str:
    """Spaces below each other, as text."""
    found = list(spaces)
    width = max((len(space.name) for space in found), default=0)
    return "\n".join(
        f"    {space.name:{width}} {str(space).removeprefix(space.name + ' ')}" for space in found
    )


def shaded(width: int, height: int, pixels: bytes) -> str:
    """An image of RGBA pixels as text: a character for each block of pixels, by its brightest."""
    step = max(1, -(-width // _COLUMNS))
    rows = []
    for top in range(0, height, 2 * step):
        row = ""
        for left in range(0, width, step):
            places = (
                4 * (y * width + x)
                for y in range(top, min(top + 2 * step, height))
                for x in range(left, min(left + step, width))
            )
            light = max(sum(pixels[place : place + 3]) for place in places)
            row += _SHADES[light * (len(_SHADES) - 1) // 765]
        rows.append("    " + row.rstrip())
    return "\n".join(rows)


def size(length: int) -> str:
    """A number of bytes as people say it."""
    unit = 0
    while length and length % 1024 == 0 and unit < len(_UNITS) - 1:
        length //= 1024
        unit += 1
    return "1 byte" if (length, unit) == (1, 0) else f"{length:,} {_UNITS[unit]}"


def space_of(name: str, memory: Memory, names: Mapping[Any, str]) -> Space:
    """The address space of a memory; ``names`` says what resources and heaps are called there."""
    from pyjsapi.sharing import layout

    type_ = memory.type()
    parts = tuple(
        Part(
            region.start,
            region.end - region.start,
            "" if region.owner is None else names.get(region.owner, _kind(region.owner)),
            region.offset,
            region.access,
        )
        for region in layout(memory)
        if region.owner is not None or region.access != "rw"
    )
    return Space(name, type_["minimum"] * type_.get("pageSize", 1 << 16), parts)


def _kind(owner: Any) -> str:
    """What something is that has no name."""
    return getattr(owner, "kind", "heap")
