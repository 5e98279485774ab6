"""``memory.discard`` in lowered modules, whose engines do not have it: pages are filled with zeros instead."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi import wat2wasm
from pyjsapi.syntax.features import Features
from tests.lowering.conftest import link
from tests.lowering.test_instructions import MEMORIES, WAYS

TEXT = """(module {memories}
  {functions}
  (func (export "none") (memory.discard $a (i32.const 0) (i32.const 0))))"""
FUNCTIONS = """
  (func (export "discard_{name}") (param {at} {at})
    (memory.discard ${name} (local.get 0) (local.get 1)))
  (func (export "fill_{name}") (param {at} i32 {at})
    (memory.fill ${name} (local.get 0) (local.get 1) (local.get 2)))
  (func (export "load_{name}") (param {at}) (result i32) (i32.load8_u ${name} (local.get 0)))"""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", MEMORIES)
def test_pages_are_discarded_as_without_lowering(
    lowered: Callable[..., Any], kind: str, way: str
) -> None:
    wide = "bc" if kind == "64-bit" else ""
    parts = [FUNCTIONS.format(name=n, at="i64" if n in wide else "i32") for n in "abc"]
    text = TEXT.format(memories=MEMORIES[kind], functions="".join(parts))
    options = dict(WAYS[way])
    ours: Any = lowered(text, custom_page_sizes=False, **options)
    from tests.lowering.conftest import Tried

    original = Tried(link(wat2wasm(text), (), Features(memory_control=True)))
    chance = random.Random(3)
    for _ in range(60):
        name = chance.choice("abc")
        size = 65000 if kind == "small pages" and name != "a" else 65536
        edges = (0, 1, 100, size - 1, size, size + 1, chance.randrange(size))
        start, count = chance.choice(edges), chance.choice((0, 1, 2, 70, size, size - 5))
        value = chance.randrange(1, 256)
        results = []
        for one in (original, ours):
            seen = [getattr(one, f"fill_{name}")(0, value, size)]
            seen.append(getattr(one, f"discard_{name}")(start, count))
            for place in (0, start - 1, start, start + count - 1, start + count, size - 1):
                if 0 <= place < size:
                    seen.append(getattr(one, f"load_{name}")(place))
            results.append(seen)
        assert results[0] == results[1], (name, start, count)
    assert (ours.none(), original.none()) == (original.none(), original.none())
