"""The names that programs can use, with their parameters, beside those of PyPI's ``wasmtime``."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any, Final

import pytest
import wasmtime

from pyjsapi import compat

MISSING: Final = {
    "ptr": "there is no C API behind the objects",
}
"""Public names of classes that ours have not, and why."""
OTHER_PARAMETERS: Final = {
    "Caller.__init__": "callers are made by calls",
    "StoreContext.__init__": "there are no components, whose host functions get it",
    "Val.__init__": "takes a number of the C API",
}
"""Whose parameters differ, and why."""


def ours() -> Any:
    from pyjsapi.compat import wasmtime as found

    return found


def members(cls: type) -> Iterator[str]:
    """What programs can use of a class: public names, and those of Python that it has itself."""
    for name in dir(cls):
        if not name.startswith("_"):
            yield name
    for name in ("__init__", "__call__", "__getitem__", "__eq__", "__enter__", "__exit__"):
        if any(name in base.__dict__ for base in cls.__mro__ if base is not object):
            yield name


def signature(member: Any) -> list[tuple[str, Any, Any]] | None:
    """Names, kinds and defaults of parameters; ``None`` of what cannot be called."""
    if isinstance(member, property) or not callable(member):
        return None
    try:
        parameters = inspect.signature(member).parameters.values()
    except ValueError:
        return None
    return [(each.name, each.kind, each.default) for each in parameters]


CLASSES: Final = [
    name for name in (*wasmtime.__all__, "Managed") if isinstance(getattr(wasmtime, name), type)
]


def test_all_names_are_there() -> None:
    assert set(wasmtime.__all__) <= set(ours().__all__)
    others = {name for name in vars(wasmtime) if not name.startswith("_")} - {"component"}
    assert {name for name in others if not hasattr(ours(), name)} == set()


@pytest.mark.parametrize("name", CLASSES)
def test_members_and_parameters(name: str) -> None:
    real, made = getattr(wasmtime, name), getattr(ours(), name)
    for member in members(real):
        if member in MISSING:
            assert not hasattr(made, member), "it is there now: take it off the list"
            continue
        assert hasattr(made, member), f"{name}.{member}"
        theirs, mine = getattr(real, member), getattr(made, member)
        assert isinstance(theirs, property) == isinstance(mine, property), f"{name}.{member}"
        if isinstance(theirs, property) and isinstance(mine, property):
            assert (theirs.fget is None, theirs.fset is None) == (
                mine.fget is None,
                mine.fset is None,
            ), f"{name}.{member}"
        if f"{name}.{member}" not in OTHER_PARAMETERS:
            assert signature(mine) == signature(theirs), f"{name}.{member}"


def test_parameters_that_differ_do() -> None:
    for place in OTHER_PARAMETERS:
        name, member = place.split(".")
        theirs = getattr(getattr(wasmtime, name), member)
        assert signature(getattr(getattr(ours(), name), member)) != signature(theirs), place


@pytest.mark.parametrize("name", CLASSES)
def test_what_is_a_kind_of_what(name: str) -> None:
    real, made = getattr(wasmtime, name), getattr(ours(), name)
    for other in (*CLASSES, "Exception"):
        theirs = getattr(wasmtime, other, Exception)
        mine = getattr(ours(), other, Exception)
        assert issubclass(made, mine) == issubclass(real, theirs), (name, other)


def test_functions_have_the_same_parameters() -> None:
    assert signature(ours().wat2wasm) == signature(wasmtime.wat2wasm)


def test_installing_and_undoing() -> None:
    before = {name: module for name, module in sys.modules.items() if "wasmtime" in name}
    with compat.install() as installation:
        import wasmtime as found
        import wasmtime.component as component
        from wasmtime import Store

        assert found is ours() and Store is ours().Store
        assert component.__name__ == "pyjsapi.compat.wasmtime.component"
        with pytest.raises(ImportError):
            __import__("wasmtime._ffi")
    after = {name: sys.modules.get(name) for name in before}
    assert after == before
    installation.undo()
    assert sys.modules["wasmtime"] is before["wasmtime"]


def test_installations_within_each_other() -> None:
    real = sys.modules["wasmtime"]
    with compat.install():
        with compat.install():
            assert sys.modules["wasmtime"] is ours()
        assert sys.modules["wasmtime"] is ours()
    assert sys.modules["wasmtime"] is real


def test_nothing_is_imported_before_somebody_asks() -> None:
    import subprocess

    code = (
        "import sys, pyjsapi, pyjsapi.compat\n"
        "assert not [m for m in sys.modules if 'wasmtime' in m], 'wasmtime'\n"
        "pyjsapi.compat.install()\n"
        "assert not {'ctypes', 'pyjsapi.sharing', 'pyjsapi.text'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
