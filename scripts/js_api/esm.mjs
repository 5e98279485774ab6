// One test file of the proposal "ESM integration" in a Node of its own: prints its subtests as JSON.
// node [--import HOOKS] esm.mjs HARNESS FILE, where FILE is a module: the test's own text.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [harness, file] = process.argv.slice(2);
const STATUS = ["pass", "fail", "timeout", "not run", "precondition failed"];
const scope = { setTimeout, clearTimeout };
new Function("self", readFileSync(harness, "utf8"))(scope);
scope.setup({ output: false, explicit_timeout: true });
for (const name of Object.keys(scope)) if (!(name in globalThis)) globalThis[name] = scope[name];
process.on("unhandledRejection", () => {}); // a failed promise_test reports it already

scope.add_completion_callback((tests) => {
  const found = tests.map(({ name, status, message }) => ({ name, status: STATUS[status], message: message ?? "" }));
  process.stdout.write(`\n${JSON.stringify({ tests: found })}\n`, () => process.exit(0));
});
await import(pathToFileURL(file).href);
