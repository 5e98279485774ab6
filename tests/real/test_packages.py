"""Published packages that import ``wasmtime`` do the same with `pyjsapi.compat.wasmtime` in its place.

Each driver runs in a process of its own, on both. Packages that `make build` installs and that are not there are a
failure.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from real.commands.playing import difference
from real.packages.packages import compared, drivers

QUICK = ("opa_wasmtime", "opapywasm", "pin_derive", "vt100wasm")
"""The others run for longer."""


@pytest.mark.timeout(1900)
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.long]) for name in drivers()],
)
def test_a_package_does_what_it_does_with_wasmtime(name: str, tmp_path: Path) -> None:
    ours, theirs = compared(name, tmp_path)
    assert difference(ours, theirs) == ""
    assert ours.code == 0 and ours.stdout
