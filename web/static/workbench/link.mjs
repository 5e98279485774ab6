// The module and what was asked of it, in the fragment of a link: compressed, and nothing of it goes to a server.

import { Refused } from "./intake.mjs";

/**
 * @typedef {{ export: string, arguments: string[] }} Asked
 * @typedef {import("./run.mjs").Request & { name: string, bytes: Uint8Array | null, text: string | null }} Shared
 */

const KEY = "#m1=";
/** What a link may become; more was made to fill the memory of who opens it. */
const MOST_BYTES = 64 * 1024 * 1024;

/** @param {Uint8Array} bytes */
function toBase64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** @param {string} text */
function fromBase64(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
}

/** @param {Uint8Array} bytes @param {CompressionStream | DecompressionStream} through */
async function piped(bytes, through) {
  const whole = /** @type {Uint8Array<ArrayBuffer>} */ (bytes);
  const reader = new Blob([whole])
    .stream()
    .pipeThrough(/** @type {any} */ (through))
    .getReader();
  const parts = [];
  let size = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    parts.push(next.value);
    size += next.value.length;
    if (size > MOST_BYTES) {
      void reader.cancel().catch(() => {});
      throw new Refused("The link holds more than 64 MiB: it is not opened.");
    }
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** The fragment for a module; a text is sent as text, and assembled where it is opened. @param {Shared} shared */
export async function fragmentOf({ name, bytes, text, calls, script, imports }) {
  // Pages from before scripts and imports leave out what they do not know, and take the rest.
  const optional = Object.entries({ text, script, imports }).filter(([, value]) => value !== null);
  const head = new TextEncoder().encode(JSON.stringify({ name, calls, ...Object.fromEntries(optional) }));
  const module = text === null && bytes ? bytes : new Uint8Array();
  const whole = new Uint8Array(4 + head.length + module.length);
  new DataView(whole.buffer).setUint32(0, head.length);
  whole.set(head, 4);
  whole.set(module, 4 + head.length);
  return KEY + toBase64(await piped(whole, new CompressionStream("deflate-raw")));
}

/** What is wrong with a fragment that does not begin as those of links do. @param {string} fragment */
const strange = (fragment) =>
  /^#m\d+=/.test(fragment)
    ? "The link was made by a newer version of this page: open it there."
    : `The address ends with “${fragment.slice(0, 20)}${fragment.length > 20 ? "…" : ""}”, which holds no module: the link was cut off or changed on its way. Ask for it anew.`;

/**
 * What a fragment holds; null if there is none. Raises `Refused` for one that was cut or changed.
 * @param {string} fragment
 * @returns {Promise<Shared | null>}
 */
export async function sharedBy(fragment) {
  if (fragment === "" || fragment === "#") return null;
  if (!fragment.startsWith(KEY)) throw new Refused(strange(fragment));
  try {
    const whole = await piped(fromBase64(fragment.slice(KEY.length)), new DecompressionStream("deflate-raw"));
    const length = new DataView(whole.buffer).getUint32(0);
    const head = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(whole.subarray(4, 4 + length)));
    const text = typeof head.text === "string" ? head.text : null;
    return {
      name: String(head.name),
      text,
      bytes: text === null ? whole.slice(4 + length) : null,
      calls: callsOf(head.calls),
      script: scriptOf(head.script),
      imports: importsOf(head.imports),
    };
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused("The link was cut off or changed on its way: what it holds cannot be read. Ask for it anew.");
  }
}

/** @param {any} language @returns {import("./engine_table.mjs").Language} */
const languageOf = (language) => (language === "Python" ? "Python" : "JavaScript");

/** @param {any} script @returns {Shared["script"]} */
const scriptOf = (script) => (script && { language: languageOf(script.language), text: String(script.text) }) || null;

const textsOf = (/** @type {any} */ texts) =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, String(text)]));

/** @param {any} imports @returns {Shared["imports"]} */
function importsOf(imports) {
  if (!imports) return null;
  if (imports.way === "hand")
    return { way: "hand", language: languageOf(imports.language), texts: textsOf(imports.texts) };
  if (imports.way !== "wasi") return null;
  return { way: "wasi", args: imports.args.map(String), env: textsOf(imports.env), stdin: String(imports.stdin) };
}

/** @param {any} calls @returns {Asked[]} */
const callsOf = (calls) =>
  calls.map((/** @type {any} */ one) => ({ export: String(one.export), arguments: one.arguments.map(String) }));
