// What every engine is asked to do with a module: the same plan for all of them, as plain data.

import { concatenate, unsignedLeb } from "../../polyfill/lowered/encoding.mjs";
import { Reader } from "../../polyfill/lowered/sections.mjs";

/**
 * @typedef {import("./values.mjs").Value} Value
 * @typedef {{ address: string, minimum: string, maximum: string | null, shared: boolean }} Limits
 * @typedef {{ module: string, name: string, kind: string, params: string[], results: string[], limits: Limits | null, element: string,
 *   value: string, mutable: boolean }} Stub
 * @typedef {{ export: string, params: string[], results: string[], arguments: Value[] }} Call
 * @typedef {{ index: number, export: string }} Seen
 * @typedef {{ way: "hand", language: import("./engine_table.mjs").Language, texts: Record<string, string> }} ByHand
 *   a text for each module name, in one language
 * @typedef {{ way: "wasi", args: string[], env: Record<string, string>, stdin: string }} Wasi
 * @typedef {{ bytes: Uint8Array, stubs: Stub[], calls: Call[], memories: Seen[], shift: number,
 *   recording?: import("./reads.mjs").Recording, imports: ByHand | Wasi | null, script: import("./script.mjs").Script | null }} Plan
 *   `shift` is by how much the code comes later in `bytes` than in the module that was given; without `imports` there are stubs alone;
 *   a script is in the place of calls
 * @typedef {import("./binary.mjs").Contents} Contents
 */

const EXPORT = 7;
const MEMORY_KIND = 2;
/** Sections that come before that of the exports. */
const BEFORE = new Set([1, 2, 3, 4, 5, 6, 13]);

/**
 * The module with all of its memories exported, so that they can be looked at, and the names by which they are.
 * Nothing else is changed; a module that exports them all stays as it is.
 * @param {Uint8Array} bytes
 * @param {Contents} contents
 * @returns {{ bytes: Uint8Array, memories: Seen[], shift: number }}
 */
export function withAllMemories(bytes, contents) {
  const exported = new Map(
    contents.exports.filter(({ kind }) => kind === "memory").map(({ index, name }) => [index, name]),
  );
  const taken = new Set(contents.exports.map(({ name }) => name));
  const added = [];
  /** @type {Seen[]} */
  const memories = [];
  for (const index of contents.memories.keys()) {
    let name = exported.get(index);
    if (name === undefined) {
      name = `memory ${index}`;
      while (taken.has(name)) name += "'";
      added.push({ index, name });
    }
    memories.push({ index, export: name });
  }
  const whole = added.length ? withExports(bytes, contents, added) : bytes;
  return { bytes: whole, memories, shift: whole.length - bytes.length };
}

/** @param {Uint8Array} bytes @param {Contents} contents @param {{ index: number, name: string }[]} added */
function withExports(bytes, contents, added) {
  const encoder = new TextEncoder();
  const entries = added.flatMap(({ index, name }) => {
    const text = encoder.encode(name);
    return [...unsignedLeb(text.length), ...text, MEMORY_KIND, ...unsignedLeb(index)];
  });
  const old = contents.sections.find(({ id }) => id === EXPORT);
  const last = contents.sections.filter(({ id }) => BEFORE.has(id)).at(-1);
  const start = old ? old.start : last ? last.offset + last.size : 8;
  const end = old ? old.offset + old.size : start;
  let before = new Uint8Array();
  if (old) {
    const reader = new Reader(bytes);
    reader.position = old.offset;
    reader.unsigned();
    before = bytes.slice(reader.position, end);
  }
  const count = unsignedLeb(contents.exports.length + added.length);
  const size = unsignedLeb(count.length + before.length + entries.length);
  return concatenate([bytes.subarray(0, start), [EXPORT, ...size, ...count], before, entries, bytes.subarray(end)]);
}

/** What stands for each import, by its type. @param {Contents} contents @returns {Stub[]} */
export function stubsOf(contents) {
  return contents.imports.map(({ module, name, kind, type, of }) => ({
    module,
    name,
    kind,
    params: type === undefined ? [] : (contents.types[type]?.params ?? []),
    results: type === undefined ? [] : (contents.types[type]?.results ?? []),
    limits: kind === "memory" || kind === "table" ? limitsOf(of) : null,
    element: of?.element ?? "",
    value: of?.value ?? "",
    mutable: of?.mutable ?? false,
  }));
}

/** @param {{ address: string, minimum: bigint, maximum: bigint | null, shared: boolean }} given @returns {Limits} */
function limitsOf({ address, minimum, maximum, shared }) {
  return { address, minimum: String(minimum), maximum: maximum === null ? null : String(maximum), shared };
}
