"""Get: what stands for a property of a Python object, and what is an error of the property's own code."""

from __future__ import annotations

import types
from collections import ChainMap, OrderedDict, UserDict, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from pyjsapi.ecmascript.properties import get


class Object:
    plain = 1

    def __init__(self) -> None:
        self.own = 2

    @property
    def computed(self) -> int:
        return 3

    @property
    def broken(self) -> int:
        found: int = self.typo  # type: ignore[attr-defined]
        return found

    @property
    def refusing(self) -> int:
        raise AttributeError("refused")

    @property
    def calling(self) -> int:
        found: int = None.nothing  # type: ignore[attr-defined]
        return found


class Slotted:
    __slots__ = ("empty", "full")

    def __init__(self) -> None:
        self.full = 1


class Dynamic:
    def __getattr__(self, name: str) -> int:
        if name == "there":
            return 1
        if name == "broken":
            return self.typo
        raise AttributeError(name)


class Missing(dict[str, int]):
    def __missing__(self, key: str) -> int:
        if key == "there":
            return 1
        raise KeyError(key)


class Computed(Mapping[str, int]):
    def __getitem__(self, key: str) -> int:
        if key == "there":
            return 1
        if key == "broken":
            empty: dict[str, int] = {}
            return empty["typo"]
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return key in ("there", "broken")

    def __iter__(self) -> Iterator[str]:
        return iter(("there", "broken"))

    def __len__(self) -> int:
        return 2


@pytest.mark.parametrize(
    ("target", "name", "value"),
    [
        (Object(), "plain", 1),
        (Object(), "own", 2),
        (Object(), "computed", 3),
        (Object(), "other", None),
        (Object, "plain", 1),
        (Object, "other", None),
        (Slotted(), "full", 1),
        (Slotted(), "empty", None),
        (Dynamic(), "there", 1),
        (Dynamic(), "other", None),
        (types, "SimpleNamespace", types.SimpleNamespace),
        (types, "other", None),
        (types.SimpleNamespace(a=1), "a", 1),
        (lambda: None, "other", None),
        ({"a": 1}, "a", 1),
        ({"a": 1}, "keys", None),
        (OrderedDict(a=1), "b", None),
        (defaultdict(lambda: 7), "a", 7),
        (Missing(a=2), "a", 2),
        (Missing(), "there", 1),
        (Missing(), "other", None),
        (UserDict(a=1), "a", 1),
        (UserDict(), "a", None),
        (ChainMap({}, {"a": 1}), "a", 1),
        (ChainMap({}), "a", None),
        (types.MappingProxyType({"a": 1}), "b", None),
        (Computed(), "there", 1),
        (Computed(), "other", None),
    ],
)
def test_get(target: Any, name: str, value: Any) -> None:
    assert get(target, name) == value


@pytest.mark.parametrize("name", ["broken", "refusing", "calling"])
def test_what_a_getter_raises_comes_out(name: str) -> None:
    with pytest.raises(AttributeError):
        get(Object(), name)


def test_an_error_inside_of_getattr_comes_out() -> None:
    with pytest.raises(AttributeError, match="typo"):
        get(Dynamic(), "broken")
    with pytest.raises(KeyError, match="typo"):
        get(Computed(), "broken")
