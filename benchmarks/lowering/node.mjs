// Reads {kernel: {variant: base64}} from standard input and writes times as JSON lines.

import { readFileSync } from "node:fs";
import { measure } from "./measure.mjs";

const { kernels, rounds, polywasm } = JSON.parse(readFileSync(0, "utf8"));
const namespace = polywasm ? (await import(polywasm)).WebAssembly : undefined;
for (const [name, modules] of Object.entries(kernels)) {
  console.log(JSON.stringify({ name, times: measure(modules, rounds, namespace) }));
}
