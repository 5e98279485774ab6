// The module of JavaScript that stands for a module of WebAssembly. Names of the module are literals of strings in it.

import { namesOf } from "./names.mjs";

const RUNTIME = new URL("./runtime.mjs", import.meta.url).href;
const BUILTINS = "wasm:js-string";

/**
 * Its text. Imports are bindings of the modules that are named, so that one that is missing is a SyntaxError, as between
 * modules of JavaScript; builtins come with the options of compilation.
 * @param {Uint8Array} bytes
 * @param {string} url its own address, under which it has its own namespace
 */
export function textOf(bytes, url) {
  const lines = [
    `import { instantiate } from ${JSON.stringify(RUNTIME)};`,
    `import * as namespace from ${JSON.stringify(url)};`,
  ];
  // What cannot be read, or uses names that are reserved, is for the runtime to refuse.
  const { imports, exports } = namesOf(bytes) ?? { imports: [], exports: [] };
  /** @type {string[]} */
  const values = [];
  if (!imports.some(([module, name]) => isReserved(module, name))) {
    imports.forEach(([module, name], k) => {
      if (module === BUILTINS) return;
      const [from, binding] = [JSON.stringify(module), JSON.stringify(name)];
      lines.push(`import { ${binding} as i${k} } from ${from};`);
      values.push(`[${from}, import.meta.resolve(${from}), ${binding}, () => i${k}]`);
    });
  }
  lines.push(`const values = instantiate(import.meta.url, namespace, [${values.join(", ")}]);`);
  exports.forEach((name, k) => {
    lines.push(`const e${k} = values[${k}];`, `export { e${k} as ${JSON.stringify(name)} };`);
  });
  return `${lines.join("\n")}\n`;
}

/**
 * Whether an address is that of a module of WebAssembly.
 * @param {string} url
 */
export function isModule(url) {
  return url.startsWith("file:") && new URL(url).pathname.endsWith(".wasm");
}

/** The text of the module whose default export is the WebAssembly.Module: the source phase. */
export function sourceText() {
  return `import { sourceOf } from ${JSON.stringify(RUNTIME)};\nexport default sourceOf(import.meta.url);\n`;
}

/**
 * Whether an import has a name that modules may not use: "parse a WebAssembly module" of the proposal.
 * @param {string} module
 * @param {string} name
 */
export function isReserved(module, name) {
  return module.startsWith("wasm-js:") || (module.startsWith("wasm:") && module !== BUILTINS) || isReservedName(name);
}

/**
 * Whether an import or export may not be called so.
 * @param {string} name
 */
export function isReservedName(name) {
  return name.startsWith("wasm:") || name.startsWith("wasm-js:");
}

const STATIC = /\bimport\s+source\s+([\p{ID_Start}$_][\p{ID_Continue}$]*)\s+from\s*("[^"\n]*"|'[^'\n]*')/gu;
const DYNAMIC = /\bimport\s*\.\s*source\s*\(/g;

/** What a specifier begins with whose module is imported in the source phase: the default export is the Module. */
export const SOURCE_PREFIX = "source:";

/**
 * A module of JavaScript whose imports of the source phase are told by their specifiers, so that hooks know them, and
 * engines without that syntax run them.
 * @param {string} text
 */
export function withoutSourcePhase(text) {
  return text
    .replace(STATIC, (_, name, from) => `import ${name} from ${from[0]}${SOURCE_PREFIX}${from.slice(1)}`)
    .replace(DYNAMIC, 'globalThis[Symbol.for("@pyjsapi/polyfill.source")](import.meta, ');
}
