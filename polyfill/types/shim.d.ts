import type { Engine } from "./engine.js";

/** Makes `globalThis.WebAssembly` run modules with several memories where it does not yet, and returns it. */
export function shim(): Engine;
export default shim;
export { configure, prepare, type LoweringOptions } from "./lowerer.js";
