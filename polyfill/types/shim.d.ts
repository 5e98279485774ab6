/** Makes `globalThis.WebAssembly` run modules with several memories where it does not yet, and returns it. */
export function shim(): typeof WebAssembly;
export default shim;
export { configure, prepare, type LoweringOptions } from "./lowerer.js";
