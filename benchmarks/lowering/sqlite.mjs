// Runs queries on SQLite's modules, with and without counters, and tells times, results and counters.

import { instantiate, planOf } from "../../polyfill/lowered/linker.mjs";

const QUERIES = `
  CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT, weight REAL);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
    INSERT INTO words SELECT i, hex(i * 7919 % 4093), i * 0.5 FROM n;
  CREATE INDEX by_word ON words (word);
  SELECT count(DISTINCT word), sum(weight), max(word) FROM words;
  SELECT a.word, count(*) c FROM words a JOIN words b ON a.word = b.word AND a.id <> b.id GROUP BY 1 ORDER BY c DESC, 1 LIMIT 5;
  SELECT group_concat(substr(word, 1, 2)) FROM (SELECT word FROM words WHERE word LIKE '%3_' ORDER BY weight DESC LIMIT 40);
  DELETE FROM words WHERE id % 3 = 0; SELECT count(*), avg(weight) FROM words;
`;
const COUNT = "pyjsapi count";

const clock = performance.now.bind(performance);
const decode = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/** Two runs shall count the same: SQLite asks for randomness and the time. */
function makeRepeatable() {
  const sevens = (/** @type {any} of any kind of integers */ array) => array.fill(7);
  crypto.getRandomValues = sevens;
  Math.random = () => 0.5;
  Date.now = () => 1e12;
  performance.now = () => 0;
}

async function open(load, bytes) {
  let exports;
  const sql = await load()({
    instantiateWasm(imports, done) {
      const module = new WebAssembly.Module(bytes);
      const linked = planOf(module) ? instantiate(module, imports) : new WebAssembly.Instance(module, imports);
      exports = linked.exports;
      done({ exports }, module);
      return exports;
    },
  });
  return { sql, exports };
}

function run(sql) {
  const database = new sql.Database();
  const results = JSON.stringify(database.exec(QUERIES));
  database.close();
  return results;
}

/**
 * @param {() => Function} load gives what sql.js exports, anew each time: it keeps its first module
 * @param {Record<string, string>} modules base64 by name
 * @param {number} rounds
 * @returns {Promise<object>} by name: median of a round in ms, results, and a hash of all counters
 */
export async function measureSqlite(load, modules, rounds) {
  makeRepeatable();
  const opened = {};
  for (const [name, text] of Object.entries(modules)) {
    const bytes = decode(text);
    if (WebAssembly.validate(bytes)) opened[name] = { ...(await open(load, bytes)), times: [] };
  }
  for (let round = 0; round < rounds; round++) {
    for (const entry of Object.values(opened)) {
      const begin = clock();
      entry.results = run(entry.sql);
      entry.times.push(clock() - begin);
    }
  }
  return Object.fromEntries(
    Object.entries(opened).map(([name, { exports, times, results }]) => {
      let counters = "";
      if (exports[COUNT]) {
        let hash = 0n;
        for (let k = 0; k < 4000; k++) hash = BigInt.asUintN(64, hash * 31n + exports[COUNT](8 * k));
        counters = `${hash}`;
      }
      const late = times.slice(times.length >> 1).sort((a, b) => a - b);
      return [name, { time: late[late.length >> 1], results, counters }];
    }),
  );
}
