import type { Engine } from "./engine.js";

/** A WebAssembly namespace that behaves as if the engine had multi-memory. Nothing global is touched. */
export const implementation: Engine;
export default implementation;
export { configure, prepare, type LoweringOptions } from "./lowerer.js";
