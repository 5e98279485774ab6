// Values as `print` and `console.log` write them: alike on every engine, whatever its own console does.

import { nameOf } from "./failures.mjs";

const MOST_ITEMS = 64;
const DEEPEST = 3;

/**
 * @param {any} value
 * @param {boolean} messages whether errors have their messages, which are each engine's own
 * @param {number} [depth]
 * @returns {string}
 */
export function printed(value, messages, depth = 0) {
  switch (typeof value) {
    case "string":
      return depth ? JSON.stringify(value) : value;
    case "bigint":
      return `${value}n`;
    case "function":
      return `function ${value.name}`;
    case "object":
      return value === null ? "null" : object(value, messages, depth);
    default:
      return Object.is(value, -0) ? "-0" : String(value);
  }
}

/** @param {any} value @param {boolean} messages @param {number} depth */
function object(value, messages, depth) {
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (tag === "WebAssembly.Exception") return "Exception";
  if (value instanceof Error) return messages ? `${nameOf(value)}: ${value.message}` : nameOf(value);
  if (depth > DEEPEST) return "…";
  if (Array.isArray(value)) return list(value, messages, depth);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    return `${tag} ${list(/** @type {any} */ (value), messages, depth)}`;
  if (tag !== "Object") return tag;
  const entries = Object.entries(value);
  const texts = entries.slice(0, MOST_ITEMS).map(([key, each]) => `${key}: ${printed(each, messages, depth + 1)}`);
  return `{ ${texts.join(", ")}${entries.length > MOST_ITEMS ? ", …" : ""} }`;
}

/** @param {ArrayLike<any>} values @param {boolean} messages @param {number} depth */
function list(values, messages, depth) {
  const texts = Array.from({ length: Math.min(values.length, MOST_ITEMS) }, (_, k) =>
    printed(values[k], messages, depth + 1),
  );
  return `[${texts.join(", ")}${values.length > MOST_ITEMS ? ", …" : ""}]`;
}
