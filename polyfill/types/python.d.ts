// A `WebAssembly` namespace whose modules the Python engine runs, inside Pyodide.

import type { Engine } from "./engine.js";
import type { WebAssembly as Namespace } from "./webassembly.gen.js";

/** How JavaScript reaches Python: through the interpreter's C API, or through Pyodide's proxies, which is slower. */
export type LinkKind = "auto" | "native" | "proxy";

export interface PythonWebAssemblyOptions {
  /** A loaded Pyodide; without it, one is loaded. */
  pyodide?: object;
  /**
   * Folder that Pyodide is loaded from, with its `pyodide.mjs`. By default the npm package `pyodide` in Node,
   * `./pyodide/` beside the page otherwise.
   */
  indexURL?: string;
  /** A wheel, or another archive, with pyjsapi, for a Pyodide whose distribution does not have it. */
  packageURL?: string;
  /**
   * Language features by name, as `multiMemory`; a module that uses one that is false is refused. All are true but
   * `memoryControl`, which is experimental and has more members in the namespace.
   */
  features?: Record<string, boolean>;
  /**
   * Limits of modules and of what they use at run time, by name, as `maxMemoryPages`, and of what they do: `fuel`,
   * `deadline` (seconds), `maxHostCalls`.
   */
  limits?: Record<string, number>;
  /** `'auto'` takes the proxies only where the other way is closed. */
  link?: LinkKind;
}

export interface PythonWebAssembly {
  /** The namespace: whatever TypeScript knows of the engine's, and what else the JavaScript API has. */
  readonly WebAssembly: Engine & typeof Namespace;
  /** Make it the global one; the function that is returned undoes it. */
  install(): () => void;
  /** The Pyodide that the engine runs in. */
  readonly pyodide: object;
  /**
   * Names of the API that the namespace lacks here, with the reason: `Suspending`, `promising` and `SuspendError` where
   * the engine of JavaScript, or the Pyodide, has no promise integration.
   */
  readonly absent: Readonly<Record<string, string>>;
  /** The link layer, for tests and measurements. */
  readonly link: { readonly kind: "native" | "proxy"; readonly live: Record<string, number> };
}

/**
 * Makes a namespace; touches no global. Rejects with an error that names the URL if something cannot be loaded, and
 * with a TypeError for a feature or limit that does not exist.
 */
export function loadPythonWebAssembly(options?: PythonWebAssemblyOptions): Promise<PythonWebAssembly>;
