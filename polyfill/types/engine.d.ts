// The engine's own namespace, as a program's libraries describe it: lib "dom" does, es2022 and Node's types do not.

import type { WebAssembly as Own } from "./webassembly.gen.js";

/** `typeof WebAssembly` where that is known, else what the namespaces of this package have. */
export type Engine = typeof globalThis extends { WebAssembly: infer Known } ? Known : typeof Own;

/** A compiled module. */
export type Module = Engine extends { Module: new (...given: never[]) => infer Known } ? Known : never;
/** An instance of one. */
export type Instance = Engine extends { Instance: new (...given: never[]) => infer Known } ? Known : never;
