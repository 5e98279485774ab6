// A module that notes which bytes of its memories it reads: a bit for each byte, in a memory that is added. So there is no
// limit to how often it reads, only to how much of the memories is looked at. What traps, or fails to be read, is not noted.

import { unsignedLeb } from "../../polyfill/lowered/encoding.mjs";
import { effectOf } from "./accesses.mjs";
import { I32, I64, Outliner, signedLeb64 } from "./outlining.mjs";
import { PAGE } from "./runner.mjs";

/**
 * @typedef {{ index: number, base: number, limit: number }} Region
 *   where in the notes the bits of a memory begin, and how many of its bytes are looked at
 * @typedef {{ bytes: Uint8Array, export: string, regions: Region[] }} Recording
 */

/** Of all memories together so much is looked at. */
export const MOST_BYTES = 256 * 1024 * 1024;

const GET = 0x20;
const I32_CONST = 0x41;
const I64_CONST = 0x42;
const EXTEND = 0xad;
const I64_ADD = 0x7c;
const CALL = 0x10;

/** @param {number} index */
const get = (index) => [GET, ...unsignedLeb(index)];
/** @param {number} value */
const i32 = (value) => [I32_CONST, ...signedLeb64(BigInt(value))];
/** @param {bigint | number} value */
const i64 = (value) => [I64_CONST, ...signedLeb64(BigInt(value))];

/**
 * The module with notes of what it reads, exported under a name that it does not have.
 * @param {Uint8Array} bytes
 * @param {import("./binary.mjs").Contents} contents
 * @returns {Recording}
 */
export function withReads(bytes, contents) {
  const outliner = new Outliner(bytes, contents);
  const regions = regionsOf(contents);
  const last = regions.at(-1);
  const pages = Math.ceil(((last ? last.base + last.limit / 8 : 0) + 16) / PAGE);
  const notes = outliner.memory([1, ...unsignedLeb(pages), ...unsignedLeb(pages)]);
  const mark = markFunction(outliner, notes);
  /** @type {Map<string, number>} */
  const made = new Map();
  const outlined = (/** @type {import("./outlining.mjs").Instruction} */ instruction) => {
    const effect = effectOf(instruction);
    if (!effect || effect.kind === "notify") return null;
    const key = String(instruction.bytes);
    const index = made.get(key) ?? noting(outliner, contents, instruction, effect, regions, mark);
    made.set(key, index);
    return index;
  };
  let name = "reads";
  while (contents.exports.some((one) => one.name === name)) name += "'";
  outliner.export(name, 2, notes);
  return { bytes: outliner.finish(outlined), export: name, regions };
}

/** @param {import("./binary.mjs").Contents} contents @returns {Region[]} */
function regionsOf({ memories }) {
  const share = Math.floor(MOST_BYTES / Math.max(1, memories.length) / PAGE) * PAGE;
  let base = 0;
  return memories.map(({ maximum, pageSizeLog2 }, index) => {
    const most = maximum === null ? Infinity : Number(maximum) * 2 ** pageSizeLog2;
    const limit = Math.min(share, Math.ceil(most / 8) * 8);
    const region = { index, base, limit };
    base += limit / 8 + 16;
    return region;
  });
}

/**
 * A function that sets bits: of an address and a count (i64), where the notes of the memory begin, and its limit.
 * @param {Outliner} outliner
 * @param {number} notes
 */
function markFunction(outliner, notes) {
  const type = outliner.type([I64, I64, I32, I64], []);
  // Instructions on the notes: alignment 0, the memory's index, no offset.
  const memarg = [0x40, ...unsignedLeb(notes), 0];
  const self = outliner.nextFunction;
  const [address, count, base, limit] = [0, 1, 2, 3];
  const again = (/** @type {number[]} */ at) => [
    ...at,
    ...i64(8),
    ...get(base),
    ...get(limit),
    CALL,
    ...unsignedLeb(self),
  ];
  /** Where the byte with the bit of an address is. @param {number[]} at */
  const place = (at) => [...get(base), ...at, ...i64(3), 0x88, 0xa7, 0x6a];
  const end = [...get(address), ...get(count), I64_ADD];
  // biome-ignore format: one row for each thought
  return outliner.function(type, [
    ...get(address), ...get(limit), 0x5a, 0x04, 0x40, 0x0f, 0x0b, // nothing behind the limit
    ...get(count), ...get(limit), ...get(address), 0x7d, 0x56, 0x04, 0x40, // and of what goes over it, what lies before
    ...get(limit), ...get(address), 0x7d, 0x21, count, 0x0b,
    ...get(count), ...i64(16), 0x58, 0x04, 0x40, // up to sixteen bits with one store
    ...place(get(address)),
    ...place(get(address)), 0x28, ...memarg,
    ...i32(1), ...get(count), 0xa7, 0x74, ...i32(1), 0x6b, ...get(address), 0xa7, ...i32(7), 0x71, 0x74, 0x72,
    0x36, ...memarg, 0x0f, 0x0b,
    ...again(get(address)), // else both ends, and whole bytes between them
    ...again([...end, ...i64(8), 0x7d]),
    ...place([...get(address), ...i64(7), I64_ADD]),
    ...i32(0xff),
    ...place(end), ...place([...get(address), ...i64(7), I64_ADD]), 0x6b,
    0xfc, 11, ...unsignedLeb(notes),
  ]);
}

/**
 * A function that does what an instruction does, and notes what it has read.
 * @param {Outliner} outliner
 * @param {import("./binary.mjs").Contents} contents
 * @param {import("./outlining.mjs").Instruction} instruction
 * @param {import("./accesses.mjs").Effect} effect
 * @param {Region[]} regions
 * @param {number} mark
 */
function noting(outliner, contents, instruction, effect, regions, mark) {
  const { memories, offset, bytes } = instruction;
  const address = (/** @type {number} */ index) => (contents.memories[index].address === "i64" ? I64 : I32);
  const copies = effect.kind === "copy";
  const read = copies ? memories[1] : memories[0];
  const count = memories.every((index) => address(index) === I64) ? I64 : I32;
  const params = copies
    ? [address(memories[0]), address(memories[1]), count]
    : [address(memories[0]), ...effect.operands];
  const wide = (/** @type {number} */ local) => [...get(local), ...(params[local] === I32 ? [EXTEND] : [])];
  const { base, limit } = regions[read];
  return outliner.function(outliner.type(params, effect.results), [
    ...params.flatMap((_type, local) => get(local)),
    ...bytes,
    ...wide(copies ? 1 : 0),
    ...i64(BigInt.asIntN(64, offset)),
    I64_ADD,
    ...(copies ? wide(2) : i64(effect.size)),
    ...i32(base),
    ...i64(limit),
    CALL,
    ...unsignedLeb(mark),
  ]);
}

/**
 * The addresses whose bits are set, as ranges; of very many the first.
 * @param {Uint8Array} bits
 * @param {number} length how many bytes the memory has
 * @param {number} most
 * @returns {[number, number][]}
 */
export function rangesOf(bits, length, most) {
  /** @type {[number, number][]} */
  const ranges = [];
  for (let k = 0; k < bits.length && k * 8 < length; k++) {
    if (bits[k] === 0) continue;
    for (let bit = 0; bit < 8; bit++) {
      if (!((bits[k] >> bit) & 1)) continue;
      const at = k * 8 + bit;
      const last = ranges.at(-1);
      if (last && last[0] + last[1] === at) last[1] += 1;
      else if (ranges.length < most) ranges.push([at, 1]);
      else return ranges;
    }
  }
  return ranges;
}
