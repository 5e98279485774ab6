"""A module of 690 KB with one memory: SQLite as sql.js publishes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from real.engines import PyjsapiEngine, WasmtimeEngine
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


STATEMENTS = (
    "create table t(a integer primary key, b text, c real, d blob)",
    "with recursive k(n) as (select 1 union all select n + 1 from k where n < 40) "
    "insert into t select n, printf('%08x', n * 2654435761 % 4294967296), n * 1.1 / 7, "
    "zeroblob(n % 9) from k",
    "create index i on t(b)",
    "update t set c = c * 2 where a % 3 = 0",
    "delete from t where a % 7 = 0",
    "create view v as select a % 5 g, count(*) n, sum(c) s, min(b) m from t group by g",
    "alter table t add column e default 5",
    "begin; insert into t(b) values ('gone'); rollback",
)
QUERIES = (
    "select * from v order by g",
    "select a, b, c, hex(d), e from t order by b desc limit 5",
    "select json_object('a', a, 'b', json_array(b, c)) from t where a < 4",
    "select datetime(0, 'unixepoch'), julianday('2000-01-01'), strftime('%W', '2024-03-01')",
    "select abs(-9223372036854775807), 9223372036854775807 + 1, 7 / 2, -7 % 3, 1 << 62, ~5",
    "select sin(1), exp(1), ln(10), pow(2, 0.5), atan2(1, 2), 1e308 * 10",
    "select b, row_number() over (order by c desc) from t limit 4",
)


def test_answers_and_the_whole_memory_equal_those_of_the_oracle(
    pyjsapi: PyjsapiEngine,
    wasmtime: WasmtimeEngine,
    library: Callable[[str], bytes],
    manifest: dict[str, Any],
) -> None:
    runs = []
    for engine in (pyjsapi, wasmtime):
        database = Sqlite(engine, library("sqlite"), manifest["sqlite"])
        for statement in STATEMENTS:
            database.execute(statement)
        answers = [database.query(query) for query in QUERIES]
        runs.append((answers, database.memory.read(0, database.memory.byte_length)))
    (answers, memory), (expected_answers, expected_memory) = runs
    assert answers == expected_answers
    # compared as a condition: pytest would show the difference of two megabytes
    assert (memory == expected_memory) is True
