"""What an exception of the engine is to JavaScript."""

from __future__ import annotations

import pytest

from pyjsapi.bridge.face import errors
from pyjsapi.bridge.face.errors import Kind
from pyjsapi.bridge.face.values import type_of
from pyjsapi.bridge.link.numbered import Numbered
from pyjsapi.runtime.exception import HOST_TAG, ExnInst, TagInst
from pyjsapi.syntax.deftypes import func_def_type
from pyjsapi.syntax.errors import (
    DecodeError,
    Exhaustion,
    FeatureError,
    LinkError,
    Trap,
    ValidationError,
)
from pyjsapi.syntax.types import FuncType, TagType

TAG = TagInst(TagType(func_def_type(FuncType((type_of("i"),), ()))))


@pytest.mark.parametrize(
    ("exception", "kind", "message"),
    [
        (DecodeError("unexpected end", 9), Kind.COMPILE_ERROR, "unexpected end (at offset 0x9)"),
        (ValidationError("type mismatch", offset=16), Kind.COMPILE_ERROR, "type mismatch"),
        (FeatureError("no threads"), Kind.COMPILE_ERROR, "no threads"),
        (errors.InvalidModule("builtins"), Kind.COMPILE_ERROR, "builtins"),
        (LinkError("import #0"), Kind.LINK_ERROR, "import #0"),
        (Trap("unreachable"), Kind.RUNTIME_ERROR, "unreachable"),
        (errors.OutOfRange("index"), Kind.RANGE_ERROR, "index"),
        (MemoryError("no memory left"), Kind.RANGE_ERROR, "no memory left"),
        (MemoryError(), Kind.RANGE_ERROR, "out of memory"),
        (errors.WrongType("no type"), Kind.TYPE_ERROR, "no type"),
        (Exhaustion(), Kind.EXHAUSTED, ""),
        (RecursionError("maximum"), Kind.EXHAUSTED, ""),
        (KeyError("bug"), Kind.INTERNAL, "KeyError: 'bug'"),
        (ExnInst(TAG, (1,)), Kind.EXCEPTION, ""),
        (ExnInst(HOST_TAG, ("value",)), Kind.VALUE, ""),
        (ExnInst(HOST_TAG, (Trap("inside"),)), Kind.RUNTIME_ERROR, "inside"),
        (errors.ThrownTrap("value"), Kind.VALUE, ""),
    ],
)
def test_every_exception_has_a_kind_and_a_message(
    exception: BaseException, kind: int, message: str
) -> None:
    try:
        raise exception
    except BaseException as caught:
        code = errors.error_kind(caught)
    assert code & 15 == kind
    assert errors.error_message().startswith(message)
    assert exception.__traceback__ is None
    if kind == Kind.RUNTIME_ERROR:
        assert errors.numbered_message(code >> 4) == message


def test_equal_messages_of_traps_have_one_number() -> None:
    assert errors.error_kind(Trap("once")) == errors.error_kind(Trap("once"))
    assert errors.error_kind(Trap("once")) != errors.error_kind(Trap("twice"))


def test_messages_without_a_number_are_told_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "_messages", Numbered[str](most=0))
    assert errors.error_kind(Trap("one too many")) == Kind.RUNTIME_ERROR
    assert errors.error_message() == "one too many"


def test_what_javascript_throws_is_caught_by_its_tag_unless_it_stands_for_a_trap() -> None:
    caught = errors.thrown("value", 0)
    assert isinstance(caught, ExnInst)
    assert caught.tag is HOST_TAG
    trap = errors.thrown("value", 1)
    assert getattr(trap, "wasm_uncatchable", False)
    assert errors.thrown_value(caught) == errors.thrown_value(trap) == "value"
    with pytest.raises(TypeError):
        errors.thrown_value(Trap("no value"))
