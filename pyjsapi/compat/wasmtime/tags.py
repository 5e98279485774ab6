"""Tags of exceptions."""

from __future__ import annotations

from pyjsapi.compat.wasmtime.store import Store, Storelike
from pyjsapi.compat.wasmtime.types import TagType, tag_type
from pyjsapi.jsapi.tag import Tag as JsTag
from pyjsapi.jsapi.tag import tag_object
from pyjsapi.runtime import TagInst


class Tag:
    """A tag, which no other one equals."""

    _store: Store
    _js: JsTag

    def __init__(self, store: Storelike, ty: TagType) -> None:
        if not isinstance(ty, TagType):
            raise TypeError("expected a TagType")
        ty._check_open()
        self._store = store._context()
        self._js = tag_object(TagInst(ty._type))

    def type(self, store: Storelike) -> TagType:
        """Its type."""
        self._store.require(store._context())
        return tag_type(self._js._tag.type)

    def eq(self, store: Storelike, other: Tag) -> bool:
        """Whether both are the same."""
        self._store.require(store._context())
        return self._js._tag is other._js._tag


def tag_of(store: Store, js: JsTag) -> Tag:
    """The tag of the JS API's object."""
    made = Tag.__new__(Tag)
    made._store, made._js = store, js
    return made
