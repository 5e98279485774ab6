"""``WebAssembly.Tag`` (index.bs, "Tags")."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NoReturn, Unpack

from pyjsapi.ecmascript.conversions import shown, to_string
from pyjsapi.ecmascript.errors import DataCloneError
from pyjsapi.ecmascript.values import is_object
from pyjsapi.embedding.settings import settings_of
from pyjsapi.jsapi.descriptors import VALUE_TYPES, Descriptor, type_name
from pyjsapi.jsapi.identity import object_of
from pyjsapi.runtime import HOST_TAG, TagInst
from pyjsapi.syntax.deftypes import func_def_type
from pyjsapi.syntax.types import FuncType, TagType, ValType
from pyjsapi.validation.limits import Limits

if TYPE_CHECKING:
    from pyjsapi.jsapi.signatures import TagMembers

_MEMBERS: Final = ("parameters",)


class Tag:
    """A tag of exceptions, as the host sees it: one object per tag.

    ``Tag({"parameters": ["i32", "externref"]})``: the types of what an exception carries, as many as ``limits``
    allow. Raises `TypeError` for a descriptor without them or with what is no value type.
    """

    __slots__ = ("__weakref__", "_tag")

    _tag: TagInst

    def __init__(
        self,
        type: Any = None,
        /,
        *,
        limits: Limits | Mapping[str, float | None] | None = None,
        **members: Unpack[TagMembers],
    ) -> None:
        what = "WebAssembly.Tag()"
        settings = settings_of({"limits": limits}, what)
        read = Descriptor(type, members, what, _MEMBERS)
        names = sequence(read.get("parameters"), f"{what}: property 'parameters'")
        limit = settings.limits.params
        if len(names) > limit:
            raise TypeError(
                f"{what}: {len(names)} parameters, the limit is {limit} (Limits.params)"
            )
        types = tuple(_value_type(name, what) for name in names)
        self._attach(TagInst(TagType(func_def_type(FuncType(types, ())))))

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        """StructuredSerialize: a tag belongs to its agent."""
        raise DataCloneError("a WebAssembly.Tag cannot be stored or copied")

    def _attach(self, tag: TagInst) -> None:
        self._tag = tag
        tag.wrapper = weakref.ref(self)

    def type(self) -> dict[str, Any]:
        """Type reflection: ``parameters``."""
        return {"parameters": [type_name(t) for t in tag_parameters(self._tag)]}

    def __repr__(self) -> str:
        return f"<WebAssembly.Tag ({' '.join(map(repr, tag_parameters(self._tag)))})>"


def _value_type(name: Any, what: str) -> ValType:
    text = to_string(name)
    if text not in VALUE_TYPES:
        raise TypeError(f"{what}: parameters must be of {', '.join(VALUE_TYPES)}, not {name!r}")
    return VALUE_TYPES[text]


def sequence(value: Any, what: str) -> list[Any]:
    """A ``sequence`` of Web IDL: any iterable object. Raises `TypeError`."""
    if not is_object(value) or not isinstance(value, Iterable):
        raise TypeError(f"{what} must be iterable, not {shown(value)}")
    return list(value)


def tag_parameters(tag: TagInst) -> tuple[ValType, ...]:
    """The types of what exceptions of the tag carry."""
    type_ = tag.type.type
    if isinstance(type_, int):
        raise TypeError("the type of the tag is not closed")
    return type_.func.params


def tag_object(tag: TagInst) -> Tag:
    """ "Create a Tag object": the one `Tag` of a tag instance."""
    return object_of(tag, Tag)


JSTag = tag_object(HOST_TAG)
"""The tag of everything that host functions raise, but for `WebAssembly.Exception`."""
