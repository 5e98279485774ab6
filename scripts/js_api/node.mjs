/** The Node counterpart of page.html: requests on standard input, answers on standard output, one in JSON a line. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

import { LINKS, installPython, runFile } from "./runner.mjs";

const [checkout, pyodide, face, zip] = process.argv.slice(2);
const read = async (path) => readFileSync(resolve(checkout, path), "utf8");
const url = (path) => pathToFileURL(resolve(path)).href;
process.on("unhandledRejection", () => {}); // a failed promise_test reports it already

async function handle({ namespace, path }) {
  if (path !== undefined) return runFile(path, read);
  if (namespace !== "native") {
    const places = { pyodide: url(`${pyodide}/pyodide.mjs`), face: url(face), zip: new Uint8Array(readFileSync(zip)) };
    await installPython(places, LINKS[namespace], { indexURL: `${resolve(pyodide)}/`, stdout() {}, stderr() {} });
  }
  return { ready: true };
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = { answer: await handle(JSON.parse(line)) };
  } catch (error) {
    answer = { failure: `${error?.stack ?? error}` };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
