"""What ``polyfill/python/engine/`` puts into Python, and the anchors that tell it when something is dropped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final


class Native:
    """JavaScript's functions that Python calls. Objects of the engine are numbers: see `Handle`.

    Letters name types: ``i``, ``I``, ``f`` and ``d`` numbers, ``r`` external references, ``F`` functions, ``A`` the
    hierarchy of ``any``. Sizes are those of the objects: pages, elements, bytes; -1 is for what there is none of.
    """

    free: Callable[[int], Any]
    free_call: Callable[[int], Any]
    held: Callable[[], int]
    """How many numbers are in use."""
    held_calls: Callable[[], int]
    """How many builtins call functions of the engine."""

    new_module: Callable[[bytes], int]
    begin_imports: Callable[[], Any]
    import_handle: Callable[[int], Any]
    import_export: Callable[[int, int], Any]
    import_given: Callable[[], Any]
    import_value: Callable[[str, Any], Any]
    import_memory: Callable[[int], Any]
    """Of a record: see `LINK`."""
    new_instance: Callable[[int, Any], int]
    """Of a module, with the imports given before; the object is kept while the instance lives."""
    export_of: Callable[[int, str], int]

    call_of: Callable[[int, int, str, str], Callable[..., Any]]
    """A builtin for a function of an instance: its index, and letters of parameters and results."""
    call_any_of: Callable[[int, int, str, str], Callable[..., Any]]
    """The same through values of JavaScript, for types that are not plain functions of numbers."""
    give_export: Callable[[int, int], Any]
    give_known: Callable[[Any], int]
    give_host: Callable[[Any, Any, str, str], Any]
    give_any_host: Callable[[Any, Any, str, str, bytes], Any]

    new_memory: Callable[[float, float, str], int]
    mark_wide: Callable[[int], Any]
    record_of: Callable[[int, str], int]
    grow_memory: Callable[[int, float], float]
    buffer_of: Callable[[int], int]
    is_buffer_of: Callable[[int, int], int]
    can_be_resizable: Callable[[], int]
    resizable_buffer: Callable[[int, int], Any]
    resize_buffer: Callable[[int, float], int]
    most_of_buffer: Callable[[int], float]
    length_of_buffer: Callable[[int], float]
    read_buffer: Callable[[int, float, float], bytes]
    write_buffer: Callable[[int, float, bytes], Any]

    new_table: Callable[[str, float, float, str], int]
    table_size: Callable[[int], float]
    get_element: Callable[[int, float, str], Any]
    set_element: Callable[[int, float, str, Any], Any]
    grow_table: Callable[[int, float, str, Any], float]

    new_global: Callable[[str, int, str, Any], int]
    get_global: Callable[[int, str], Any]
    set_global: Callable[[int, str, Any], Any]

    has_tags: Callable[[], int]
    new_tag: Callable[[str], int]
    javascript_tag: Callable[[], int]
    new_exception: Callable[[int, str, tuple[Any, ...]], Any]
    is_of_tag: Callable[[int, int], int]
    payload_of: Callable[[int, int, str], tuple[Any, ...]]


NATIVE: Final = Native()
HOOKS: Final = vars(NATIVE)
"""The functions by name, for JavaScript, which fills it."""


class Handle(int):
    """The number of an object of the engine, which is let go of with it."""

    def __del__(self) -> None:
        NATIVE.free(int(self))


class CallAnchor(int):
    """``self`` of a builtin that calls a function of the engine: the builtin's number."""

    def __del__(self) -> None:
        NATIVE.free_call(int(self))


class EngineFailure(Exception):
    """The engine has thrown what stands for nothing of WebAssembly."""
