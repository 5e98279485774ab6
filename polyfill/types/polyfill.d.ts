import type { Engine } from "./engine.js";

/** The engine's own namespace where it runs modules with several memories correctly, the implementation elsewhere. */
export function polyfill(): Engine;
export default polyfill;
export { configure, prepare, type LoweringOptions } from "./lowerer.js";
