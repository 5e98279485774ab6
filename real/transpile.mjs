// Turns components, given as text, into core modules as `jco transpile --multi-memory` does (this is
// the library behind that command), and learns from the generated glue how they are wired.
//
//   node transpile.mjs OUT JOB.wat…
//     JOB.wat is a component -> OUT/JOB/*.wasm, OUT/JOB/JOB.js, OUT/JOB/wiring.json
//   node transpile.mjs --parse OUT MODULE.wat…
//     -> OUT/MODULE.wasm
//
// The wiring is recorded by running the glue with stand-ins for modules and instances: each export
// of an instance is a function of its own, recognised by identity where it becomes an import of a
// later instance. Nothing is compiled, so the JavaScript engine need not know multi-memory.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { transpileBytes } from "@bytecodealliance/jco-transpile";
import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";

/** What the glue passes as import `value` named `module`.`name`, as data. */
function describe(module, name, value, origins, globals) {
  const origin = origins.get(value);
  if (origin !== undefined) return origin;
  if (value instanceof WebAssembly.Global) {
    if (!globals.includes(value)) globals.push(value);
    return { global: globals.indexOf(value) };
  }
  if (module === "transcode") {
    const [, transcoder, from, to] = /^(\S+) \(mem(\d+) => mem(\d+)\)$/.exec(name) ?? [];
    return { transcoder, from: `m${from}`, to: `m${to}` };
  }
  if (module === "runtime") {
    try {
      value();
    } catch (error) {
      return { trap: error.message };
    }
  }
  if (module === "context" || module === "async") return { runtime: name };
  throw new Error(`the glue passes something unknown as import ${module}.${name}`);
}

async function recordWiring(folder, name) {
  const origins = new Map();
  const globals = [];
  const instances = [];
  const instantiateCore = (module, imports = {}) => {
    const index = instances.length;
    const described = {};
    for (const [from, fields] of Object.entries(imports)) {
      described[from] = {};
      for (const [field, value] of Object.entries(fields)) {
        described[from][field] = describe(from, field, value, origins, globals);
      }
    }
    instances.push({ module, imports: described });
    const made = {};
    const exports = new Proxy(made, {
      get(_, key) {
        if (typeof key !== "string") return undefined;
        if (!(key in made)) {
          made[key] = () => undefined;
          origins.set(made[key], { instance: index, export: key });
        }
        return made[key];
      },
    });
    return { exports };
  };
  const { instantiate } = await import(pathToFileURL(join(folder, `${name}.js`)).href);
  instantiate((file) => file, {}, instantiateCore);
  return { globals: globals.map((global) => global.value), instances };
}

async function transpileOne(out, path) {
  const name = basename(path, ".wat");
  const folder = resolve(out, name);
  mkdirSync(folder, { recursive: true });
  const component = await parse(readFileSync(path, "utf8"));
  const { files } = await transpileBytes(component, {
    name,
    multiMemory: true,
    instantiation: "sync",
    emitTypescriptDeclarations: false,
  });
  for (const [file, bytes] of Object.entries(files)) {
    if (/\.(js|wasm)$/.test(file)) writeFileSync(join(folder, basename(file)), bytes);
  }
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  const wiring = await recordWiring(folder, name);
  writeFileSync(join(folder, "wiring.json"), `${JSON.stringify(wiring, null, 2)}\n`);
}

const [first, ...rest] = process.argv.slice(2);
if (first === "--parse") {
  const [out, ...paths] = rest;
  mkdirSync(out, { recursive: true });
  for (const path of paths) {
    const bytes = await parse(readFileSync(path, "utf8"));
    writeFileSync(join(out, `${basename(path, ".wat")}.wasm`), bytes);
  }
} else {
  for (const path of rest) await transpileOne(first, path);
}
