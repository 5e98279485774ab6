export const about = {
  title: "DuckDB answers queries",
  language: "C++, Emscripten",
  install: { "@duckdb/duckdb-wasm": "1.32.0" },
};

const QUERIES = ["select 6 * 7 as answer, 'text' || 1", "select sum(i), avg(i) from range(100) t(i) where i % 3 = 0"];
const MORE = [
  "create table t as select i, i % 5 as g, 'v' || (i * 7919 % 100) as v, i / 3.0 as d from range(60) r(i)",
  "select g, count(*), sum(d), max(v), list(i order by v) from t group by g order by g",
  "select i, lag(d) over (partition by g order by i desc), rank() over (order by v) from t order by i limit 7",
  "select a.i, b.v from t a join t b on a.i = b.i + 3 where a.g = 2 order by 1 limit 5",
  "select regexp_extract('ab12', '[0-9]+'), strftime(date '2024-02-29', '%A'), {'a': [1, 2]}, 2::hugeint ** 90, 'x' like '_'",
  "select * from nowhere",
  "update t set d = -d where i < 3; delete from t where g = 4; select count(*), sum(d) from t",
];

async function query(host, queries) {
  const duckdb = (await host.load("@duckdb/duckdb-wasm/dist/duckdb-node-blocking.cjs")).default;
  const file = (name) => ({ mainModule: host.path(`@duckdb/duckdb-wasm/dist/${name}.wasm`) });
  const bundles = { mvp: file("duckdb-mvp"), eh: file("duckdb-eh") };
  const database = await duckdb.createDuckDB(bundles, new duckdb.VoidLogger(), duckdb.NODE_RUNTIME);
  await database.instantiate(() => {});
  const connection = database.connect();
  const answers = queries.map((sql) => {
    try {
      return connection.query(sql).toArray().map(String);
    } catch (error) {
      return error.message;
    }
  });
  connection.close();
  return answers;
}

export const short = (host) => query(host, QUERIES);
export const long = (host) => query(host, [...QUERIES, ...MORE]);
