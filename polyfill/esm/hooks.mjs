// The hooks of Node's loader, the same in the thread of the program and in one of their own.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isModule, SOURCE_PREFIX, sourceText, textOf, withoutSourcePhase } from "./text.mjs";

const SOURCE = "?pyjsapi-source";

/**
 * @template T, U
 * @param {T | Promise<T>} value
 * @param {(value: T) => U} step
 */
const after = (value, step) => (value instanceof Promise ? value.then(step) : step(value));

/**
 * @param {string} specifier
 * @param {any} context
 * @param {(specifier: string, context: any) => any} next
 */
export function resolve(specifier, context, next) {
  if (!specifier.startsWith(SOURCE_PREFIX)) return next(specifier, context);
  return after(next(specifier.slice(SOURCE_PREFIX.length), context), (found) => ({
    ...found,
    url: found.url + SOURCE,
    format: "module",
  }));
}

/**
 * @param {string} url
 * @param {any} context
 * @param {(url: string, context: any) => any} next
 */
export function load(url, context, next) {
  if (url.endsWith(SOURCE)) return { format: "module", source: sourceText(), shortCircuit: true };
  if (isModule(url)) {
    return { format: "module", source: textOf(readFileSync(fileURLToPath(url)), url), shortCircuit: true };
  }
  return after(next(url, context), (found) => {
    if (found.format !== "module" || !found.source) return found;
    const text = typeof found.source === "string" ? found.source : new TextDecoder().decode(found.source);
    const changed = withoutSourcePhase(text);
    return changed === text ? found : { ...found, source: changed };
  });
}
