// Runs "kernel" or "sqlite" in Node: the argument is JSON on standard input, what was measured on standard output.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { measure } from "./measure.mjs";
import { measureSqlite } from "./sqlite.mjs";

const root = new URL("../../", import.meta.url);
const require = createRequire(root);

function loadSqlite() {
  const path = require.resolve("sql.js/dist/sql-wasm.js");
  delete require.cache[path];
  return require(path);
}

const { modules, rounds, polywasm } = JSON.parse(readFileSync(0, "utf8"));
if (process.argv[2] === "sqlite") {
  console.log(JSON.stringify(await measureSqlite(loadSqlite, modules, rounds)));
} else {
  const namespace = polywasm ? (await import(new URL(`.${polywasm}`, root).href)).WebAssembly : undefined;
  console.log(JSON.stringify(measure(modules, rounds, namespace)));
}
