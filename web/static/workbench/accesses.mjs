// What instructions read in memories, for those who note it. The numbers are opcodes of the binary format.

import { I32, I64 } from "./outlining.mjs";

const F32 = 0x7d;
const F64 = 0x7c;
const V128 = 0x7b;

/**
 * @typedef {{ kind: "read" | "wait" | "notify" | "copy", size: number, operands: number[], results: number[] }} Effect
 *   `size` is how many bytes are read; `operands` are those behind the address
 */

/** @param {Effect["kind"]} kind @param {number} size @param {number[]} operands @param {number[]} results @returns {Effect} */
const effect = (kind, size, operands, results) => ({ kind, size, operands, results });

/** Loads from 0x28 on: how many bytes they read, and what they give. */
const LOADS = [
  [4, I32],
  [8, I64],
  [4, F32],
  [8, F64],
  [1, I32],
  [1, I32],
  [2, I32],
  [2, I32],
  [1, I64],
  [1, I64],
  [2, I64],
  [2, I64],
  [4, I64],
  [4, I64],
];

/** Atomic instructions come in seven widths each. */
const WIDTHS = [
  [4, I32],
  [8, I64],
  [1, I32],
  [2, I32],
  [1, I64],
  [2, I64],
  [4, I64],
];

/** @type {Record<number, number>} */
const VECTORS = { 0: 16, 1: 8, 2: 8, 3: 8, 4: 8, 5: 8, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8, 92: 4, 93: 8 };
/** @type {Record<number, number>} */
const LANES = { 84: 1, 85: 2, 86: 4, 87: 8 };

/**
 * What an instruction does that names a memory; null if it reads none.
 * @param {{ prefix: number, opcode: number }} instruction
 * @returns {Effect | null}
 */
export function effectOf({ prefix, opcode }) {
  if (prefix === 0) {
    const [size, type] = LOADS[opcode - 0x28] ?? [0, 0];
    return size ? effect("read", size, [], [type]) : null;
  }
  if (prefix === 0xfc) return opcode === 10 ? effect("copy", 0, [], []) : null;
  if (prefix === 0xfd) {
    if (opcode in VECTORS) return effect("read", VECTORS[opcode], [], [V128]);
    return opcode in LANES ? effect("read", LANES[opcode], [V128], [V128]) : null;
  }
  return prefix === 0xfe ? atomic(opcode) : null;
}

/** @param {number} opcode */
function atomic(opcode) {
  if (opcode === 0) return effect("notify", 0, [I32], [I32]);
  if (opcode === 1) return effect("wait", 4, [I32, I64], [I32]);
  if (opcode === 2) return effect("wait", 8, [I64, I64], [I32]);
  if (opcode < 0x10) return null;
  const [size, type] = WIDTHS[(opcode - 0x10) % 7];
  if (opcode < 0x17) return effect("read", size, [], [type]);
  if (opcode < 0x1e) return null;
  return effect("read", size, opcode < 0x48 ? [type] : [type, type], [type]);
}
