// What the engine itself has, found out by using it.

import * as native from "../common/engine.mjs";
import { fromBase64 } from "../common/values.mjs";
import { HAS_64_BITS, HAS_PAGE_SIZE } from "./sections.mjs";

// (module
//   (memory $a 1 2) (memory $b 1 3)
//   (data (memory $b) (i32.const 16) "\05")
//   (func (export "probe") (result i32)
//     (i32.store8 $a (i32.const 8) (i32.const 3))
//     (i32.store8 $b (i32.const 8) (i32.const 7))
//     (memory.copy $a $b (i32.const 0) (i32.const 8) (i32.const 1))
//     (drop (memory.grow $b (i32.const 2)))
//     (i32.store8 $b offset=131072 (i32.const 8) (i32.const 11))
//     ;; the bytes 7, 3, 5 and 11 and the sizes 1 and 3, as digits of one number
//     …))
const PROBE =
  "AGFzbQEAAAABBQFgAAF/AwIBAAUHAgEBAgEBAwcJAQVwcm9iZQAACmgBZgBBCEEDOgAAQQhBBzpAAQBBAEEIQQH8CgABQQJAARpBCEELOkAB"
  + "gIAIQQAtAABB5ABBCC0AAGxBkM4AQRAtQAEAbEHAhD1BiIAILUABAGxBgMLXLz8AbEGAhK/fAD8BbGpqampqCwsIAQIBQRALAQU=";
const ANSWER = 711050307;

/** @type {boolean | undefined} */
let answer;

/** @param {BufferSource} bytes */
function run(bytes) {
  const { probe } = new native.Instance(new native.Module(bytes)).exports;
  return /** @type {() => number} */ (probe)();
}

/** Whether the engine validates and correctly runs a module with two memories. */
export function hasMultiMemory() {
  if (answer === undefined) {
    const bytes = fromBase64(PROBE);
    try {
      answer = native.validate(bytes) && run(bytes) === ANSWER;
    } catch {
      answer = false;
    }
  }
  return answer;
}

const PREAMBLE_AND_MEMORY = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x05];
/** @type {{ memory64?: boolean, customPageSizes?: boolean }} */
const features = {};

/**
 * @param {number} flags
 * @param {number[]} limits
 */
function validates(flags, ...limits) {
  return native.validate(Uint8Array.of(...PREAMBLE_AND_MEMORY, limits.length + 2, 1, flags, ...limits));
}

/** The kinds of memories that the engine has: with 64-bit addresses, and with pages of one byte. */
export function memoryFeatures() {
  features.memory64 ??= validates(HAS_64_BITS, 1);
  features.customPageSizes ??= validates(HAS_PAGE_SIZE, 1, 0);
  return features;
}

/**
 * Whether a memory whose limits have these flags is of a kind that the engine lacks.
 * @param {number} flags
 */
export function isLacking(flags) {
  const { memory64, customPageSizes } = memoryFeatures();
  return Boolean((flags & HAS_64_BITS && !memory64) || (flags & HAS_PAGE_SIZE && !customPageSizes));
}
