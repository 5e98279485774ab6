// The engines that run modules here: a row for each is all that the page and its workers know of them.

/**
 * @typedef {{ pyodide: any, modules: any[] }} Started
 * @typedef {"JavaScript" | "Python"} Language
 * @typedef {object} Row
 * @property {string} name in the page and in messages to workers
 * @property {string} title for people
 * @property {Language} language whose interface it has: that of the scripts and of the imports that it takes
 * @property {boolean} chosen whether it runs where nothing else is said
 * @property {boolean} original it runs the module itself: what it says of functions and offsets is of the module's
 * @property {boolean} browser it is the browser's own engine that runs, with what it has and lacks
 * @property {(start: () => Promise<Started>) => Promise<any>} [namespace] in a worker, for JavaScript: the namespace
 *   `WebAssembly`; `start` starts Pyodide, or gives the one that is there
 * @property {string} [python] for Python: the name of the engine in web/workbench/runs.py
 */

/** @type {Row[]} */
export const ENGINES = [
  {
    name: "native",
    title: "This browser",
    language: "JavaScript",
    chosen: true,
    original: true,
    browser: true,
    namespace: async () => globalThis.WebAssembly,
  },
  {
    name: "python",
    title: "pyjsapi, Python face",
    language: "Python",
    chosen: true,
    original: true,
    browser: false,
    python: "python",
  },
  {
    name: "face",
    title: "pyjsapi, JavaScript face",
    language: "JavaScript",
    chosen: true,
    original: true,
    browser: false,
    async namespace(start) {
      const { pyodide } = await start();
      const { loadPythonWebAssembly } = await import("../../polyfill/python.mjs");
      return (await loadPythonWebAssembly({ pyodide })).WebAssembly;
    },
  },
  {
    name: "lowered",
    title: "Lowered, this browser",
    language: "JavaScript",
    chosen: true,
    original: false,
    browser: true,
    async namespace(start) {
      const { pyodide } = await start();
      const { implementation, prepare } = await import("../../polyfill/implementation.mjs");
      await prepare({ pyodide });
      return implementation;
    },
  },
  {
    name: "python-lowered",
    title: "Lowered, pyjsapi, Python face",
    language: "Python",
    chosen: false,
    original: false,
    browser: false,
    python: "lowered",
  },
  {
    name: "host",
    title: "This browser, Python face",
    language: "Python",
    chosen: false,
    original: true,
    browser: true,
    python: "host",
  },
];

/** @param {string} name */
export const rowOf = (name) => /** @type {Row} */ (ENGINES.find((row) => row.name === name));
