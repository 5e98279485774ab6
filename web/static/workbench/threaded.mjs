// Modules whose shared memories several workers have: all memories are imported, and what waits and wakes is written on a
// board, a shared memory that is added. No engine of a browser tells who waits; so instructions that wait and notify become
// calls of functions that do the same and say so.

import { unsignedLeb } from "../../polyfill/lowered/encoding.mjs";
import { effectOf } from "./accesses.mjs";
import { I32, I64, Outliner, signedLeb64 } from "./outlining.mjs";

/**
 * @typedef {{ module: string, name: string, shared: boolean, descriptor: any }} Import of a memory
 * @typedef {{ bytes: Uint8Array, imports: Import[], slot: string }} Threaded
 *   `imports` of memories by their indices, the board is the last; `slot` is the export of where a worker's place on it begins
 */

/** How many bytes a worker has on the board. */
export const SLOT = 64;
export const MOST_THREADS = 64;
/** What is at which place of a slot. */
export const PLACES = { waits: 0, memory: 4, address: 8, waited: 16, notified: 20, woken: 24 };

/** @param {number} value */
const i32 = (value) => [0x41, ...signedLeb64(BigInt(value))];
/** @param {number} index */
const get = (index) => [0x20, ...unsignedLeb(index)];

/**
 * The module for workers. Raises an Error for one that cannot be had so.
 * @param {Uint8Array} bytes a valid module
 * @param {import("./binary.mjs").Contents} contents
 * @returns {Threaded}
 */
export function withThreads(bytes, contents) {
  if (contents.memories.some(({ pageSizeLog2 }) => pageSizeLog2 !== 16))
    throw new Error("Memories with pages of another size cannot be handed to workers.");
  const outliner = new Outliner(bytes, contents);
  const board = outliner.memory([3, 1, 1]);
  const global = outliner.global([I32, 1, 0x41, 0, 0x0b]);
  let module = "memories";
  while (contents.imports.some((one) => one.module === module)) module += "'";
  let slot = "slot";
  while (contents.exports.some((one) => one.name === slot)) slot += "'";
  outliner.export(slot, 3, global);
  outliner.importMemories(module);
  const writing = new Writing(board, global);
  /** @type {Map<string, number>} */
  const made = new Map();
  const outlined = (/** @type {import("./outlining.mjs").Instruction} */ instruction) => {
    const effect = effectOf(instruction);
    if (effect?.kind !== "wait" && effect?.kind !== "notify") return null;
    const key = String(instruction.bytes);
    const address = contents.memories[instruction.memories[0]].address === "i64" ? I64 : I32;
    const type = outliner.type([address, ...effect.operands], effect.results);
    const code = effect.kind === "wait" ? writing.wait(instruction, address) : writing.notify(instruction);
    const index = made.get(key) ?? outliner.function(type, code);
    made.set(key, index);
    return index;
  };
  return { bytes: outliner.finish(outlined), imports: importsOf(contents, module), slot };
}

/** Code that writes on the board. */
class Writing {
  /** @param {number} board @param {number} global */
  constructor(board, global) {
    this.board = unsignedLeb(board);
    this.slot = [0x23, ...unsignedLeb(global)];
  }

  /** @param {number} place @param {number} align its logarithm */
  #memarg(place, align) {
    return [0x40 | align, ...this.board, place];
  }

  /** @param {number} place @param {number[]} value */
  #store(place, value) {
    return [...this.slot, ...value, 0xfe, 0x17, ...this.#memarg(place, 2)];
  }

  /** @param {number} place @param {number[]} value */
  #add(place, value) {
    return [
      ...this.slot,
      ...this.slot,
      0x28,
      ...this.#memarg(place, 2),
      ...value,
      0x6a,
      0x36,
      ...this.#memarg(place, 2),
    ];
  }

  /** @param {import("./outlining.mjs").Instruction} instruction @param {number} address its type */
  wait({ bytes, memories, offset }, address) {
    const at = [...get(0), ...(address === I32 ? [0xad] : []), 0x42, ...signedLeb64(BigInt.asIntN(64, offset)), 0x7c];
    return [
      ...[...this.slot, ...at, 0x37, ...this.#memarg(PLACES.address, 3)],
      ...this.#store(PLACES.memory, i32(memories[0])),
      ...this.#add(PLACES.waited, i32(1)),
      ...this.#store(PLACES.waits, i32(1)),
      ...[...get(0), ...get(1), ...get(2), ...bytes],
      ...this.#store(PLACES.waits, i32(0)),
    ];
  }

  /** @param {import("./outlining.mjs").Instruction} instruction */
  notify({ bytes }) {
    return [
      ...[...get(0), ...get(1), ...bytes, 0x21, 1],
      ...this.#add(PLACES.notified, i32(1)),
      ...this.#add(PLACES.woken, get(1)),
      ...get(1),
    ];
  }
}

/** @param {import("./binary.mjs").Contents} contents @param {string} module @returns {Import[]} */
function importsOf({ imports, memories }, module) {
  const own = imports.filter(({ kind }) => kind === "memory");
  const found = memories.map((type, index) => ({
    module: own[index]?.module ?? module,
    name: own[index]?.name ?? String(index),
    shared: type.shared,
    descriptor: descriptorOf(type),
  }));
  const board = { initial: 1, maximum: 1, shared: true };
  return [...found, { module, name: String(memories.length), shared: true, descriptor: board }];
}

/** @param {{ address: string, minimum: bigint, maximum: bigint | null, shared: boolean }} type */
function descriptorOf({ address, minimum, maximum, shared }) {
  const number = (/** @type {bigint} */ value) => (address === "i64" ? value : Number(value));
  return {
    ...(address === "i64" ? { address } : {}),
    initial: number(minimum),
    ...(maximum === null ? {} : { maximum: number(maximum) }),
    ...(shared ? { shared } : {}),
  };
}

/** Where workers are, as they wrote it. */
export class Board {
  /** @param {ArrayBufferLike} buffer */
  constructor(buffer) {
    this.view = new DataView(buffer);
    this.words = new Int32Array(buffer);
  }

  /** @param {number} thread */
  read(thread) {
    const start = thread * SLOT;
    const word = (/** @type {number} */ place) => Atomics.load(this.words, (start + place) / 4);
    return {
      waits: word(PLACES.waits) === 1,
      memory: word(PLACES.memory),
      address: Number(this.view.getBigUint64(start + PLACES.address, true)),
      waited: word(PLACES.waited),
      notified: word(PLACES.notified),
      woken: word(PLACES.woken),
    };
  }
}

/** What is marked where somebody waits: four bytes at least. @param {{ waits: boolean, memory: number, address: number }[]} threads @param {number} memory */
export function waitersOf(threads, memory) {
  const addresses = threads.filter((one) => one.waits && one.memory === memory).map(({ address }) => address);
  return [...new Set(addresses)].sort((a, b) => a - b).map((at) => /** @type {[number, number]} */ ([at, 4]));
}
