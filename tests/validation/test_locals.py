"""Locals: counting before expanding, and the initialisation of locals without a default value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.syntax.errors import ValidationError
from pyjsapi.validation.limits import Limits

Validate = Callable[..., Any]


def test_groups_of_locals_follow_the_parameters(validate_body: Validate) -> None:
    locals_ = [(2, "f32"), (0, "i32"), (1, "i64")]
    validate_body("local.get 3", "i32", "i64", locals_)
    validate_body("local.get 2", "i32", "f32", locals_)
    with pytest.raises(ValidationError, match="unknown local 4"):
        validate_body("local.get 4", "i32", "f32", locals_)


@pytest.mark.parametrize("groups", [[(2**32 - 1, "i32")], [(2**31, "i64"), (2**31, "i32")]])
def test_a_hostile_count_of_locals_is_refused_without_being_expanded(
    validate_body: Validate, groups: list[tuple[int, str]]
) -> None:
    with pytest.raises(ValidationError, match="too many locals") as caught:
        validate_body("nop", locals_=groups)
    assert str(sum(count for count, _ in groups)) in caught.value.message
    assert "Limits.locals" in caught.value.message
    assert caught.value.funcidx == 4


def test_parameters_count_as_locals(validate_body: Validate) -> None:
    limits = Limits(locals=3)
    validate_body("nop", "i32 i32", "", [(1, "i32")], limits=limits)
    with pytest.raises(ValidationError, match="too many locals: 4, the limit is 3"):
        validate_body("nop", "i32 i32", "", [(2, "i32")], limits=limits)


@pytest.mark.parametrize(
    "body",
    [
        "ref.func 0; local.set 0; local.get 0",
        "ref.func 0; local.tee 0",
        "ref.func 0; local.set 0; block ref_0; local.get 0; end",
        "block ref_0; ref.func 0; local.set 0; local.get 0; end",
        "unreachable; local.set 0; local.get 0",
        "ref.func 0; local.set 0; i32.const 0; if _; ref.func 0; local.set 0; end; local.get 0",
    ],
)
def test_a_local_without_default_may_be_read_after_it_is_set(
    validate_body: Validate, body: str
) -> None:
    validate_body(body, "", "ref_0", [(1, "ref_0")])


@pytest.mark.parametrize(
    "body",
    [
        "local.get 0",
        "block _; ref.func 0; local.set 0; end; local.get 0",
        "loop _; ref.func 0; local.tee 0; drop; end; local.get 0",
        "i32.const 0; if _; ref.func 0; local.set 0; else; local.get 0; drop; end; unreachable",
        "i32.const 0; if _; ref.func 0; local.set 0; else; ref.func 0; local.set 0; end; local.get 0",
        "unreachable; local.get 0",
    ],
)
def test_a_local_without_default_may_not_be_read_before(validate_body: Validate, body: str) -> None:
    with pytest.raises(ValidationError, match="uninitialized local 0"):
        validate_body(body, "", "ref_0", [(1, "ref_0")])


def test_parameters_are_initialised_and_so_are_nullable_locals(validate_body: Validate) -> None:
    validate_body("local.get 0", "ref_0", "ref_0")
    validate_body("local.get 0", "", "ref_null_0", [(1, "ref_null_0")])


def test_the_type_of_a_local_must_exist(validate_body: Validate) -> None:
    validate_body("nop", locals_=[(1, "ref_null_1")])
    with pytest.raises(ValidationError, match="type mismatch"):
        validate_body("local.get 0", "", "ref_null_0", [(1, "ref_null_1")])
