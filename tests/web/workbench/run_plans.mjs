// Runs the plans of standard input on Node's own engine, as a page does on a browser's. In: lines of JSON with base64, text and calls.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(`${folder}/static/workbench/${name}.mjs`).href);
const { readModule } = await load("binary");
const { stubsOf, withAllMemories } = await load("plan");
const { Run } = await load("runner");
const { withReads } = await load("reads");
const { addReads } = await load("recording");
const { typedValue } = await load("values");

for (const line of readFileSync(0, "utf-8").trimEnd().split("\n")) {
  const { base64, calls, reads, imports, script } = JSON.parse(line);
  const bytes = new Uint8Array(Buffer.from(base64, "base64"));
  const contents = readModule(bytes);
  const whole = withAllMemories(bytes, contents);
  const recording = reads ? withReads(whole.bytes, readModule(whole.bytes)) : undefined;
  const plan = { ...whole, recording, stubs: stubsOf(contents), calls: [], imports, script };
  for (const [name, ...given] of calls) {
    const { index } = contents.exports.find((one) => one.name === name);
    const { params, results } = contents.functionType(index);
    plan.calls.push({ export: name, params, results, arguments: given.map((text, k) => typedValue(params[k], text)) });
  }
  const steps = [];
  let images = [];
  let broken = "";
  try {
    const tell = (step, index) => {
      steps[index] = step;
    };
    const run = new Run(WebAssembly, plan);
    images = script ? await run.script(script.text, tell) : run.all(tell);
    addReads(WebAssembly, plan, images);
  } catch (error) {
    broken = error.message;
  }
  const replacer = (_key, value) => (value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value);
  console.log(JSON.stringify({ plan, steps, images, broken }, replacer));
}
