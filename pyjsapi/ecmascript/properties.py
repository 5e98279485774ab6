"""Properties of Python objects (ECMA-262 §7.3.2): items of mappings, attributes of everything else."""

from __future__ import annotations

from collections.abc import Mapping
from types import MemberDescriptorType
from typing import Any

__all__ = ["get"]


def get(target: object, name: str) -> Any:
    """Get(target, name): ``None``, which is ``undefined``, where there is no such property.

    A mapping is asked as ``target[name]``, so ``__missing__`` answers too. What a property's own code raises comes out,
    an `AttributeError` or `KeyError` as well.
    """
    return _item(target, name) if isinstance(target, Mapping) else _attribute(target, name)


def _item(target: Mapping[str, Any], name: str) -> Any:
    if type(target) is dict:
        return target.get(name)
    try:
        return target[name]
    except KeyError:
        if name in target:
            raise
        return None


def _attribute(target: object, name: str) -> Any:
    try:
        return getattr(target, name)
    except AttributeError as error:
        # Python tells what was not found, unless whoever raised it did.
        if error.obj is target and error.name == name and not _is_declared(target, name):
            return None
        raise


def _is_declared(target: object, name: str) -> bool:
    """Whether the class of an object has an attribute that is more than a slot without a value."""
    for class_ in type(target).__mro__:
        if name in class_.__dict__:
            return not isinstance(class_.__dict__[name], MemberDescriptorType)
    return False
