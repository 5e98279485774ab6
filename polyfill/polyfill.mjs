// Chooses between the engine's own WebAssembly and the implementation of this package.

import { implementation } from "./lowered/namespace.mjs";
import { namespace } from "./common/engine.mjs";
import { hasMultiMemory } from "./lowered/probe.mjs";

/**
 * The engine's own namespace where it runs modules with several memories correctly, the implementation elsewhere.
 * @returns {typeof WebAssembly}
 */
export function polyfill() {
  return hasMultiMemory() ? namespace : implementation;
}

export default polyfill;
export { configure, prepare } from "./lowered/lowerer.mjs";
