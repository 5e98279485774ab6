"""A store of objects that are written while they are made and never after, over a shared memory."""

from __future__ import annotations

import secrets
from typing import Final

from pyjsapi.syntax.types import PAGE_SIZE
from pyjsapi.text import wat2wasm
from pyjsapi.tools.errors import ToolError
from pyjsapi.tools.far import LOADS, STORES
from pyjsapi.tools.owoa_text import FIRST_SLOT, LOAD, LOCK, MODULE, SLOT_SIZE, SPIN, STORE

MOST_OBJECTS: Final = 1 << 24
MOST_PAGES: Final = 65536


def owoa(
    *, objects: int = 4096, pages: int = MOST_PAGES, may_block: bool = True, seed: int | None = None
) -> bytes:
    """A module with a write-on-allocation store, over the shared memory that it imports as ``"owoa"`` ``"memory"``.

    Instances of it in any number of threads that have the same memory work on the same objects. Nothing else should
    have the memory: the store is as safe as its bytes. `owoa_memory` says how the memory has to be. Exports:

    - ``alloc(length) -> handle`` gives an object of as many zero bytes (i32, up to 2^30), or 0 if there is no room;
    - ``store8`` … ``store64``, ``storef32``, ``storef64`` ``(handle, offset, value)`` write it, until
    - ``freeze(handle)``; only the instance that allocated it may do either;
    - ``load8_s`` … ``loadf64`` ``(handle, offset)`` read a frozen object, ``length(handle)`` tells its bytes;
    - ``retain(handle)`` and ``release(handle) -> i32`` count references, of which ``alloc`` makes the first;
      the last ``release`` frees the object, and its bytes are used again. What else an object's bytes refer to, who
      releases it has to release;
    - ``live() -> i32`` and ``used() -> i32`` give the number of objects, and the bytes that the store has ever taken.

    A handle is an i64: a slot in the lower 32 bits, and a number in the upper that is another one at each allocation,
    so that it is hard to guess. One that was not given out or whose object is freed traps; so does an access out of the
    object's bounds, to what is not frozen, or a write to what is. Before it is frozen, only the instance that made an
    object may release its last reference.

    ``objects`` is the most that live at once, ``pages`` the most that the memory may be declared with. Waiting for
    the lock blocks the thread; without ``may_block`` it spins, for the main threads of browsers. An instance that is
    ended while it allocates or releases may leave the lock taken. ``seed`` (64 bits) starts the numbers in handles:
    without it they differ with each call of this function. Raises `ToolError` for sizes that cannot be.
    """
    first = _first_byte(objects)
    if not first <= pages * PAGE_SIZE or pages > MOST_PAGES:
        raise ToolError(
            f"{objects} objects take {-(-first // PAGE_SIZE)} pages and more; pages must be that at least and "
            f"{MOST_PAGES} at most, not {pages}"
        )
    if seed is None:
        seed = secrets.randbits(64)
    loads = [
        LOAD.format(name=name, type=type_, instruction=mnemonic, size=_bytes(name))
        for name, (type_, mnemonic) in LOADS.items()
    ]
    stores = [
        STORE.format(name=name, type=type_, instruction=mnemonic, size=_bytes(name))
        for name, (type_, mnemonic) in STORES.items()
    ]
    return wat2wasm(
        MODULE.format(
            minimum=-(-first // PAGE_SIZE),
            maximum=pages,
            objects=objects,
            first=first,
            seed=seed & ((1 << 64) - 1) | 1,
            lock=LOCK if may_block else SPIN,
            accesses="\n".join([*loads, *stores]),
        )
    )


def owoa_memory(*, objects: int = 4096, pages: int = MOST_PAGES) -> dict[str, int | bool]:
    """The descriptor of a memory for `owoa` with the same arguments: ``WebAssembly.Memory(owoa_memory())``."""
    return {"initial": -(-_first_byte(objects) // PAGE_SIZE), "maximum": pages, "shared": True}


def _first_byte(objects: int) -> int:
    """Where the bytes of objects begin."""
    if not 1 <= objects <= MOST_OBJECTS:
        raise ToolError(f"a store has 1 to {MOST_OBJECTS} objects, not {objects}")
    return FIRST_SLOT + SLOT_SIZE * objects


def _bytes(name: str) -> int:
    """The bytes that an accessor works on."""
    digits = "".join(character for character in name if character.isdigit())
    return int(digits) // 8
