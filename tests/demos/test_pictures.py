"""Pictures of address spaces, as text."""

from __future__ import annotations

import json

import pytest

from pyjsapi.demos.pictures import Part, Space, drawn, shaded, size
from pyjsapi.demos.report import Line, Report

PAGE = 1 << 16


def test_a_space_is_told_from_its_start_to_its_end() -> None:
    space = Space("a", 4 * PAGE, (Part(3 * PAGE, PAGE, "y", mode="r"), Part(PAGE, PAGE, "x", 16)))
    assert [(p.start, p.length, p.what) for p in space.pieces()] == [
        (0, PAGE, ""),
        (PAGE, PAGE, "x"),
        (2 * PAGE, PAGE, ""),
        (3 * PAGE, PAGE, "y"),
    ]
    assert str(space) == "a | 64 KiB | =x + 16 bytes= 64 KiB | 64 KiB | =y= 64 KiB r |"


def test_a_part_may_lie_above_the_memory_or_across_its_end() -> None:
    above = Space("a", PAGE, (Part((1 << 32) - PAGE, PAGE, "heap"),))
    assert str(above) == "a | 64 KiB | … | =heap= 64 KiB |"
    across = Space("a", PAGE, (Part(PAGE - 10, 20, "x"),))
    assert str(across) == "a | 65,526 bytes | =x= 20 bytes |"


def test_spaces_stand_below_each_other() -> None:
    said: list[Line] = []
    Report(said.append).picture(Space("long", 2), Space("a", 1))
    assert str(said[0]) == drawn(said[0].spaces) == "    long | 2 bytes |\n    a    | 1 byte |"


@pytest.mark.parametrize(
    ("length", "text"),
    [(0, "0 bytes"), (1023, "1,023 bytes"), (3 << 30, "3 GiB"), (1 << 80, "1,048,576 EiB")],
)
def test_sizes(length: int, text: str) -> None:
    assert size(length) == text


def test_lines_can_be_said_in_json() -> None:
    said: list[Line] = []
    report = Report(said.append)
    report.step("a")
    report.figure("b", 1234, "ms")
    report.check("c", True, "X-1")
    report.picture(Space("m", 3, (Part(1, 2, "x", mode="r"),)))
    report.image("d", 1, 1, b"abcd")
    found = json.loads(json.dumps([line.data() for line in said]))
    assert found == [
        {"kind": "step", "text": "a"},
        {"kind": "figure", "text": "b", "value": "1,234 ms"},
        {"kind": "check", "text": "c", "id": "X-1", "passed": True},
        {
            "kind": "picture",
            "text": "",
            "spaces": [
                {
                    "name": "m",
                    "pieces": [
                        {"what": "", "length": 1, "mode": "rw", "told": "1 byte"},
                        {"what": "x", "length": 2, "mode": "r", "told": "=x= 2 bytes r"},
                    ],
                }
            ],
        },
        {"kind": "image", "text": "d", "width": 1, "height": 1, "pixels": "YWJjZA=="},
    ]


def test_an_image_is_shaded() -> None:
    black, white = b"\0\0\0\xff", b"\xff" * 4
    assert shaded(2, 2, black + white + black + black) == "     @"
    wide = shaded(96, 4, black * 192 + white * 192)
    assert wide.splitlines() == ["    " + "@" * 48]
