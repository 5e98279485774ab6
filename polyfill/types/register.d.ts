import type { Instance } from "./engine.js";

/**
 * Lets `import` of Node load `.wasm` files into `WebAssembly`, or into the implementation of this package: once; called
 * again it sets the namespace for modules that are imported from then on.
 */
export function registerLoader(options?: { WebAssembly?: object }): void;

/** The instance behind the namespace of a module that was imported: `import * as namespace`. A TypeError for others. */
export function namespaceInstance(namespace: object): Instance;
