// Lets Node's `import` load modules of WebAssembly into a namespace that is not the engine's.

import * as module from "node:module";
import * as hooks from "./hooks.mjs";
import { use } from "./runtime.mjs";

export { namespaceInstance } from "./runtime.mjs";

let registered = false;

/**
 * Registers the hooks, once. Without `WebAssembly` modules run in the implementation of `@pyjsapi/polyfill`: the engine's
 * own where it can, lowered where not. With the one of `loadPythonWebAssembly` they run in Python.
 * @param {{ WebAssembly?: any }} [options]
 */
export function registerLoader({ WebAssembly } = {}) {
  if (WebAssembly !== undefined) use(WebAssembly);
  if (registered) return;
  registered = true;
  const { registerHooks, register } = /** @type {any} */ (module);
  if (registerHooks) registerHooks(hooks);
  else register("./hooks.mjs", import.meta.url);
}
