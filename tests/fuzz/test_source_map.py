"""Translated with marks, functions have the same text without them: what traps say rests on it."""

from __future__ import annotations

import pytest

from fuzz import generators
from fuzz.generators import make
from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.function import source_map_of, translate_once
from pyjsapi.compiler.options import Options
from pyjsapi.compiler.source_map import plain
from pyjsapi.engines.python import compile_module

NOT_TRANSLATED = {"binaries", "binaryen", "texts"}
OPTIONS = {
    "default": Options(),
    "asserting": Options(assertions=True),
    "states": Options(state_machine=True),
    "few loops": Options(max_loops=1),
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("name", [n for n in generators.NAMES if n not in NOT_TRANSLATED])
def test_marks_change_nothing(name: str, options: Options) -> None:
    marked = 0
    for seed in range(3):
        module = compile_module(make(name, seed).program.binary, options=options, cache=CodeCache())
        scope = module.default_variant.scope
        for index, func in enumerate(module.module.funcs, module.imported_funcs):
            code = func.code.load()
            lines = translate_once(scope, index, code, traced=True).lines
            assert list(map(plain, lines)) == translate_once(scope, index, code).lines
            marked += lines != list(map(plain, lines))
    assert marked


def test_places_that_are_for_no_instruction() -> None:
    module = compile_module(make("blocks", 0).program.binary, cache=CodeCache())
    index = module.imported_funcs
    code = module.module.funcs[0].code.load()
    found = source_map_of(module.default_variant.scope, index, code)
    assert found.instruction(0, None, None) is None
    assert found.instruction(1, 0, 3) is None
    assert found.instruction(10_000, 0, 1) is None
