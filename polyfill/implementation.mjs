// A WebAssembly namespace that behaves as if the engine had multi-memory. Nothing global is touched.

export { implementation as default, implementation } from "./lowered/namespace.mjs";
export { configure, prepare } from "./lowered/lowerer.mjs";
