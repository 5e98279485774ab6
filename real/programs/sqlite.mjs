export const about = {
  title: "SQLite answers queries",
  language: "C, Emscripten",
  packages: ["@sqlite.org/sqlite-wasm"],
};

const STATEMENTS = [
  "create table t(a integer primary key, b text, c real)",
  "with recursive k(n) as (select 1 union all select n + 1 from k where n < 20) insert into t select n, printf('%04x', n * 2654435761 % 65536), n / 7.0 from k",
  "create index i on t(b)",
  "create table u(x, y references t(a)); insert into u values (1, 2), (3, 4), (5, 6)",
  "update t set c = c * 2 where a % 3 = 0",
  "select t.b, u.x from t join u on t.a = u.y order by t.b desc",
  "select a % 3 g, count(*), sum(c), group_concat(b) from t group by g having g > 0",
  "select a, row_number() over (partition by a % 4 order by c desc) r, sum(a) over (rows 2 preceding) from t limit 8",
  "select * from nowhere",
];
const MORE = [
  "create view v as select a, b from t where c > 1; create trigger r after delete on t begin insert into u values (old.a, 0); end",
  "delete from t where a in (select a from v where a % 5 = 0)",
  "begin; insert into t(b) values ('gone'); savepoint s; delete from u; rollback to s; rollback",
  "select json_group_array(json_object('a', a, 'b', b)) from v where a < 6",
  "select x from u union select a from t where a > 15 except select 17 order by 1",
  "select upper('aß'), substr('hello', 2, 3), hex(zeroblob(3)), quote(1.5e300), instr('abc', 'c'), 'a' like 'A', 'x' glob '[w-z]', typeof(1 + 'z')",
  "select date('2024-02-29', '+1 year'), strftime('%j %W', '2024-12-31'), julianday('2000-01-01 12:00')",
  "select sqrt(2), exp(1.5), ln(10), pow(2, 0.3), round(2.675, 2), 9223372036854775807 + 1, -7 / 2, 1 << 40, ~5",
  "with recursive m(x, y, n) as (select -2.0, -1.0, 0 union all select x + 0.5, y, n + 1 from m where x < 1) select * from m",
  "explain query plan select * from t, u where t.b = u.x and t.a between 3 and 9",
  "alter table t add column d default 'new'; alter table u rename to w; drop index i; reindex; vacuum; analyze",
  "select d, lag(a, 2, -1) over w, ntile(3) over w, first_value(b) over w from t window w as (order by c) limit 5",
  "insert into t(a) values (1)",
  "create virtual table f using fts5(body); insert into f values ('the quick brown fox'), ('lazy dogs sleep'), ('foxes are quick')",
  "select highlight(f, 0, '<', '>') from f where f match 'quick NOT brown OR fox*'",
  "pragma integrity_check",
];

async function query(host, statements) {
  const { default: start } = await host.load("@sqlite.org/sqlite-wasm");
  const wasmBinary = host.file("@sqlite.org/sqlite-wasm/dist/sqlite3.wasm");
  const quiet = () => {};
  const sqlite3 = await start({ wasmBinary, print: quiet, printErr: quiet });
  const database = new sqlite3.oo1.DB(":memory:");
  const answers = [];
  // a function in JavaScript, called by SQLite
  database.createFunction("js_double", (_, value) => value * 2);
  for (const sql of [...statements, "select js_double(a) from t limit 3"]) {
    try {
      answers.push(database.exec({ sql, rowMode: "array", returnValue: "resultRows" }));
    } catch (error) {
      answers.push(error.message);
    }
  }
  database.close();
  return answers;
}

export const short = (host) => query(host, STATEMENTS);
export const long = (host) => query(host, [...STATEMENTS, ...MORE]);
