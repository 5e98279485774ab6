// A guard against running out of stack inside of C: an engine that throws a RangeError through the interpreter's own
// frames leaves it unusable. So JavaScript looks for itself whether there is room before it calls Python.
//
// What looks is a function of WebAssembly with a large frame, most of it for a branch that is never taken: engines
// compare the frame's end with the stack's before anything in it runs. So 256 KiB of stack cost no more to look at
// than the few calls that cover them, some twenty nanoseconds, and every entry can afford that. What is thrown where
// there is no room is the engine's own RangeError or InternalError, with nothing but this function on the way.

import { namespace as Native } from "../../common/engine.mjs";

/** Values of 64 bits that the frame has room for: 32 KiB. They are operands, since locals would have to be set to 0. */
const VALUES = 4096;

/** How many of them are looked at: 256 KiB in all. */
const FRAMES = 8;

const BLOCK = [0x04, 0x40]; // if, without results
const END = 0x0b;
const [CALL, GET, I32, I64] = [0x10, 0x20, 0x7f, 0x7e];

function leb(number) {
  return number < 128 ? [number] : [(number & 127) | 128, ...leb(number >>> 7)];
}

const sized = (bytes) => [...leb(bytes.length), ...bytes];

/**
 * The module: function 0, imported, gives an i64, and function 1 takes one; function 2 is `look(n)`, which calls itself
 * n times, unless n is negative. Then, which never happens, it would keep as many results of function 0 as the frame is
 * to hold, while it calls it again.
 */
function lookModule() {
  const never = [];
  for (let i = 0; i <= VALUES; i++) never.push(CALL, 0);
  for (let i = 0; i < VALUES; i++) never.push(0x85); // i64.xor
  // biome-ignore format: an instruction sequence a line
  const body = [
    0, // locals
    GET, 0, 0x41, 0, 0x48, ...BLOCK, ...never, CALL, 1, 0x0f, END, // if n < 0: …, return
    GET, 0, ...BLOCK, GET, 0, 0x41, 1, 0x6b, CALL, 2, END, // if n: look(n - 1)
    END,
  ];
  const [a, b, c] = [0x61, 0x62, 0x63];
  // biome-ignore format: a section a line
  return new Uint8Array([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    1, ...sized([3, 0x60, 0, 1, I64, 0x60, 1, I64, 0, 0x60, 1, I32, 0]), // types
    2, ...sized([2, 1, a, 1, b, 0, 0, 1, a, 1, c, 0, 1]), // imports "a" "b" and "a" "c"
    3, ...sized([1, 2]), // functions
    7, ...sized([1, 4, 0x6c, 0x6f, 0x6f, 0x6b, 0, 2]), // export "look"
    10, ...sized([1, ...sized(body)]),
  ]);
}

const { exports } = new Native.Instance(new Native.Module(lookModule()), { a: { b: () => 0n, c: () => {} } });
const look = /** @type {(n: number) => void} */ (exports.look);

/** Depth of crossings from JavaScript to Python, of one link. */
export class Depth {
  constructor() {
    this.now = 0;
  }

  /** Enter Python once more; throws the engine's own RangeError or InternalError where the stack is nearly full. */
  enter() {
    look(FRAMES - 1);
    this.now++;
  }
}

/** Whether this thread may block, as `memory.atomic.wait` does. */
export function canWait() {
  if (typeof SharedArrayBuffer === "undefined") return false;
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}
