"""The language values and the errors that ECMAScript has and Python lacks."""

from __future__ import annotations

import copy
import pickle

import pytest

from pyjsapi.ecmascript import DataCloneError, Null, RangeError, is_nullish, is_object, null
from pyjsapi.ecmascript.values import type_of


def test_null_is_one_falsy_value_that_survives_copying() -> None:
    assert Null() is null
    assert not null
    assert repr(null) == "null"
    assert copy.deepcopy(null) is null
    assert pickle.loads(pickle.dumps(null)) is null


def test_null_differs_from_undefined() -> None:
    assert null != None  # noqa: E711
    assert is_nullish(null)
    assert is_nullish(None)
    assert not is_nullish(0)


@pytest.mark.parametrize("value", [None, null, True, 0, 1.5, "text"])
def test_primitives_are_no_objects(value: object) -> None:
    assert not is_object(value)


@pytest.mark.parametrize("value", [[], {}, len, object(), b"bytes"])
def test_everything_else_is_an_object(value: object) -> None:
    assert is_object(value)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "undefined"),
        (null, "object"),
        (True, "boolean"),
        (1, "number"),
        (0.5, "number"),
        ("", "string"),
        (len, "function"),
        ([], "object"),
    ],
)
def test_typeof_names(value: object, name: str) -> None:
    assert type_of(value) == name


def test_range_error_is_a_value_error_with_name_and_message() -> None:
    error = RangeError("too long")
    assert isinstance(error, ValueError)
    assert (error.name, error.message, str(error)) == ("RangeError", "too long", "too long")
    assert RangeError().message == ""


def test_data_clone_error_has_the_code_of_the_dom_exception() -> None:
    error = DataCloneError("cannot clone")
    assert (error.name, error.message, error.code) == ("DataCloneError", "cannot clone", 25)
    assert not isinstance(error, ValueError)
