// Imports that somebody wrote: texts of JavaScript, an object for each module name. web/workbench/hand.py does it in Python.

/**
 * @typedef {import("./plan.mjs").Stub} Stub
 */

/** What is wrong with imports that somebody wrote, for people. */
export class ImportsError extends Error {}

/** @type {Record<string, { what: string, fits: (value: any, WebAssembly: any) => boolean }>} */
const KINDS = {
  func: { what: "a function", fits: (value) => typeof value === "function" },
  memory: { what: "a WebAssembly.Memory", fits: (value, { Memory }) => value instanceof Memory },
  table: { what: "a WebAssembly.Table", fits: (value, { Table }) => value instanceof Table },
  tag: { what: "a WebAssembly.Tag", fits: (value, { Tag }) => value instanceof Tag },
  global: { what: "a value or a WebAssembly.Global", fits: (value) => typeof value !== "function" },
};

/** A function of a text, in which the names of the scope can be used. @param {string} text an expression */
const functionOf = (text) => new Function("scope", `with (scope) { return (${text}\n); }`);

/** What is wrong with the grammar of a text; empty if nothing is. Nothing of it is executed. @param {string} text */
export function mistakeIn(text) {
  try {
    functionOf(text);
    return "";
  } catch (error) {
    return error instanceof SyntaxError ? error.message : "";
  }
}

/**
 * The imports that texts stand for, by module and name. Raises `ImportsError` for what does not fit the module.
 * @param {Record<string, string>} texts by the name of the module
 * @param {object} scope names that the texts can use
 * @param {Stub[]} stubs what the module imports
 * @param {any} WebAssembly
 * @returns {Map<string, Record<string, any>>}
 */
export function writtenImports(texts, scope, stubs, WebAssembly) {
  return new Map(
    Object.entries(texts)
      .filter(([, text]) => text.trim() !== "")
      .map(([module, text]) => [module, objectOf(module, text, scope, stubs, WebAssembly)]),
  );
}

/** @param {string} module @param {string} text @param {object} scope @param {Stub[]} stubs @param {any} WebAssembly */
function objectOf(module, text, scope, stubs, WebAssembly) {
  const wrong = (/** @type {string} */ what) => new ImportsError(`imports of “${module}”: ${what}`);
  let object;
  try {
    object = functionOf(text)(scope);
  } catch (error) {
    throw wrong(`${error.name ?? "error"}: ${error.message ?? error}`);
  }
  if (typeof object !== "object" || object === null)
    throw wrong(
      `an object is wanted, as { name(value) { return 0; } }, not ${object === null ? "null" : typeof object}`,
    );
  const known = stubs.filter((stub) => stub.module === module);
  for (const [name, value] of Object.entries(object)) {
    const stub = known.find((one) => one.name === name);
    if (!stub) {
      const names = known.map((one) => `“${one.name}”`).join(", ");
      throw wrong(`the module imports no “${name}” from it; it imports ${names}`);
    }
    const { what, fits } = KINDS[stub.kind];
    if (!fits(value, WebAssembly))
      throw wrong(`“${name}” must be ${what}, and is ${value === null ? "null" : typeof value}`);
  }
  return object;
}
