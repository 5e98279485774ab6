"""Which index space belongs to which kind of extern."""

from __future__ import annotations

from pyjsapi.binary.names import Names
from pyjsapi.syntax.types import EXTERN_KINDS, index_spaces
from pyjsapi.validation.context import Context


def test_every_kind_has_a_space_of_its_own() -> None:
    names = Names(funcs={0: "f"}, tables={0: "t"}, mems={0: "m"}, globals={0: "g"}, tags={0: "x"})
    assert index_spaces(names) == {
        "func": {0: "f"},
        "table": {0: "t"},
        "memory": {0: "m"},
        "global": {0: "g"},
        "tag": {0: "x"},
    }
    assert tuple(index_spaces(Context())) == EXTERN_KINDS


def test_the_spaces_are_those_of_the_holder_and_no_copies() -> None:
    context = Context()
    assert index_spaces(context)["memory"] is context.mems
