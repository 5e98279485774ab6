// Runs comparison cases on a namespace, and prints their transcripts as JSON: `node run_cases.mjs engine` on the engine's
// own, `node run_cases.mjs native` or `proxy` on the Python engine's, over a link of that kind. The cases, with their
// modules as base64, come from standard input.
import { readFileSync } from "node:fs";
import { runCase } from "../../pyjsapi/comparison/static/driver.mjs";

async function namespaceOf(kind) {
  if (kind === "engine") return globalThis.WebAssembly;
  const { loadEngine } = await import("../../polyfill/test/python/engine.mjs");
  return (await loadEngine({ link: kind, features: { memory_control: true } })).WebAssembly;
}

const cases = JSON.parse(readFileSync(0, "utf-8"));
const namespace = await namespaceOf(process.argv[2]);
const transcripts = [];
for (const case_ of cases) transcripts.push(await runCase(case_, namespace));
process.stdout.write(JSON.stringify(transcripts), () => process.exit(0));
