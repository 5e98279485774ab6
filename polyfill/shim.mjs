// Gives the engine's WebAssembly what it lacks. Nothing but this function changes anything global.

import { install } from "./lowered/namespace.mjs";
import { hasMultiMemory } from "./lowered/probe.mjs";

/**
 * Makes `globalThis.WebAssembly` run modules with several memories where it does not yet.
 * @returns {typeof WebAssembly}
 */
export function shim() {
  if (!hasMultiMemory()) install();
  return globalThis.WebAssembly;
}

export default shim;
export { configure, prepare } from "./lowered/lowerer.mjs";
