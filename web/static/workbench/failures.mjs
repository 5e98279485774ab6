// Errors as plain data, by which engines are compared.

import { framesOf } from "./frames.mjs";

/** @typedef {{ name: string, message: string, frames: import("./frames.mjs").Frame[], line?: number }} Failure */

/** The name of an error, by which engines are compared. @param {any} error */
export function nameOf(error) {
  const tag = Object.prototype.toString.call(error).slice(8, -1);
  if (tag === "WebAssembly.Exception") return "Exception";
  const name = error?.name ?? typeof error;
  return name === "InternalError" ? "RangeError" : String(name);
}

/** @param {any} error @returns {Failure} */
export const described = (error) => ({
  name: nameOf(error),
  message: String(error?.message ?? error),
  frames: framesOf(error),
});
