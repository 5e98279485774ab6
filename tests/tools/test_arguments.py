"""What the tools say to what they cannot work with at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.tools import (
    ToolError,
    far_accessors,
    instrument_profile,
    instrument_stores,
    make_adapter,
)


@pytest.mark.parametrize("tool", [instrument_stores, instrument_profile])
@pytest.mark.parametrize("given", [5, 1 << 60, None, "module", object()])
def test_a_module_is_its_bytes(tool: Callable[[Any], bytes], given: object) -> None:
    """`bytes` makes so many zeros of a number."""
    with pytest.raises(
        TypeError, match=f"bytes of a module are needed, not {type(given).__name__}"
    ):
        tool(given)


@pytest.mark.parametrize("memories", [0, -1, 101, 1 << 60, [], ["0"] * 101, [5], b"0", ["x"]])
def test_far_accessors_need_types_of_memories(memories: Any) -> None:
    with pytest.raises(
        ToolError, match=r"far accessors work on 1 to 100|is not the type of a memory"
    ):
        far_accessors(memories)


@pytest.mark.parametrize("signature", [None, 5, b"f: func();"])
def test_a_signature_is_a_string(signature: Any) -> None:
    with pytest.raises(TypeError, match="the signature is a string, not"):
        make_adapter(signature)
