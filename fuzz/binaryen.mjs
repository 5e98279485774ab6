// A child process that runs Binaryen's fuzzer: `node binaryen.mjs WASM-OPT`. wasm-opt is compiled once, for many modules.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { Script } from "node:vm";

import { serve } from "./engines/lines.mjs";

const path = process.argv[2];
const names = ["Module", "WebAssembly", "require", "__filename", "__dirname", "module"];
const source = readFileSync(path, "utf8").replace(/^#!.*/, "");
const program = new Script(`(function (${names.join(", ")}) {${source}\n})`, { filename: path }).runInThisContext();
const require = createRequire(path);

let compiled;
let fails = () => {};
process.on("unhandledRejection", () => fails());

/** The namespace for the first run, which keeps what is compiled. */
const keeping = {
  ...Object.fromEntries(Object.getOwnPropertyNames(WebAssembly).map((name) => [name, WebAssembly[name]])),
  async instantiate(bytes, imports) {
    compiled = await WebAssembly.compile(bytes);
    return { module: compiled, instance: await WebAssembly.instantiate(compiled, imports) };
  },
};

/** Runs wasm-opt; its exit code. */
function run(programArguments) {
  return new Promise((resolve, reject) => {
    fails = reject;
    process.exitCode = 0;
    const Module = {
      arguments: programArguments,
      thisProgram: "wasm-opt",
      print() {},
      printErr() {},
      // What it ends with, it tells Node.
      postRun: () => resolve(Number(process.exitCode ?? 0)),
    };
    if (compiled !== undefined) {
      Module.instantiateWasm = (imports, receive) => receive(new WebAssembly.Instance(compiled, imports));
    }
    program(Module, compiled === undefined ? keeping : WebAssembly, require, path, dirname(path), {});
  });
}

await serve(async ({ runs }) => {
  const codes = [];
  for (const programArguments of runs) codes.push(await run(programArguments).catch(() => 1));
  return { codes };
});
process.exit(0);
