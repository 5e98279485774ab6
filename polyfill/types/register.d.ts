import type { Instance } from "./engine.js";

/**
 * Lets `import` of Node load `.wasm` files into `WebAssembly`, or into the implementation of this package: once; called
 * again it sets the namespace for modules that are imported from then on.
 */
export function registerLoader(options?: { WebAssembly?: object }): void;

/** The instance of the module at an address, which `import` has made; undefined if it has not. */
export function instanceOf(url: string): Instance | undefined;
