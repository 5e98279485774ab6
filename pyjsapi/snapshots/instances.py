"""Snapshots of whole instances, and instances that go on from them."""

from __future__ import annotations

import hashlib
import os
from os import PathLike
from pathlib import Path
from typing import Any, Final, Unpack, final

from pyjsapi.ecmascript.conversions import shown
from pyjsapi.embedding.settings import Restrictions
from pyjsapi.engines.choosing import chosen
from pyjsapi.jsapi.instance import Instance, instance_object, read_imports
from pyjsapi.jsapi.module import Module
from pyjsapi.runtime.instance import ModuleInstance
from pyjsapi.snapshots.errors import SnapshotError
from pyjsapi.snapshots.file_format import Content, decoded, encoded
from pyjsapi.snapshots.images import image_of
from pyjsapi.snapshots.state import Part, State, is_running, write_state
from pyjsapi.snapshots.whole_files import write_file

DEFAULT_LEVEL: Final = 0
"""How much memories are compressed in files: see `Snapshot.save`."""


@final
class Snapshot:
    """The state of an instance, apart from it: it never changes, and any number of instances can go on from it.

    `snapshot` takes one, `load` and `from_bytes` read one.
    """

    __slots__ = ("_content",)

    _content: Content

    def __init__(self) -> None:
        raise TypeError("snapshots are taken by snapshot(instance), or read by Snapshot.load(path)")

    def instantiate(self, module: Module, imports: Any = None, /) -> Instance:
        """A new instance that goes on where the snapshot was taken: no active segment is written to it, and its start
        function is not called.

        ``imports`` are as of `WebAssembly.Instance`; functions that the module imports may be others than before.
        Raises `SnapshotError` for another module, and where the state does not fit (an imported constant has another
        value, limits allow no memory so large); what `WebAssembly.Instance` raises for imports.
        """
        what = "Snapshot.instantiate()"
        self._check_module(module, what)
        values, made = read_imports(module, imports, what, {})
        resumed: list[ModuleInstance] = []

        def resume(instance: Any) -> None:
            _core(instance, what)
            State(self._content.state, self._content.images, self._part(instance)).apply(fresh=True)
            resumed.append(instance)

        made.when_resumed(resume)
        instance = instance_object(values, made)
        if not resumed:
            raise SnapshotError(f"{what}: the module's engine cannot go on from a state")
        return instance

    def module(self, **restrictions: Unpack[Restrictions]) -> Module:
        """The module, compiled; ``restrictions`` are ``features`` and ``limits`` as of `WebAssembly.Module`.

        Of several engines that are used, native ones first, the Python engine is taken: the others resume no snapshot.
        Raises `SnapshotError` for a snapshot that was saved without its module, or with another one.
        """
        data = self._content.module
        if data is None:
            raise SnapshotError(
                "the snapshot has not its module in it: give the module to instantiate()"
            )
        if hashlib.sha256(data).digest() != self._content.digest:
            raise SnapshotError("the module in the snapshot is not the one that it was taken of")
        resumes = "python" if "python" in chosen() else None
        return Module(data, engine=resumes, **restrictions)

    @property
    def module_digest(self) -> bytes:
        """SHA-256 of the module's binary form."""
        return self._content.digest

    @property
    def imported(self) -> bool:
        """Whether it has what is in memories, tables and mutable globals that the instance imports."""
        return self._content.imported

    def to_bytes(self, *, with_module: bool = True, level: int = DEFAULT_LEVEL) -> bytes:
        """What `save` writes."""
        if level.__class__ is not int or not 0 <= level <= 9:
            raise ValueError(f"Snapshot: level must be 0 to 9, not {shown(level)}")
        content = self._content
        images = tuple(image.compressed(level) for image in content.images)
        module = content.module if with_module else None
        return encoded(Content(content.digest, module, content.imported, images, content.state))

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview[int], /) -> Snapshot:
        """A snapshot from what `to_bytes` gave. Raises `SnapshotError` for anything else.

        Safe with bytes of anybody: what is in them is data of the right types for the module, or refused.
        """
        return _snapshot(decoded(bytes(data)))

    def save(
        self,
        path: str | PathLike[str],
        *,
        with_module: bool = True,
        level: int = DEFAULT_LEVEL,
    ) -> None:
        """Write a file, whole or not at all: zeros are left out.

        ``with_module=False`` leaves the module out, which `instantiate` takes anyway. ``level`` compresses memories,
        from 0 (not at all; read fastest) to 9. Raises `OSError`.
        """
        write_file(Path(path), self.to_bytes(with_module=with_module, level=level))

    @classmethod
    def load(cls, path: str | PathLike[str], /) -> Snapshot:
        """A snapshot from a file. Raises `OSError`, and `SnapshotError` as `from_bytes`."""
        data = Path(path).read_bytes()
        try:
            return cls.from_bytes(data)
        except SnapshotError as error:
            raise SnapshotError(f"{os.fspath(path)}: {error}") from error.__cause__

    def __reduce__(self) -> tuple[Any, ...]:
        """So that it can be sent to another process, by `pickle` too: as `to_bytes`."""
        return Snapshot.from_bytes, (self.to_bytes(),)

    def _part(self, instance: ModuleInstance) -> Part:
        return Part(instance, self._content.imported)

    def _check_module(self, module: Any, what: str) -> None:
        if not isinstance(module, Module):
            raise TypeError(f"{what}: argument 0 must be a WebAssembly.Module, not {shown(module)}")
        self._check_data(module._compiled.data, what)

    def _check_data(self, data: bytes, what: str) -> None:
        """Check that some bytes are those of the module; to compare them is faster than to hash them."""
        content = self._content
        if data != content.module and hashlib.sha256(data).digest() != content.digest:
            raise SnapshotError(f"{what}: the snapshot is of another module")

    def __repr__(self) -> str:
        used = sum(image.count for image in self._content.images)
        length = sum(image.byte_length for image in self._content.images)
        digest = self._content.digest.hex()[:8]
        return f"<Snapshot of module {digest}, {used} of {length} bytes of memory are not 0>"


