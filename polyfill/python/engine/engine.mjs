// The engine of JavaScript for Python in Pyodide: pyjsapi/bridge/engine/ is the other side. It reaches Python as text
// (`make generate`), and takes the link that there is.
//
// No call passes a proxy. From Python a builtin, which is a WebAssembly function, unboxes the arguments and calls a frame
// of JavaScript in which whatever is thrown stops; that calls the export (thunks.mjs). From native code a WebAssembly
// function boxes the arguments and calls the interpreter; JavaScript is called to throw what that raises.

import { Calls } from "./calls.mjs";
import { Failures } from "./failures.mjs";
import { Handles } from "./handles.mjs";
import { defineObjects } from "./objects.mjs";
import { Python, REQUIRED } from "./python.mjs";
import { References } from "./references.mjs";
import { Values } from "./values.mjs";

/** Python objects that objects of the engine keep. */
class Shapes {
  #dropped;
  #python;

  constructor(python) {
    this.#python = python;
    this.#dropped = new FinalizationRegistry((ptr) => python.decref(ptr));
  }

  hold(object, ptr) {
    this.#dropped.register(object, this.#python.incref(ptr));
  }
}

/**
 * Give Python the functions of pyjsapi/bridge/engine/hooks.py.
 *
 * @param {any} link
 * @returns {{ missing: string, objectOf?: (number: number) => any }} `missing` says what is missing for it, and is empty
 *   where it is done; then `objectOf` gives an object of the engine by its number
 */
export function createEngine(link) {
  const absent = REQUIRED.filter((name) => link.kind === "native" && typeof link.module[name] !== "function");
  if (absent.length) return { missing: `Pyodide ${link.pyodide.version} lacks ${absent.join(", ")}` };
  if (link.kind !== "native") {
    return { missing: "the functions of the interpreter cannot be called directly in this Pyodide" };
  }
  const python = new Python(link);
  const handles = new Handles();
  const references = new References(link, python, handles);
  const failures = new Failures(link, python, references, handles);
  const values = new Values(link, python, references);
  const calls = new Calls(link, python, failures, values);
  const shapes = new Shapes(python);
  const { fromF64 } = link.python;
  const boxes = {
    "": () => python.incref(python.none),
    i: (value) => python.integer(value),
    d: (value) => fromF64(value),
    b: (value) => link.conversion("b").box(value),
    O: (ptr) => ptr,
  };
  const define = (name, params, result, f) => {
    const takes = [...params].map((letter) => link.conversion(letter).unbox);
    const box = boxes[result];
    const called = (...ptrs) => {
      try {
        return box(f(...takes.map((take, k) => take(ptrs[k]))));
      } catch (error) {
        return failures.failed(error);
      }
    };
    python.hook(name, called, "O".repeat(params.length), "O");
  };
  const quick = (name, params, result, f) => python.hook(name, f, params, result);
  defineObjects({ define, quick, link, handles, references, failures, calls, values, shapes });
  define("held", "", "i", () => handles.count);
  define("held_calls", "", "i", () => calls.count);
  return { missing: "", objectOf: (number) => handles.get(number) };
}
