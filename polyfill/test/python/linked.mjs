// Pyodide with this working tree's pyjsapi, and a link; for the tests of the link layer.

import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createLink } from "../../python/link.mjs";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const DISTRIBUTION = resolve(ROOT, "build/pyodide");

/** Kinds of links; the one of closures is native, in a page that may not make code from text. */
export const KINDS = ["native", "proxy"];

/** A new Pyodide in which the working tree can be imported. */
export async function startPyodide() {
  const { loadPyodide } = await import(`file://${DISTRIBUTION}/pyodide.mjs`);
  const pyodide = await loadPyodide({ indexURL: `${DISTRIBUTION}/` });
  pyodide.mountNodeFS("/project", ROOT);
  pyodide.runPython('import sys; sys.dont_write_bytecode = True; sys.path.insert(0, "/project")');
  return pyodide;
}

/** A link of the given kind in a Pyodide of its own, with a Python module `tested` that `define` adds to. */
export async function startLink(kind) {
  const pyodide = await startPyodide();
  /** @type {Parameters<typeof createLink>[1]} */
  const options = kind === "closures" ? { link: "native", compile: false } : { link: kind };
  const link = await createLink(pyodide, options);
  pyodide.runPython('import sys, types; tested = types.ModuleType("tested"); sys.modules["tested"] = tested');
  const define = (source) => {
    pyodide.globals.set("source", source);
    pyodide.runPython("exec(source, tested.__dict__)");
  };
  const borrow = (name, use) => {
    const ptr = link.lookup("tested", name);
    try {
      return use(ptr);
    } finally {
      link.decref(ptr);
    }
  };
  const setItem = exportOf(link, "operator", "setitem", "OsO");
  const give = (name, ptr) => {
    borrow("__dict__", (space) => setItem(space, name, ptr));
    link.decref(ptr);
  };
  return {
    pyodide,
    link,
    define,
    /** A JavaScript function that calls a function of `tested`. */
    exported: (name, params, results) => borrow(name, (ptr) => link.export(ptr, params, results)),
    /** Put a JavaScript function into `tested`. */
    imported: (name, f, params, results) => give(name, link.import(f, params, results)),
    /** Put the object of a new reference into `tested`. */
    give,
    /** What an expression over `tested` is, as a JSON value. */
    evaluate(expression) {
      pyodide.globals.set("source", expression);
      return JSON.parse(pyodide.runPython("import json; json.dumps(eval(source, tested.__dict__))"));
    },
    alive: () => pyodide.runPython("sum(range(10))") === 45,
  };
}

function exportOf(link, moduleName, name, params) {
  const ptr = link.lookup(moduleName, name);
  const f = link.export(ptr, params, "");
  link.decref(ptr);
  return f;
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

/** Collect garbage on both sides until nothing more goes: finalizers run between tasks. */
export async function collectGarbage(pyodide) {
  for (let round = 0; round < 6; round++) {
    collect();
    pyodide.runPython("import gc; gc.collect()");
    await new Promise((done) => setTimeout(done, 0));
  }
}
