// Runs cases of `pyjsapi compare` in Node: `node node.mjs MODE PLACES`, with the places as JSON. It says `ready` first. Then
// cases come as lines of JSON on standard input, and answers go as lines to standard output.

import { createInterface } from "node:readline";
import { runnerOf } from "./modes.mjs";

const [mode, places] = process.argv.slice(2);
const run = await runnerOf(mode, JSON.parse(places));
process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await run(JSON.parse(line)))}\n`);
}
process.exit(0); // Workers of the polyfill may still be there.
