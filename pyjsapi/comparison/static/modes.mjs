// The ways in which a JavaScript engine runs the cases of `pyjsapi compare`: by itself ("native"), with modules lowered
// ("lowered"), and by pyjsapi in Pyodide as a namespace of JavaScript ("javascript").

import { runCase } from "./driver.mjs";
import { lowererOf, runScript } from "./wast.mjs";

/** @typedef {{ id: string, modules: Record<string, string>, lowered?: Record<string, { lowered?: string, refusal?: string }>,
 *   script?: any, steps: any[], needs?: Record<string, string> }} Case */
/** @typedef {{ polyfill?: string, indexURL?: string, packageURL?: string }} Places addresses of folders, each with its slash */
/** @typedef {{ namespace: any, begin?: (case_: Case) => void, lacks: (case_: Case) => string[] }} Mode */

const bytesOf = (/** @type {string} */ base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
const base64Of = (/** @type {Uint8Array} */ bytes) =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

/** The features that a case uses and this engine lacks, told by the small modules that it comes with. */
function lacking(/** @type {Case} */ case_, /** @type {string[]} */ given = []) {
  return Object.entries(case_.needs ?? {})
    .filter(([feature, probe]) => !given.includes(feature) && !WebAssembly.validate(bytesOf(probe)))
    .map(([feature]) => feature);
}

/** What a case brings for its modules with several memories, as the option `lower` of the polyfill. */
function lowererFor(/** @type {Case} */ case_) {
  if (case_.script) return lowererOf(case_.script);
  return (/** @type {Uint8Array} */ bytes) => {
    const found = case_.lowered?.[base64Of(bytes)];
    if (found?.lowered === undefined)
      throw new WebAssembly.CompileError(found?.refusal ?? "the module was not lowered");
    return bytesOf(found.lowered);
  };
}

/** @type {Record<string, (places: Places) => Promise<Mode>>} */
const MODES = {
  native: async () => ({ namespace: globalThis.WebAssembly, lacks: lacking }),
  lowered: async ({ polyfill }) => {
    const { configure, implementation } = await import(`${polyfill}implementation.mjs`);
    return {
      namespace: implementation,
      begin: (case_) => configure({ lower: lowererFor(case_) }),
      lacks: (case_) => lacking(case_, ["multi_memory"]),
    };
  },
  javascript: async ({ polyfill, indexURL, packageURL }) => {
    const { loadPythonWebAssembly } = await import(`${polyfill}python.mjs`);
    const { WebAssembly } = await loadPythonWebAssembly({ indexURL, packageURL });
    return { namespace: WebAssembly, lacks: () => [] };
  },
};

/** A script's transcript is one entry: the lines where it failed, and why. */
function scriptTranscript(/** @type {any} */ script, /** @type {any} */ namespace) {
  const { failures } = runScript(script, namespace);
  const lines = [...new Set(failures.map((text) => Number(/^line (\d+)/.exec(text)?.[1])))];
  return [{ value: lines.sort((a, b) => a - b), message: failures.join("; ") }];
}

/**
 * What runs cases in a mode; an answer has a transcript with its time, or says why there is none.
 * @param {string} name
 * @param {Places} places
 * @returns {Promise<(case_: Case) => Promise<Record<string, any>>>}
 */
export async function runnerOf(name, places) {
  const mode = await MODES[name](places);
  return async (case_) => {
    const { id } = case_;
    const lacks = mode.lacks(case_);
    if (lacks.length) return { id, unable: `the engine lacks ${lacks.join(", ")}` };
    try {
      mode.begin?.(case_);
      const start = performance.now();
      const transcript = case_.script
        ? scriptTranscript(case_.script, mode.namespace)
        : await runCase(case_, mode.namespace);
      return { id, transcript, ms: performance.now() - start };
    } catch (error) {
      return { id, failure: String(error) };
    }
  };
}
