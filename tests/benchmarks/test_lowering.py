"""What the benchmarks of lowered modules compare."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.lowering.instrumented import COUNT, COUNTERS, instrument
from benchmarks.lowering.variants import names, variants
from pyjsapi.binary.decoder import decode_module
from pyjsapi.syntax.features import Features
from pyjsapi.text import wat2wasm
from pyjsapi.validation.limits import Limits
from pyjsapi.validation.module import validate_module

ONE_MEMORY = replace(Features(), multi_memory=False)


@pytest.mark.parametrize("name", names())
def test_kernels_have_several_memories_and_their_other_forms_one(name: str) -> None:
    modules = {key: decode_module(data) for key, data in variants(name).items()}
    for key, module in modules.items():
        several = key in ("public", "private")
        assert (len(module.mem_types) > 1) == several
        validate_module(module, Features() if several else ONE_MEMORY, Limits())
    assert {"init", "run"} <= {export.name for export in modules["public lowered"].exports}
    assert not [e for e in modules["private"].exports if e.kind == "memory"]


def test_every_function_and_loop_is_counted() -> None:
    data = instrument(wat2wasm('(module (memory 1) (func (export "f") (loop (loop))) (func))'))
    module = decode_module(data)
    validate_module(module, Features(), Limits())
    assert {COUNT, COUNTERS} <= {export.name for export in module.exports}
    body = module.funcs[0].code.load().body
    offsets = [instr[3] for instr in body if instr[0].mnemonic == "i64.store"]
    assert offsets == [0, 8, 16]
    assert decode_module(data).funcs[1].code.load().body[5][3] == 24