def snapshot(instance: Instance, /, *, imported: bool = False) -> Snapshot:
    """The state of an instance: what is in its memories, globals and tables, and which segments are dropped.

    ``imported`` takes what it imports as well: memories, tables and mutable globals, which are then overwritten where
    the snapshot is used. References may be null, to functions of the instance or that it imports, to structures and
    arrays, and numbers, strings, booleans and undefined as external ones.

    Raises `SnapshotError`, with the place, for other references (objects of the host, functions of other instances,
    exceptions), for memories that something is mapped into or whose pages are protected, and while code of the
    instance is running, since its calls are no part of a snapshot.
    """
    what = "snapshot()"
    if not isinstance(instance, Instance):
        raise TypeError(f"{what}: argument 0 must be a WebAssembly.Instance, not {shown(instance)}")
    core = _core(instance._instance, what)
    _check_idle(core, what)
    part = Part(core, bool(imported))
    for index, memory in part.mems():
        if memory.block.is_guarded or memory.sharing is not None:
            raise SnapshotError(
                f"{what}: memory {index} has mappings or protected pages, which no snapshot can keep"
            )
    try:
        state = write_state(part)
    except SnapshotError as error:
        raise SnapshotError(f"{what}: {error}") from None
    images = tuple(image_of(memory) for _, memory in part.mems())
    data = instance._instantiation.compiled.data
    digest = hashlib.sha256(data).digest()
    return _snapshot(Content(digest, data, bool(imported), images, state))


def restore(instance: Instance, snapshot: Snapshot, /) -> None:
    """Have an instance go on where a snapshot was taken, of it or of another instance of its module.

    Its objects stay what they are: exports, memories, tables. Nothing is changed where it raises `SnapshotError`: for
    another module, where a memory or table is larger than it was (none ever shrinks: `Snapshot.instantiate` makes a
    new one), and while code of the instance is running.
    """
    what = "restore()"
    if not isinstance(instance, Instance):
        raise TypeError(f"{what}: argument 0 must be a WebAssembly.Instance, not {shown(instance)}")
    if not isinstance(snapshot, Snapshot):
        raise TypeError(f"{what}: argument 1 must be a Snapshot, not {shown(snapshot)}")
    core = _core(instance._instance, what)
    snapshot._check_data(instance._instantiation.compiled.data, what)
    _check_idle(core, what)
    content = snapshot._content
    State(content.state, content.images, snapshot._part(core)).apply(fresh=False)


def _snapshot(content: Content) -> Snapshot:
    made = Snapshot.__new__(Snapshot)
    made._content = content
    return made


def _core(instance: Any, what: str) -> ModuleInstance:
    if not isinstance(instance, ModuleInstance):
        raise SnapshotError(f"{what}: the module's engine does not tell the state of instances")
    return instance


def _check_idle(instance: ModuleInstance, what: str) -> None:
    if is_running(instance):
        raise SnapshotError(
            f"{what}: code of the instance is running; its calls are no part of a snapshot"
        )
