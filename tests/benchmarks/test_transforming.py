"""What the benchmarks of transformed modules compare does the same."""

from __future__ import annotations

import pytest

from benchmarks.transforming import PATTERNS, SPARSE, STORES, TELL, TEXT
from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.tools import instrument_stores, mark, rollback


@pytest.mark.parametrize("address", [*PATTERNS.values(), SPARSE])
@pytest.mark.parametrize("exact", [False, True])
def test_uc_2_logged_stores_are_the_stores_and_can_be_undone(address: str, exact: bool) -> None:
    plain = wat2wasm(TEXT.format(tell="", call="", address=address))
    told: list[tuple[int, int]] = []
    call = "(call $before (local.get $at) (i32.const 4))"
    telling = wat2wasm(TEXT.format(tell=TELL, call=call, address=address))
    host = {"host": {"before": lambda at, count: told.append((at, count))}}
    instances = [
        WebAssembly.Instance(WebAssembly.Module(data), host)
        for data in (plain, instrument_stores(plain, exact=exact), telling)
    ]
    logged = instances[1]
    place = mark(logged)
    for instance in instances:
        instance.exports.run(STORES)
    memories = [bytes(instance.exports.memory.buffer.tobytes()) for instance in instances]
    assert memories[0] == memories[1] == memories[2]
    assert len(told) == STORES
    rollback(logged, place)
    assert not any(logged.exports.memory.buffer.tobytes())
