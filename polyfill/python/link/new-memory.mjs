// Memories of the JavaScript engine.

import { namespace as Native } from "../../common/engine.mjs";

/** Pages of 64 KiB that a memory can have. */
export const MOST_PAGES = 65536;

/** A new memory, its sizes in pages and -1 for no maximum; undefined where the engine allows no more. */
export function newMemory(initial, maximum, shared) {
  const descriptor = { initial };
  if (maximum >= 0) descriptor.maximum = Math.min(maximum, MOST_PAGES);
  if (shared) descriptor.shared = true;
  try {
    return new Native.Memory(descriptor);
  } catch {
    return undefined;
  }
}
