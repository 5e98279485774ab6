"""Puts a lowered module together: the main module that replaces the original, and the helpers that it imports from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pyjsapi.binary.branch_hints import SECTION as HINTS
from pyjsapi.binary.encoder import EncodedCode
from pyjsapi.lowering.bodies import Rewriter
from pyjsapi.lowering.errors import LoweringError
from pyjsapi.lowering.indices import Numbering, exposed_functions, map_functions, map_names
from pyjsapi.lowering.layout import Layout
from pyjsapi.lowering.options import Options
from pyjsapi.lowering.outline import outline
from pyjsapi.lowering.parts import Parts
from pyjsapi.lowering.plan import plan_of
from pyjsapi.lowering.segments import START_LOCALS, Segments
from pyjsapi.rewriting.hints import map_hints
from pyjsapi.rewriting.instrs import instr
from pyjsapi.rewriting.units import Added, Body, Edit, assemble, beyond_limits
from pyjsapi.syntax.module import Export, Func, Import, Module
from pyjsapi.syntax.types import I32, FuncType, GlobalType
from pyjsapi.syntax.watching import watched

HIDDEN: Final = "\0pyjsapi:"
"""How the names of exports begin that are for the linker alone."""


@dataclass(frozen=True, slots=True)
class Lowered:
    """What a linker needs in place of the original module."""

    main: Module
    reader: Module
    """It has the original's imports and nothing else."""
    helpers: list[Module]
    plan: dict[str, Any]
    """Without the sizes of the parts, which are known when they are encoded."""


def build(layout: Layout, options: Options) -> Lowered:
    """The modules that a layout describes, and their plan."""
    original = layout.original
    parts = Parts(layout)
    segments = Segments(parts)
    outlined = outline(parts) if options.outline and parts.helpers else {}
    rewriter = Rewriter(parts, segments, windows=options.windows)
    bodies = [
        (position + layout.imported_functions, rewriter.body(func, stops))
        for position, (func, stops) in enumerate(zip(original.funcs, layout.stops, strict=True))
        if position not in outlined
    ]
    prelude = segments.prelude()
    # From here on nothing is imported any more.
    numbering = Numbering(
        layout.imported_functions, parts.main.import_count, len(original.funcs), outlined
    )
    first_added = parts.main.import_count + len(bodies)
    module = parts.main.module
    module.start = None if original.start is None else numbering(original.start)
    if prelude is not None:
        if module.start is not None:
            prelude.append(instr("call", module.start))
        added = parts.main.add("start", FuncType((), ()), START_LOCALS, prelude)
        module.start = first_added + added
    _add_functions(module, bodies, numbering, first_added)
    module.datas = segments.main_datas()
    module.data_count = len(module.datas) if module.datas else original.data_count
    hidden = _export(module, layout, numbering)
    module = parts.main.finish()
    if numbering.changes:
        map_functions(module, numbering)
    module.customs = map_names(module.customs, numbering, _memory_name_map(layout))
    helpers = [helper.finish() for helper in parts.helpers]
    return Lowered(module, _reader(layout), helpers, plan_of(parts, numbering, hidden))


def _add_functions(
    module: Module, bodies: list[tuple[int, Body]], numbering: Numbering, first_added: int
) -> None:
    """Add the functions that stay, by their indices in the original, and map the hints about their code."""
    hinted = any(custom.name == HINTS for custom in module.customs)
    offsets: dict[int, list[tuple[int, int]]] = {}
    for index, body in watched("functions lowered", bodies):
        if not numbering.changes:
            body.edits = [edit for edit in body.edits if not _names_function(edit)]
        stretches = offsets.setdefault(index, []) if hinted else None
        code = assemble(body, numbering, lambda position: first_added + position, stretches)
        _check_limits(index, body, code)
        module.funcs.append(Func(body.typeidx, code))
    module.customs = [
        map_hints(custom, numbering, offsets) if custom.name == HINTS else custom
        for custom in module.customs
    ]


def _export(module: Module, layout: Layout, numbering: Numbering) -> list[tuple[str, int]]:
    """Export what the original does; returns the exports for the linker alone with their original indices."""
    for export in layout.original.exports:
        index = export.index
        if export.kind == "memory":
            if index in layout.helper_of:
                continue
            index = 0
        elif export.kind == "func":
            index = numbering(index)
        module.exports.append(Export(export.name, export.kind, index))
    hidden: list[tuple[str, int]] = []
    if numbering.changes:
        for index in exposed_functions(layout.original, layout.stops):
            name = f"{HIDDEN}{index}"
            module.exports.append(Export(name, "func", numbering(index)))
            hidden.append((name, index))
    return hidden


def _reader(layout: Layout) -> Module:
    """A module with the original's imports and nothing else; numbers stand for the memories of helpers."""
    imported = (use.import_ for memory, use in enumerate(layout.uses) if memory in layout.helper_of)
    far = {import_[0] for import_ in imported if import_ is not None}
    number = GlobalType(I32, False)
    return Module(
        types=layout.original.types,
        imports=[
            Import(item.module, item.name, number if position in far else item.type)
            for position, item in enumerate(layout.original.imports)
        ],
    )


def _memory_name_map(layout: Layout) -> dict[int, int]:
    """New indices of the memories that still have one."""
    place = layout.primary.places[0]
    return {place.memory: 0} if place.whole else {}


def _check_limits(index: int, body: Body, code: EncodedCode) -> None:
    """A function that was just within the limits of the JS API may not be any more."""
    excess = beyond_limits(body, code)
    if excess is not None:
        raise LoweringError(
            f"lowered, the function has {excess}", funcidx=index, offset=body.code.start
        )


def _names_function(edit: Edit) -> bool:
    return not isinstance(edit.payload[0], (bytes, Added))
