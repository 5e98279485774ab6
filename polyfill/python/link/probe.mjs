// A guard against running out of stack inside of C: an engine that throws a RangeError through the interpreter's own
// frames leaves it unusable. So JavaScript looks for itself whether there is room before it calls Python.
//
// What looks is a function of WebAssembly with a large frame, most of it for a branch that is never taken: engines
// compare the frame's end with the stack's before anything in it runs. So 256 KiB of stack cost no more to look at than
// the few calls that cover them, some ten nanoseconds, and every entry can afford that. What is thrown where there is no
// room is the engine's own RangeError or InternalError, with nothing but this function on the way.

/** Locals of 64 bits in the frame that looks: 16 KiB. */
const LOCALS = 2048;

/** How many such frames must fit: more than the interpreter needs for a call, the translation of a function included. */
const FRAMES = 16;

const BLOCK = [0x04, 0x40]; // if, without results
const END = 0x0b;
const [CALL, GET, SET, SET_GLOBAL, I32, I64] = [0x10, 0x20, 0x21, 0x24, 0x7f, 0x7e];

function leb(number) {
  return number < 128 ? [number] : [(number & 127) | 128, ...leb(number >>> 7)];
}

const sized = (bytes) => [...leb(bytes.length), ...bytes];

/**
 * The module: function 0, imported, gives an i64; `look(n)` calls itself n times, unless n is negative. Then, which
 * never happens, it would keep as many results of function 0 across a call of it as the frame is to hold.
 */
function lookModule() {
  const never = [];
  for (let i = 1; i <= LOCALS; i++) never.push(CALL, 0, SET, ...leb(i));
  never.push(CALL, 0);
  for (let i = 1; i <= LOCALS; i++) never.push(GET, ...leb(i), 0x85); // i64.xor
  const body = [
    1, ...leb(LOCALS), I64,
    GET, 0, 0x41, 0, 0x48, ...BLOCK, ...never, SET_GLOBAL, 0, 0x0f, END, // if n < 0: …, return
    GET, 0, ...BLOCK, GET, 0, 0x41, 1, 0x6b, CALL, 1, END, // if n: look(n - 1)
    END,
  ];
  return new Uint8Array([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    1, ...sized([2, 0x60, 0, 1, I64, 0x60, 1, I32, 0]), // types
    2, ...sized([1, 1, 0x61, 1, 0x62, 0, 0]), // import "a" "b"
    3, ...sized([1, 1]), // functions
    6, ...sized([1, I64, 1, 0x42, 0, END]), // a global
    7, ...sized([1, 4, 0x6c, 0x6f, 0x6f, 0x6b, 0, 1]), // export "look"
    10, ...sized([1, ...sized(body)]),
  ]);
}

const { look } = new WebAssembly.Instance(new WebAssembly.Module(lookModule()), { a: { b: () => 0n } }).exports;

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
  if (typeof SharedArrayBuffer === 'undefined') return false;
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}
