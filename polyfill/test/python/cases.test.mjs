// The comparison page's JavaScript cases on the Python engine's namespace in Node, over both kinds of link, against
// what each case expects.
// They stand in web/js_cases; the page compares the same cases with the browsers' own namespaces.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { unmetExpectations } from "../../../web/static/compare.mjs";
import { isSupported, runJsCase } from "../../../web/static/js_runner.mjs";
import { caseFiles, listCases } from "../../../web/js_cases/list.mjs";
import { loadEngines } from "./engine.mjs";

const engines = { native: null, proxy: null };
[engines.native, engines.proxy] = await loadEngines();
const { wat } = engines.native;

const assembled = new Map();

/** The bytes of the modules of a case. */
function modulesOf({ modules }) {
  return Object.fromEntries(
    Object.entries(modules).map(([name, text]) => {
      if (!assembled.has(text)) assembled.set(text, wat(text));
      return [name, assembled.get(text)];
    }),
  );
}

async function definitionsOf(file) {
  const { cases } = await import(new URL(`../../../web/js_cases/${file}`, import.meta.url));
  return new Map(cases.map((definition) => [definition.id, definition]));
}

/** What this version of Node lacks, resizable buffers of memories for instance, the browsers' runs prove. */
async function supportedCases() {
  const files = await Promise.all(
    (await caseFiles()).map(async (file) => {
      const definitions = await definitionsOf(file);
      return (await listCases([file]))
        .filter(isSupported)
        .map((case_) => ({ case_, run: definitions.get(case_.id).run }));
    }),
  );
  return files.flat();
}

const cases = await supportedCases();

test("most cases run in every version of Node", () => assert.ok(cases.length >= 200, `${cases.length} cases`));

for (const [link, { WebAssembly, pyodide }] of Object.entries(engines)) {
  describe(`over the ${link} link`, () => {
    for (const { case_, run } of cases) {
      test(`${case_.id}: ${case_.title}`, async () => {
        const transcript = await runJsCase(case_, run, WebAssembly, modulesOf(case_));
        assert.deepEqual(unmetExpectations(case_, transcript), []);
        assert.equal(pyodide.runPython("1 + 1"), 2, "Pyodide is still alive");
      });
    }
  });
}
