// A script in JavaScript, on one engine. web/workbench/runs.py has those in Python.

import { described } from "./failures.mjs";

const NAME = "workbench-script.js";
const PLACE = new RegExp(`${NAME.replace(".", "\\.")}:(\\d+)`);
const AsyncFunction = /** @type {any} */ ((async () => {}).constructor);

/** A function of a script, in which the names of the scope can be used; the script can declare them anew. @param {string} text */
const functionOf = (text) =>
  new AsyncFunction("scope", `with (scope) { return (async () => {\n${text}\n})(); }\n//# sourceURL=${NAME}`);

/** What is wrong with the grammar of a script; empty if nothing is. Nothing of it is executed. @param {string} text */
export function mistakeIn(text) {
  try {
    functionOf(text);
    return "";
  } catch (error) {
    return error instanceof SyntaxError ? error.message : "";
  }
}

/** @param {any} error */
const lineIn = (error) => Number(PLACE.exec(String(error?.stack ?? ""))?.[1] ?? Number.NaN);

/** How many lines engines count before the script's first. */
async function linesBefore() {
  try {
    return await functionOf("throw new Error()")({});
  } catch (error) {
    return lineIn(error) - 1;
  }
}

/**
 * What a script returns. @param {string} text @param {object} scope the names that it can use
 * @returns {Promise<any>}
 */
export const runScript = (text, scope) => functionOf(text)(scope);

/** What a script threw, with its line. @param {any} error @returns {Promise<import("./failures.mjs").Failure>} */
export async function failureOf(error) {
  const line = lineIn(error) - (await linesBefore());
  return { ...described(error), ...(line > 0 ? { line } : {}) };
}
