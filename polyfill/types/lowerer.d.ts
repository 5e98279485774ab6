/** Where things are that lowering on demand needs. */
export interface LoweringOptions {
  /**
   * The folder of a Pyodide distribution with pyjsapi. Without it: `pyodide/` beside this package's folder, in a bundle
   * beside the page; in Node also the folder that the environment variable PYJSAPI_PYODIDE names, and the npm package
   * `pyodide`.
   */
  indexURL?: string | URL;
  /** pyjsapi's wheel, `pyjsapi.whl` of this package, for a Pyodide whose distribution does not have it. */
  packageURL?: string | URL;
  /**
   * In pages, the address of the script of the worker that lowers: what a bundler made of `@pyjsapi/polyfill/worker`.
   * Only policies need it that allow no worker from a blob.
   */
  workerURL?: string | URL;
  /**
   * Where results are kept: a folder (Node), or the name of a cache (pages). `false` keeps nothing. Without it: the
   * folder that PYJSAPI_LOWERED_CACHE names, or the user's folder of caches.
   */
  cache?: string | false;
  /** Lowers in place of pyjsapi. What it throws becomes the error of the call. */
  lower?: (bytes: Uint8Array) => Uint8Array<ArrayBuffer>;
}

/** Says where things are, before the first module is lowered. */
export function configure(options: LoweringOptions): void;

/**
 * Loads the lowerer into this thread, so that `new WebAssembly.Module(bytes)` works in pages on modules with several
 * memories that were not lowered ahead of time.
 */
export function prepare(options?: {
  /** A loaded Pyodide that has pyjsapi; without it, one is loaded. */
  pyodide?: object;
}): Promise<void>;
