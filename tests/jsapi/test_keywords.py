"""Members of descriptors that are written as keywords."""

from __future__ import annotations

from typing import Any

import pytest

from pyjsapi import WebAssembly


@pytest.mark.parametrize(
    ("name", "members", "message"),
    [
        ("Memory", {"initial": 1, "maximun": 4}, "'maximun'; did you mean 'maximum'?"),
        ("Table", {"elment": "anyfunc", "initial": 1}, "'elment'; did you mean 'element'?"),
        ("Global", {"value": "i32", "mutabel": True}, "'mutabel'; did you mean 'mutable'?"),
        ("Global", {"value": "i32", "shared": True}, "'shared'; there are mutable and value"),
        ("Tag", {"params": []}, "'params'; did you mean 'parameters'?"),
        ("Tag", {"zzz": []}, "'zzz'; there is parameters"),
    ],
)
def test_a_keyword_that_is_no_member_is_a_type_error(
    name: str, members: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypeError) as caught:
        getattr(WebAssembly, name)(**members)
    assert str(caught.value) == f"WebAssembly.{name}(): unexpected keyword {message}"


def test_a_mapping_may_have_more_as_in_javascript() -> None:
    assert WebAssembly.Memory({"initial": 1, "maximun": 4}).grow(100) == 1
    assert WebAssembly.Global({"value": "i32", "mutabel": True}).type()["mutable"] is False


@pytest.mark.parametrize(
    ("given", "shown"),
    [("x", "'x'"), (None, "undefined"), (float("nan"), "NaN"), ([1, 2], "[1, 2]")],
)
def test_what_is_no_number_is_shown_as_it_was_given(given: Any, shown: str) -> None:
    with pytest.raises(TypeError) as caught:
        WebAssembly.Memory(initial=1).grow(given)
    assert str(caught.value) == (
        f"WebAssembly.Memory.grow(): delta must be a finite number, not {shown}"
    )
