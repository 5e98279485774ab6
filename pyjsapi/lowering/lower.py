"""Lowering of whole modules: see docs/lowering.md for the form of the result."""

from __future__ import annotations

import json
from typing import Final

from pyjsapi.binary.body import BinaryCode
from pyjsapi.binary.decoder import decode_module
from pyjsapi.binary.encoder import encode_module
from pyjsapi.binary.leb128 import unsigned
from pyjsapi.binary.scan import Stop, scan
from pyjsapi.lowering.errors import LoweringError
from pyjsapi.lowering.layout import lay_out
from pyjsapi.lowering.main_module import build
from pyjsapi.lowering.options import Options
from pyjsapi.lowering.plan import SECTION
from pyjsapi.lowering.storages import Target, Use, arrange, uses_of
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.instructions import Imm
from pyjsapi.syntax.module import Custom, Func, Module
from pyjsapi.syntax.types import I64, PAGE_SIZE_LOG2
from pyjsapi.syntax.watching import watched
from pyjsapi.validation.limits import Limits
from pyjsapi.validation.module import validate_module

_LOOP_WEIGHT: Final = 10.0
_DEEPEST: Final = 6
"""Loops nested deeper than this do not weigh more."""


def lower(
    data: bytes,
    *,
    memory64: bool = True,
    custom_page_sizes: bool = False,
    validate: bool = True,
    options: Options | None = None,
) -> bytes:
    """A module of one memory at most that does, with a linker, what the module ``data`` does.

    ``memory64`` and ``custom_page_sizes`` say what else the target engine has. A module that needs no lowering is
    returned as it is. ``validate=False`` leaves out validation, for a module that is known to be valid.
    Raises `DecodeError` or `ValidationError` for a module that is not valid, and `LoweringError` for a valid one
    that cannot be lowered exactly.
    """
    target = Target(memory64, custom_page_sizes)
    module = decode_module(data)
    if validate:
        validate_module(module, Features(memory_control=True, acquire_release=True), Limits())
    if not needs_lowering(module, target):
        return bytes(data)
    if any(custom.name == SECTION for custom in module.customs):
        raise LoweringError(f"the module has a custom section {SECTION!r} already")
    stops = [_scan(func) for func in watched("functions read", module.funcs)]
    uses = uses_of(module)
    _weigh(stops, uses)
    options = options or Options()
    storages = arrange(uses, target, merge=options.merge)
    lowered = build(lay_out(module, stops, uses, storages), options)
    plan = lowered.plan
    parts = [encode_module(part) for part in (lowered.reader, *lowered.helpers)]
    for entry, encoded in zip((plan["reader"], *plan["helpers"]), parts, strict=True):
        entry["size"] = len(encoded)
    text = json.dumps(plan, ensure_ascii=False, separators=(",", ":")).encode()
    payload = unsigned(len(text)) + text + b"".join(parts)
    lowered.main.customs.append(Custom(SECTION, payload, "data"))
    return encode_module(lowered.main)


def needs_lowering(module: Module, target: Target | None = None) -> bool:
    """Whether an engine with one memory per module cannot run the module as it is."""
    target = target or Target()
    mems = module.mem_types
    if len(mems) > 1:
        return True
    return any(
        (mem.addrtype is I64 and not target.memory64)
        or (mem.page_size_log2 != PAGE_SIZE_LOG2 and not target.custom_page_sizes)
        for mem in mems
    )


def _scan(func: Func) -> list[Stop]:
    if not isinstance(func.code, BinaryCode):
        raise TypeError("only the code of a decoded module can be lowered")
    return list(scan(func.code))


def _weigh(stops: list[list[Stop]], uses: list[Use]) -> None:
    """Estimate how often each memory is used: ten times as often in a loop as outside."""
    weights = [_LOOP_WEIGHT**depth for depth in range(_DEEPEST + 1)]
    for function in stops:
        for stop in function:
            op = stop.instr[0]
            imm = op.imm
            if imm is Imm.FUNC or imm is Imm.DATA or imm is Imm.TYPE_DATA:
                continue
            weight = weights[min(stop.loops, _DEEPEST)]
            if imm is Imm.DATA_MEM:
                uses[stop.instr[2]].weight += weight
                continue
            uses[stop.instr[1]].weight += weight
            if imm is Imm.MEM_MEM:
                uses[stop.instr[2]].weight += weight
            elif op.family == "grow":
                uses[stop.instr[1]].grows = True
