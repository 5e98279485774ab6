"""A module of 690 KB with one memory: SQLite as sql.js publishes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from real.library_host import HostFailure, Sqlite


@pytest.fixture(scope="module")
def database(engine: Any, library: Callable[[str], bytes], manifest: dict[str, Any]) -> Sqlite:
    return Sqlite(engine, library("sqlite"), manifest["sqlite"])


def test_a_table_is_filled_and_queried(database: Sqlite) -> None:
    database.execute(
        "create table word(id integer primary key, text);"
        "insert into word(text) values ('memory'), ('table'), ('global'), ('page');"
    )
    rows = database.query("select text, length(text) from word order by text")
    assert rows == [("global", "6"), ("memory", "6"), ("page", "4"), ("table", "5")]


def test_sums_and_floating_point(database: Sqlite) -> None:
    database.execute(
        "create table n(v); with recursive c(k) as "
        "(select 1 union all select k + 1 from c where k < 100) "
        "insert into n select k * k % 97 from c;"
    )
    values = [k * k % 97 for k in range(1, 101)]
    rows = database.query("select count(*), sum(v), max(v), printf('%.3f', avg(v)) from n")
    assert rows == [("100", str(sum(values)), str(max(values)), f"{sum(values) / 100:.3f}")]
    assert database.query("select printf('%.5f', 2.0 / 3), round(sqrt(2), 6)") == [
        ("0.66667", "1.414214")
    ]


def test_an_error_is_sqlites_own(database: Sqlite) -> None:
    with pytest.raises(HostFailure, match="no such table: nowhere"):
        database.query("select 1 from nowhere")
