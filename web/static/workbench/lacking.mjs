// What an engine does not have: memory for the module, or a feature that it uses. That is no difference in behaviour.

import { featuresByCode, featuresOf, isHere } from "./features.mjs";

/** @typedef {import("./engine_table.mjs").Row} Row */
/** @typedef {import("./runner.mjs").Step} Step */

const NO_MEMORY = /\b(?:alloc|out of memory|memory is disabled|too many memory pages)/i;
/** What stands for a failure of the module itself, or of what it calls. */
const OF_THE_MODULE = new Set(["CompileError", "RuntimeError", "Exception"]);

/**
 * Why an instance could not be made that another engine may make; empty where it was made, or the module is to blame.
 * @param {Step | undefined} made the step that makes the instance
 * @param {string[]} missing titles of features that the module uses and the engine does not have
 */
export function lackOf(made, missing) {
  if (!made?.error) return "";
  const { name, message } = made.error;
  if (!OF_THE_MODULE.has(name) && NO_MEMORY.test(message)) return "it cannot allocate what the module needs";
  return missing.length && name !== "RuntimeError" && name !== "Exception"
    ? `it does not have: ${missing.join(", ")}`
    : "";
}

/** The features that modules use and this browser lacks, looked for once for each module. */
export class Lacking {
  /** @type {Uint8Array | null} */ #bytes = null;
  /** @type {import("./features.mjs").Feature[]} */ #missing = [];

  /** @param {import("./overview.mjs").Known} known */
  constructor({ features, instructions }) {
    this.features = features;
    this.ofCodes = featuresByCode(instructions);
  }

  /**
   * Why each engine could not make the instance, by name; those that made it are left out.
   * @param {{ name: string, outcome: import("./engines.mjs").Outcome }[]} engines
   * @param {(name: string) => Row} rowOf
   * @param {Uint8Array | null} bytes
   * @param {import("./binary.mjs").Contents | null} contents
   * @returns {Promise<Map<string, string>>}
   */
  async of(engines, rowOf, bytes, contents) {
    const found = new Map();
    for (const { name, outcome } of engines) {
      const row = rowOf(name);
      const missing = outcome.steps[0]?.error && row.browser ? await this.#missingFor(bytes, contents) : [];
      // Lowering is for what a browser has not: several memories.
      const counted = missing.filter((one) => row.original || one.name !== "multi_memory");
      const lack = lackOf(
        outcome.steps[0],
        counted.map(({ title }) => title),
      );
      if (lack) found.set(name, lack);
    }
    return found;
  }

  /** @param {Uint8Array | null} bytes @param {import("./binary.mjs").Contents | null} contents */
  async #missingFor(bytes, contents) {
    if (!bytes || !contents) return [];
    if (this.#bytes !== bytes) {
      const used = await featuresOf(bytes, contents, this.ofCodes);
      this.#missing = this.features.filter((feature) => used.has(feature.name) && !isHere(feature));
      this.#bytes = bytes;
    }
    return this.#missing;
  }
}
