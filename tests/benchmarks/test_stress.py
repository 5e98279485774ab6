"""The stress of shared memories, for a moment and with fixed seeds."""

from __future__ import annotations

import os

import pytest

from benchmarks import stress
from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.agents.kinds import WorkerKind


@pytest.mark.usefixtures("busy_switching")
@pytest.mark.parametrize(
    "kind",
    [
        "thread",
        pytest.param(
            "process", marks=pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
        ),
    ],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_four_workers_and_all_atomic_accesses_keep_every_invariant(
    kind: WorkerKind, seed: int
) -> None:
    moves = stress.run(kind, workers=4, seed=seed, steps=3000)
    assert sum(moves.values()) == 12_000
    assert len(moves) == 12


def test_what_accounts_do_not_explain_is_found() -> None:
    """A write that nobody accounts for is an error: the stress does not pass by looking away."""
    module = WebAssembly.Module(wat2wasm(stress._text()))
    memory = WebAssembly.Memory(initial=1, maximum=stress.PAGES, shared=True)
    exports = WebAssembly.Instance(module, {"env": {"memory": memory}}).exports
    for k, size in enumerate(stress.SIZES):
        exports[f"store{size}"](stress.TOKEN + 8 * k, 0)
    players = [stress.Player(exports, number, 2, 7) for number in range(2)]
    for _ in range(300):
        for player in players:
            player.step()
    accounts = [player.account for player in players]
    stress._check(accounts, exports, memory.type()["minimum"])
    exports.add4(stress.ADDED + 16, 1)
    with pytest.raises(stress.Broken, match="additions of size 4"):
        stress._check(accounts, exports, memory.type()["minimum"])
    exports.sub4(stress.ADDED + 16, 1)
    memory.grow(1)
    with pytest.raises(stress.Broken, match="not unique"):
        stress._check(accounts, exports, memory.type()["minimum"])
