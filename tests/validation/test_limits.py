"""The implementation-defined limits of the JS API: up to the limit accepted, beyond it refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.binary.body import BinaryCode
from pyjsapi.syntax.errors import ValidationError
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.module import (
    Code,
    Data,
    Elem,
    Export,
    Func,
    Global,
    Import,
    Instr,
    Module,
    Table,
)
from pyjsapi.syntax.types import FUNCREF, I32, FuncExtern, GlobalType, MemType, RecType, TableType
from pyjsapi.validation.limits import Limits, check_module_size
from pyjsapi.validation.module import validate_module

Build = Callable[[str], list[Instr]]
FuncTypeMaker = Callable[..., RecType]
PAGE = MemType(I32, 0, None)


def test_the_defaults_are_the_numbers_of_the_js_api() -> None:
    limits = Limits()
    assert limits.module_size == 1_073_741_824
    assert limits.types == limits.rec_groups == limits.rec_group_types == 1_000_000
    assert limits.subtype_depth == 63
    assert limits.functions == limits.imports == limits.exports == 1_000_000
    assert limits.globals == limits.tags == 1_000_000
    assert limits.data_segments == limits.tables == 100_000
    assert limits.table_init_entries == limits.max_table_elements == 10_000_000
    assert limits.memories == 100
    assert limits.memory32_pages == limits.max_memory_pages == 65_536
    assert limits.memory64_pages == 2**37 - 1
    assert limits.max_memory64_pages == 262_144
    assert limits.params == limits.results == 1_000
    assert limits.body_size == 7_654_321
    assert limits.locals == 50_000
    assert limits.struct_fields == limits.array_new_fixed_operands == 10_000


@pytest.mark.parametrize("imported", [0, 40, 100])
def test_a_hundred_memories_pass_and_one_more_fails(imported: int) -> None:
    imports = [Import("m", str(i), PAGE) for i in range(imported)]
    module = Module(imports=imports, mems=[PAGE] * (100 - imported))
    assert len(validate_module(module, Features(), Limits()).mems) == 100
    module.mems.append(PAGE)
    with pytest.raises(ValidationError) as caught:
        validate_module(module, Features(), Limits())
    assert caught.value.message == "too many memories: 101, the limit is 100 (Limits.memories)"


def _modules(build: Build, functype: FuncTypeMaker) -> dict[str, Callable[[int], Module]]:
    end = build("end")
    null = build("ref.null func; end")
    one = Global(GlobalType(I32, False), build("i32.const 0; end"))
    table = TableType(I32, 0, None, FUNCREF)
    func = functype()
    return {
        "types": lambda n: Module(types=[func] * n),
        "rec_groups": lambda n: Module(types=[RecType(())] * n),
        "rec_group_types": lambda n: Module(types=[RecType(func.subtypes * n)]),
        "functions": lambda n: Module(types=[func], funcs=[Func(0, Code((), end))] * n),
        "imports": lambda n: Module(types=[func], imports=[Import("", "", FuncExtern(0))] * n),
        "exports": lambda n: Module(mems=[PAGE], exports=[Export(f"{i}", "memory", 0) for i in range(n)]),
        "globals": lambda n: Module(globals=[one] * n),
        "data_segments": lambda n: Module(datas=[Data(b"", "passive")] * n),
        "tables": lambda n: Module(imports=[Import("", "", table)], tables=[Table(table, None)] * (n - 1)),
        "table_init_entries": lambda n: Module(elems=[Elem(FUNCREF, [null] * n, "passive")]),
        "memories": lambda n: Module(mems=[PAGE] * n),
        "params": lambda n: Module(types=[functype("i32 " * n)]),
        "results": lambda n: Module(types=[functype("", "i32 " * n)]),
    }  # fmt: skip


@pytest.mark.parametrize(
    "field",
    [
        "types", "rec_groups", "rec_group_types", "functions", "imports", "exports", "globals", "data_segments",
        "tables", "table_init_entries", "memories", "params", "results",
    ],
)  # fmt: skip
def test_what_exceeds_a_limit_is_refused_with_its_count(
    build: Build, functype: FuncTypeMaker, field: str
) -> None:
    make = _modules(build, functype)[field]
    limits = Limits(**{field: 5})
    validate_module(make(5), Features(), limits)
    with pytest.raises(ValidationError) as caught:
        validate_module(make(6), Features(), limits)
    assert ": 6, the limit is 5" in caught.value.message
    assert f"(Limits.{field})" in caught.value.message


def test_a_thousand_parameters_and_results_pass(functype: FuncTypeMaker) -> None:
    validate_module(Module(types=[functype("i32 " * 1000, "i64 " * 1000)]), Features(), Limits())
    with pytest.raises(ValidationError, match="too many parameters in type 0: 1001"):
        validate_module(Module(types=[functype("i32 " * 1001)]), Features(), Limits())


def test_the_size_of_a_function_body(functype: FuncTypeMaker) -> None:
    def module(size: int) -> Module:
        # No locals, nop after nop, end.
        code = BinaryCode(b"\0" + b"\1" * (size - 2) + b"\x0b", 0, size, False)
        return Module(types=[functype()], funcs=[Func(0, code)])

    assert len(validate_module(module(1000), Features(), Limits(body_size=1000)).funcs) == 1
    with pytest.raises(ValidationError) as caught:
        validate_module(module(7_654_322), Features(), Limits())
    assert caught.value.message == (
        "function body too large: 7654322 bytes, the limit is 7654321 (Limits.body_size)"
    )
    assert caught.value.funcidx == 0


def test_the_size_of_a_module() -> None:
    limits = Limits(module_size=8)
    check_module_size(8, limits)
    with pytest.raises(ValidationError, match="module too large: 9 bytes, the limit is 8"):
        check_module_size(9, limits)


def test_a_table_too_large_to_be_instantiated_still_compiles() -> None:
    table = Table(TableType(I32, 2**32 - 1, None, FUNCREF), None)
    assert validate_module(Module(tables=[table]), Features(), Limits()).tables == [table.type]


def test_limits_are_values(whole: Callable[[], Any]) -> None:
    strict = Limits(memories=2)
    with pytest.raises(ValidationError, match=r"too many memories: 3, the limit is 2"):
        validate_module(whole(), Features(), strict)
    validate_module(whole(), Features(), Limits())
