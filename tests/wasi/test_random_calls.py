"""Calls by chance, the same through both ways to resolve paths; and what Wasmtime says of paths."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from pyjsapi.wasi.abi import Errno
from pyjsapi.wasi.calls.table import TABLE
from pyjsapi.wasi.paths.beneath import has_openat2
from tests.wasi.guests import RESOLUTIONS, Guest
from tests.wasi.random_calls import INSIDE, KINDS, PARAMETERS, Maker, Run, contents, memory, plant

pytestmark = pytest.mark.skipif(
    sys.platform in ("win32", "emscripten"),
    reason="the system has no FIFOs, sockets and directories",
)


def test_all_functions_are_called_with_all_arguments() -> None:
    wide = {"p": "ii", "b": "ii", "v": "ii"}
    found = {
        name: "".join(wide.get(letter, "I" if letter in "ztrc" else "i") for letter in letters)
        for name, letters in PARAMETERS.items()
    }
    assert {**found, "proc_exit": "i"} == {row.name: row.parameters for row in TABLE}


@pytest.mark.parametrize("seed", range(10))
def test_i15_2_both_ways_agree_and_nothing_leaves(tmp_path: Path, seed: int) -> None:
    ways = RESOLUTIONS if has_openat2() else ("walk",)
    run = Run(tmp_path, seed, ways)
    assert run.kind == KINDS[seed % 5]
    succeeded = {run.step() for _ in range(150)}
    assert len({call.name for call, errno in succeeded if errno is Errno.SUCCESS}) > 10
    run.finish()


@pytest.mark.skipif(find_spec("wasmtime") is None, reason="wasmtime is missing")
@pytest.mark.parametrize("first", [0, 10])
def test_i15_2_wasmtime_refuses_the_same_paths(tmp_path: Path, first: int) -> None:
    """Which errno it is where several are right differs; whether something succeeds does not, nor what comes of it."""
    from tests.wasi.other_engine import WasmtimeGuest

    compared = 0
    for seed in range(first, first + 10):
        bases = [tmp_path / f"{name}{seed}" for name in ("ours", "theirs")]
        for base in bases:
            base.mkdir()
            plant(base)
            for special in ("fifo", "socket"):  # which it waits for
                (base / "root" / special).unlink()
        preopens = [{"/": base / "root", "/second": base / "second"} for base in bases]
        ours, theirs = Guest(memory("heap"), preopens=preopens[0]), WasmtimeGuest(preopens[1])
        maker = Maker(seed)
        maker.live = [0, 1, 2, 3, 4]
        for _ in range(60):
            call = maker.call()
            # It has no rights, and no bounds of what is open.
            if not call.name.startswith("path_") or not maker.is_tame or call.arguments[0] > 10:
                continue
            for at, data in call.data:
                ours.put(at, data)
                theirs.put(at, data)
            found = [each.errno(call.name, *call.arguments) for each in (ours, theirs)]
            assert (found[0] is Errno.SUCCESS) is (found[1] is Errno.SUCCESS), (call, found)
            compared += 1
        ours.wasi.close()
        trees = [contents(base) for base in bases]
        assert trees[0] == trees[1] and set(INSIDE) < set(trees[0])
    assert compared > 100
