"""Modules as Wasmtime gets them: everything that may come out of an instance is exported, under names of our own.

The module's names are not needed for that, nor its start function, which is called when all that it may reach is known,
nor custom sections. A name section is added that has a number: traces tell by it which module a frame is of. Bounds
that hold for tables and shared memories, which grow without asking anybody, are written into their types. What waits on
shared memories is replaced (`waiting`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, NamedTuple

from pyjsapi.binary.encoder import encode_module
from pyjsapi.binary.leb128 import unsigned
from pyjsapi.binary.reader import Reader
from pyjsapi.binary.sections import SECTION_IDS
from pyjsapi.embedding.valid_module import ValidModule
from pyjsapi.engines import native
from pyjsapi.engines.errors import Refusal
from pyjsapi.engines.wasmtime.library import NAME
from pyjsapi.engines.wasmtime.native_engine import native_engine
from pyjsapi.engines.wasmtime.waiting import Waits
from pyjsapi.runtime.memory import page_limit_of
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import SECTIONS, Data, Expr, Import, Module, Table
from pyjsapi.syntax.types import MemType, TableType
from pyjsapi.validation.limits import DEFAULT_CALL_DEPTH, Limits

_REF_FUNC: Final = BY_MNEMONIC["ref.func"]
_KINDS: Final = {"func": 0, "table": 1, "memory": 2, "global": 3, "tag": 4}
_NAMES: Final = {id_: name for name, id_ in SECTION_IDS.items()}
_HEADER: Final = 8


class Rewritten(NamedTuple):
    """What Wasmtime compiles."""

    data: bytes
    shift: int
    """Bytes that the code section stands further behind than in the module."""


def hidden(kind: str, index: int) -> bytes:
    """What something of a module is exported as."""
    return f"{_KINDS[kind]} {index}".encode()


def reachable_funcs(module: Module) -> set[int]:
    """Functions that may come out of an instance, by their indices: exported, named by references, or the first."""
    found = {export.index for export in module.exports if export.kind == "func"}
    if module.start is not None:
        found.add(module.start)
    for expr in _constants(module):
        found.update(instr[1] for instr in expr if instr[0] is _REF_FUNC)
    return found


def _constants(module: Module) -> Iterable[Expr]:
    for global_ in module.globals:
        yield global_.init
    for table in module.tables:
        if table.init is not None:
            yield table.init
    for elem in module.elems:
        yield from elem.init


def rewritten(valid: ValidModule, name: str, waits: Waits, *, twin: bool = False) -> Rewritten:
    """The module for Wasmtime, called ``name``.

    A ``twin`` has an import for each memory that the module defines, behind the others, and its segments are empty.
    """
    sections, start = _sections(valid.data)
    for dropped in ("start", "memory", "table"):
        sections.pop(dropped, None)
    further = waits.add_to(sections, start)
    sections["export"] = _exports(valid, len(waits.instructions))
    module, limits = valid.module, valid.settings.limits
    taken = [Import("", "", type_) for type_ in module.mems] if twin else []
    if taken or any(item.group is not None for item in module.imports):
        plain = [replace(item, group=None) for item in module.imports]
        sections["import"] = _content(Module(imports=plain + taken))
    if twin:
        _empty_segments(sections, module)
    elif module.mems:
        mems = [_bounded_memory(type_, limits) for type_ in module.mems]
        sections["memory"] = _content(Module(mems=mems))
    if module.tables:
        tables = [Table(_bounded_table(table.type, limits), table.init) for table in module.tables]
        sections["table"] = _content(Module(tables=tables))
    out, shift = bytearray(valid.data[:_HEADER]), 0
    for section in SECTIONS:
        content = sections.get(section)
        if content is None:
            continue
        out.append(SECTION_IDS[section])
        out += unsigned(len(content))
        if section == "code":
            shift = len(out) - start + further
        out += content
    out += b"\0" + _sized(_sized(b"name") + b"\0" + _sized(_sized(name.encode())))
    return Rewritten(bytes(out), shift)


def _empty_segments(sections: dict[str, bytes], module: Module) -> None:
    if module.elems:
        elems = [replace(elem, init=[], mode="passive") for elem in module.elems]
        sections["elem"] = _content(Module(elems=elems))
    if module.datas:
        datas = [Data(b"", "passive") for _ in module.datas]
        sections["data"] = _content(Module(datas=datas))


def _sized(content: bytes) -> bytes:
    return unsigned(len(content)) + content


def _sections(data: bytes) -> tuple[dict[str, bytes], int]:
    """The contents of all sections but custom ones, by name, and where that of the code begins."""
    found: dict[str, bytes] = {}
    code = 0
    reader = Reader(data, _HEADER)
    while reader.left:
        name = _NAMES.get(reader.byte())
        size = reader.length()
        if name == "code":
            code = reader.pos
        content = reader.bytes(size)
        if name is not None:
            found[name] = content
    return found, code


def _content(module: Module) -> bytes:
    """The contents of the one section that a module has."""
    ((_, content),) = _sections(encode_module(module))[0].items()
    return content


def _exports(valid: ValidModule, more_globals: int) -> bytes:
    context = valid.context
    items = [("func", index) for index in sorted(reachable_funcs(valid.module))]
    counts = {
        "table": len(context.tables),
        "memory": len(context.mems),
        "global": len(context.globals) + more_globals,
        "tag": len(context.tags),
    }
    for kind, count in counts.items():
        items += [(kind, index) for index in range(count)]
    entries = [
        _sized(hidden(kind, index)) + bytes((_KINDS[kind],)) + unsigned(index)
        for kind, index in items
    ]
    return unsigned(len(entries)) + b"".join(entries)


def table_ceiling(type_: TableType, limits: Limits) -> int:
    """Elements that a table may have."""
    total = limits.max_total_table_elements
    most = limits.max_table_elements if total is None else min(limits.max_table_elements, total)
    return most if type_.maximum is None else min(type_.maximum, most)


def _bounded_table(type_: TableType, limits: Limits) -> TableType:
    return replace(type_, maximum=max(table_ceiling(type_, limits), type_.minimum))


def _bounded_memory(type_: MemType, limits: Limits) -> MemType:
    """The type of a memory that does not grow further than it may. Wasmtime asks before unshared ones grow."""
    if not type_.shared or type_.maximum is None:
        return type_
    try:
        most = page_limit_of(type_, limits)
    except MemoryError:  # which is said when it is to be made
        return type_
    return replace(type_, maximum=min(type_.maximum, most))


def refuse_limits(valid: ValidModule) -> None:
    """Raise `Refusal` for limits that native code cannot be held to."""
    limits, module = valid.settings.limits, valid.module
    if limits.deadline is not None and not native_engine().interruptible:
        raise Refusal(
            f"the engine {NAME!r} does not keep Limits.deadline unless its code is interruptible "
            "(pyjsapi.engines.make_interruptible()); the Python engine does"
        )
    native.refuse_limits(NAME, limits, ("deadline",))
    shared = any(type_.shared for type_ in valid.context.mems)
    if shared and limits.max_memory_bytes is not None and len(module.mems) > 1:
        raise Refusal(
            f"the engine {NAME!r} does not keep Limits.max_memory_bytes for several memories of which one is shared"
        )
    if limits.call_depth != DEFAULT_CALL_DEPTH:
        raise Refusal(
            f"the engine {NAME!r} does not keep Limits.call_depth: its stack ends where it ends"
        )
    total = limits.max_total_table_elements
    own = valid.context.tables[len(valid.context.tables) - len(module.tables) :]
    if total is not None and len(own) > 1:
        if sum(table_ceiling(type_, limits) for type_ in own) > total:
            raise Refusal(
                f"the engine {NAME!r} does not keep Limits.max_total_table_elements for several tables that grow"
            )
