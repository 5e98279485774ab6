// A guard against running out of stack inside of C: an engine that throws a RangeError through the interpreter's own
// frames leaves it unusable. So JavaScript looks for itself whether there is room before it calls Python.

/** Crossings that are always allowed. */
const FREE = 16;

/** Every so many crossings are looked at. */
const EVERY = 8;

/** Frames of `descend` that must fit: more than the interpreter needs until the next look. */
const FRAMES = 2500;

function descend(n, a, b, c, d) {
  return n === 0 ? a : descend(n - 1, b, c, d, a) + 0;
}

/** Depth of crossings from JavaScript to Python, of one link. */
export class Depth {
  constructor() {
    this.now = 0;
  }

  /** Enter Python once more; throws the engine's own RangeError or InternalError where the stack is nearly full. */
  enter() {
    if (++this.now > FREE && this.now % EVERY === 0) this.look();
  }

  look() {
    try {
      descend(FRAMES, 1, 2, 3, 4);
    } catch (error) {
      this.now--;
      throw error;
    }
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
