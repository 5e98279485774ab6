"""The custom section ``pyjsapi.memory-map``: what a module wants to be mapped into its memories before it runs.

The contents are JSON in UTF-8::

    {"version": 1,
     "memories": [{"memory": 1, "resource": "sensor-bank", "offset": 0, "length": 65536, "at": 0, "mode": "rw",
                   "required": true}],
     "protect": [{"memory": 0, "noAccess": 1, "readOnly": 2}]}

``memory`` is an index or an exported name. Several entries may be for one memory. ``offset`` (0), ``length`` (the rest
of the resource), ``at`` (0), in bytes, ``mode`` (``rw``, or ``r`` or ``cow``) and ``required`` (true) may be left out.
``protect`` counts pages at the beginning of memories that the module defines: those that nothing can reach, and those
that active segments alone write. A section that is malformed is ignored with a `MemoryMapWarning`, whole, as all are by
hosts that know nothing of them: a module is never invalid for it.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.jsapi.errors import LinkError
from pyjsapi.jsapi.instantiation import Instantiation, memory_index
from pyjsapi.syntax.module import MEMORY_MAP

if TYPE_CHECKING:
    from pyjsapi.embedding.valid_module import ValidModule

VERSION: Final = 1
_MODES: Final = ("rw", "r", "cow")


class MemoryMapWarning(UserWarning):
    """A section was ignored."""


class _Malformed(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Entry:
    """A resource that is to be mapped; offsets and lengths in bytes."""

    memory: int
    resource: str
    offset: int = 0
    length: int | None = None
    """``None`` for the rest of the resource."""
    at: int = 0
    mode: str = "rw"
    required: bool = True
    """Whether a module must not run without it; where it is missing the memory is plain."""


@dataclass(frozen=True, slots=True)
class Protection:
    """Pages at the beginning of a memory that are out of reach, and then read-only."""

    memory: int
    no_access: int
    read_only: int


@dataclass(frozen=True, slots=True)
class MemoryMap:
    """What a section says."""

    memories: tuple[Entry, ...] = ()
    protect: tuple[Protection, ...] = ()


def parse(data: bytes, compiled: ValidModule) -> MemoryMap:
    """Read a section of a module. Raises `ValueError` with what is wrong."""
    try:
        return _parse(data, compiled)
    except _Malformed as error:
        raise ValueError(str(error)) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"it is no JSON: {error}") from None
    except RecursionError:
        raise ValueError("it is no JSON: nested too deeply") from None


def _parse(data: bytes, compiled: ValidModule) -> MemoryMap:
    top = json.loads(data.decode("utf-8"))
    if not isinstance(top, dict):
        raise _Malformed("it must be an object")
    version = top.get("version")
    if version != VERSION or isinstance(version, bool):
        raise _Malformed(f"version {version!r} is unknown: this is {VERSION}")
    _known(top, ("version", "memories", "protect"), "it")
    return MemoryMap(
        tuple(_entry(each, compiled, place) for each, place in _each(top, "memories")),
        tuple(_protection(each, compiled, place) for each, place in _each(top, "protect")),
    )


def _each(top: dict[str, Any], name: str) -> list[tuple[dict[str, Any], str]]:
    given = top.get(name, [])
    if not isinstance(given, list):
        raise _Malformed(f"'{name}' must be an array")
    for position, each in enumerate(given):
        if not isinstance(each, dict):
            raise _Malformed(f"{name}[{position}] must be an object")
    return [(each, f"{name}[{position}]") for position, each in enumerate(given)]


def _known(given: dict[str, Any], names: tuple[str, ...], place: str) -> None:
    for name in given:
        if name not in names:
            from pyjsapi.syntax.spelling import advice

            raise _Malformed(f"{place} has an unknown member {name!r}; {advice(name, names)}")


def _entry(given: dict[str, Any], compiled: ValidModule, place: str) -> Entry:
    _known(given, tuple(Entry.__slots__), place)
    memory = _memory(given, compiled, place)
    resource = given.get("resource")
    if not isinstance(resource, str):
        raise _Malformed(f"{place}: 'resource' must be a name, not {resource!r}")
    mode = given.get("mode", "rw")
    if mode not in _MODES:
        raise _Malformed(f"{place}: 'mode' must be one of {', '.join(_MODES)}, not {mode!r}")
    required = given.get("required", True)
    if not isinstance(required, bool):
        raise _Malformed(f"{place}: 'required' must be true or false, not {required!r}")
    length = _count(given, "length", place) if "length" in given else None
    offset, at = _count(given, "offset", place), _count(given, "at", place)
    return Entry(memory, resource, offset, length, at, mode, required)


def _protection(given: dict[str, Any], compiled: ValidModule, place: str) -> Protection:
    _known(given, ("memory", "noAccess", "readOnly"), place)
    memory = _memory(given, compiled, place)
    first = len(compiled.context.mems) - len(compiled.module.mems)
    if memory < first:
        raise _Malformed(f"{place}: memory {memory} is imported: the module cannot protect it")
    found = Protection(memory, _count(given, "noAccess", place), _count(given, "readOnly", place))
    type_ = compiled.context.mems[memory]
    pages = found.no_access + found.read_only
    if pages > type_.minimum:
        raise _Malformed(f"{place}: {pages} pages: the memory has {type_.minimum}")
    if type_.shared:
        raise _Malformed(f"{place}: a shared memory cannot be protected so")
    return found


def _memory(given: dict[str, Any], compiled: ValidModule, place: str) -> int:
    found = memory_index(compiled, given.get("memory"))
    if found is None:
        raise _Malformed(f"{place}: there is no memory {given.get('memory')!r}")
    return found


def _count(given: dict[str, Any], name: str, place: str) -> int:
    value = given.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _Malformed(f"{place}: {name!r} must be a number from 0 on, not {value!r}")
    return value


# ---- at instantiation


def read(data: bytes, made: Instantiation) -> None:
    """Read the section for an instantiation. Raises `LinkError` for a required resource that is missing."""
    compiled = made.compiled
    if not compiled.settings.features.memory_map_section:
        _ignore(made, "such sections are switched off (Features.memory_map_section)")
        return
    try:
        found = parse(data, compiled)
    except ValueError as error:
        _ignore(made, str(error))
        return
    for protection in found.protect:
        made.protect(protection.memory, protection.no_access, protection.read_only)
    for entry in found.memories:
        resource = made.resources.get(entry.resource)
        if resource is not None:
            made.when_made(_Map(made, entry, resource))
        elif entry.required:
            raise LinkError(
                f"{made.what}: {_place(entry)}: the resource is missing: give it in 'resources'"
            )


def _ignore(made: Instantiation, reason: str) -> None:
    warnings.warn(
        f"{made.what}: the custom section {MEMORY_MAP!r} is ignored: {reason}",
        MemoryMapWarning,
        stacklevel=2,
    )


def _place(entry: Entry) -> str:
    return (
        f"resource {entry.resource!r}, which section {MEMORY_MAP!r} maps into memory {entry.memory}"
    )


class _Map:
    """Maps an entry when the memories stand."""

    def __init__(self, made: Instantiation, entry: Entry, resource: Any) -> None:
        self._made = made
        self._entry = entry
        self._resource = resource

    def __call__(self) -> None:
        from pyjsapi.sharing.control import resource_of
        from pyjsapi.sharing.mappings import map_resource

        entry = self._entry
        memory = self._made.memory(entry.memory)
        try:
            resource = resource_of(self._resource)
            length = resource.size - entry.offset if entry.length is None else entry.length
            room = memory.byte_length - entry.at
            if length > room:
                raise ValueError(
                    f"{length} bytes at {entry.at}: the memory has {memory.byte_length} bytes"
                )
            map_resource(
                memory,
                resource,
                at=entry.at,
                offset=entry.offset,
                length=length,
                mode=entry.mode,
            )
        except (TypeError, ValueError, OSError) as error:
            raise LinkError(f"{self._made.what}: {_place(entry)}: {error}") from error
