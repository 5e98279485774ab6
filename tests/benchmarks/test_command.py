"""The command's arguments, and which figures it judges."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.__main__ import (
    LEAST,
    LEAST_IN_PYODIDE,
    guest_costs,
    parse,
    passed_on,
    speed_costs,
)
from benchmarks.comparison import Row, Table
from benchmarks.pythons import NoSuchPython, find

TABLE = Table("Kernels", ["by hand", "pywasm"], [Row("a", 1.0, {"by hand": 0.8, "pywasm": 180.0})])


def test_an_unknown_kernel_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(["--kernels", "fib,fob"])
    assert caught.value.code == 2
    assert (
        "there is no kernel 'fob'; there are call_indirect, crc32, fib" in capsys.readouterr().err
    )


def test_another_python_gets_the_same_arguments(tmp_path: Path) -> None:
    words = ["--kernels", "fib,sieve", "--only", "kernels", "--quick"]
    words += ["--json", str(tmp_path / "out.json")]
    assert passed_on(parse(["--python", "3.13", *words])) == words
    assert passed_on(parse(["--python", "3.13"])) == []


def test_a_python_that_is_not_installed_is_named() -> None:
    with pytest.raises(NoSuchPython, match=r"there is no Python 3\.99 on PATH or of pyenv"):
        find("3.99")


def test_geometric_means_are_judged_by_the_targets_of_their_place() -> None:
    native = speed_costs(TABLE, LEAST)
    assert [(round(cost.value, 6), cost.target, cost.met) for cost in native] == [
        (180, 200, False),
        (1.25, 1.08, False),
    ]
    inside = speed_costs(TABLE, LEAST_IN_PYODIDE)
    assert [(cost.target, cost.met) for cost in inside] == [(150, True), (None, None)]


def test_the_guest_that_gains_least_is_judged() -> None:
    rows = [Row("one: a", 1.0, {"pwasm": 2.5}), Row("other: b", 1.0, {"pwasm": 1.5})]
    rows.append(Row("other: first start", 1.0, {"pwasm": 0.1}))
    (cost,) = guest_costs(Table("Guests", ["pwasm"], rows))
    assert (cost.value, cost.target, cost.met, cost.note) == (1.5, 2.0, False, "other: b")
