// What a module imports and exports, by name: all that the text of a module of JavaScript for it needs.

import { IMPORT_SECTION, readable, sectionsOf } from "../lowered/sections.mjs";

const EXPORT_SECTION = 7;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @param {import("../lowered/sections.mjs").Reader} reader */
function name(reader) {
  const size = reader.unsigned();
  const start = reader.position;
  reader.skip(size);
  return decoder.decode(reader.bytes.subarray(start, start + size));
}

/**
 * The imports of a module, as pairs of module and name, and the names of its exports; undefined for what is no readable
 * module, which the engine will tell.
 * @param {Uint8Array} bytes
 * @returns {{ imports: [string, string][], exports: string[] } | undefined}
 */
export function namesOf(bytes) {
  return readable(() => {
    /** @type {[string, string][]} */
    const imports = [];
    /** @type {string[]} */
    const exports = [];
    try {
      for (const [id, reader] of sectionsOf(bytes)) {
        if (id !== IMPORT_SECTION && id !== EXPORT_SECTION) continue;
        for (let left = reader.unsigned(); left > 0; left--) {
          if (id === IMPORT_SECTION) {
            imports.push([name(reader), name(reader)]);
            reader.skipExternType();
          } else {
            exports.push(name(reader));
            reader.skip(1);
            reader.unsigned();
          }
        }
      }
    } catch (error) {
      if (error instanceof TypeError) return undefined; // a name that is not UTF-8
      throw error;
    }
    return { imports, exports };
  });
}
