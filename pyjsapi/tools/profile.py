"""Which functions a workload calls, in a memory beside the module's own (as wasm-split wants to know it)."""

from __future__ import annotations

from typing import Final

from pyjsapi.binary.scan import body_start
from pyjsapi.rewriting.instrs import written
from pyjsapi.rewriting.units import Edit, encode_all
from pyjsapi.syntax.types import I32, PAGE_SIZE, FuncType, MemType
from pyjsapi.tools.edited import EditedModule, read
from pyjsapi.tools.errors import ToolError
from pyjsapi.tools.store_marks import HasExports

PROFILE: Final = "profile"
"""Export: the memory with a byte for each function."""
WRITE_PROFILE: Final = "__write_profile"
"""Export: a function that copies the profile into memory 0 (as Binaryen's wasm-split names it)."""


def instrument_profile(data: bytes, *, validate: bool = True) -> bytes:
    """The module ``data`` with a memory ``profile``, in which a function sets the byte at its index when it is entered.

    The memory is exported, so that a host reads it without running anything (`profiled` does); bytes of imported
    functions stay 0. ``__write_profile(address, size) -> i32`` copies it into memory 0, for hosts that expect it
    there: it gives the number of bytes of the profile, and copies only if ``size`` is at least that; ``address`` has
    the memory's address type. In a module without a memory it copies nothing.

    The module does what it did before; its memories, their sizes and all indices stay what they are. Every instance
    has a profile of its own.

    ``validate=False`` leaves out validation, for a module that is known to be valid. Raises `DecodeError` or
    `ValidationError` for a module that is not, and `ToolError` for one that cannot be instrumented.
    """
    edited = EditedModule(read(data, validate=validate))
    own = edited.module.mem_types[:1]
    bodies = edited.bodies()
    first = edited.imported_functions
    count = first + len(bodies)
    pages = -(-count // PAGE_SIZE)
    memory = edited.add_memory(MemType(I32, pages, pages), PROFILE)
    for index, body in enumerate(bodies, first):
        entry = body_start(body.code)
        marked = encode_all(written(f"i32.const 0\ni32.const 1\ni32.store8 {memory} 0 {index}"))
        body.edits.append(Edit(entry, entry, [marked]))
    address = own[0].addrtype if own else I32
    copy = f"""
        local.get 1
        i32.const {count}
        i32.ge_u
        if
          local.get 0
          i32.const 0
          i32.const {count}
          memory.copy 0 {memory}
        end
    """
    code = written(f"{copy if own else ''}\ni32.const {count}")
    type_ = FuncType((address, I32), (I32,))
    edited.export(WRITE_PROFILE, "func", edited.add_function(WRITE_PROFILE, type_, [], code))
    return edited.finish(bodies)


def profiled(instance: HasExports) -> set[int]:
    """Indices of the functions that an instance of an instrumented module has called so far."""
    try:
        memory = instance.exports[PROFILE]
    except (KeyError, TypeError) as error:
        raise ToolError(
            f"the instance has no export {PROFILE!r}: its module must come from instrument_profile"
        ) from error
    return {index for index, byte in enumerate(memory.buffer.tobytes()) if byte}
