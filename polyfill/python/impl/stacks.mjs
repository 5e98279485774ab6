// The WebAssembly calls in an error's `stack`, in the form that V8 gives them (Web API, "Conventions"). What runs in
// the engine is no frame of JavaScript's; its calls stand where the engine's own frames were, which are left out.

import { packageFrom } from "../../common/host.mjs";

const PACKAGE = packageFrom(
  () => new URL(/* webpackIgnore: true */ /* @vite-ignore */ "./", import.meta.url),
  "/python/impl/",
);
/** Where the modules of the engine are; unknown in a bundle, whose other modules have the same address. */
const OWN = PACKAGE && `${PACKAGE}python/`;

/** Frames of the engine's own, at the most, between a call and the error that it throws. */
const OWN_FRAMES = 50;

/** Times that an error's way through the engine is told. */
const MOST_BACKTRACES = 50;

const isOwn = (line) => line.includes("pyodide.asm") || (OWN !== undefined && line.includes(OWN));

const isFrame = (line) => /^\s+at |@/.test(line);

/**
 * A stack with one text of calls for each run of the engine's frames, the innermost first; of the frames then, no more
 * than `limit`.
 */
function woven(stack, texts, limit) {
  const left = [...texts];
  const lines = [];
  let inside = false;
  for (const line of stack.split("\n")) {
    // Pyodide's own frames may be anonymous; they follow ours.
    const own = isOwn(line) || (inside && line.includes("wasm-function["));
    if (own && !inside && left.length > 0) lines.push(left.shift());
    if (!own) lines.push(line);
    inside = own;
  }
  if (left.length === texts.length) {
    // No frame tells where: they follow the message.
    const first = lines.findIndex(isFrame);
    lines.splice(first < 0 ? lines.length : first, 0, ...left);
  } else lines.push(...left);
  let frames = 0;
  return lines
    .flatMap((line) => line.split("\n"))
    .filter((line) => line !== "" && (!isFrame(line) || ++frames <= limit))
    .join("\n");
}

/** Functions about the stacks of errors. */
export function makeStacks(context) {
  const { link, api } = context;
  const module = "pyjsapi.bridge.face.errors";
  const backtraceOf = api("error_backtrace", "", "O", module);
  const linesOf = api("stack_lines", "O", "s", module);

  /** For each error its own stack, and the ptrs of the calls that it passed since. */
  const told = new WeakMap();

  function record(error, stack) {
    const found = { stack, limit: Error.stackTraceLimit ?? Infinity, backtraces: [] };
    told.set(error, found);
    const become = (object, value) =>
      Object.defineProperty(object, "stack", { value, writable: true, configurable: true, enumerable: false });
    Object.defineProperty(error, "stack", {
      configurable: true,
      enumerable: false,
      // Where calls were is looked up when somebody asks.
      get: () => woven(found.stack, found.backtraces.map(linesOf), found.limit),
      set(value) {
        become(this, value);
      },
    });
    return found;
  }

  /**
   * Let an error that is thrown now tell the WebAssembly calls that the exception explained last had passed. One that is
   * not `made` here keeps its stack, unless it was made inside of the calls: engines take stacks where errors are made.
   */
  function tell(error, made) {
    const ptr = backtraceOf();
    const known = tells(error) && ptr !== link.none ? recordOf(error, made) : undefined;
    if (known === undefined || known.backtraces.length === MOST_BACKTRACES) {
      link.decref(ptr);
      return;
    }
    context.identity.own(ptr, error);
    known.backtraces.push(ptr);
  }

  function tells(error) {
    if (!(error instanceof Error) || !Object.isExtensible(error)) return false;
    return Object.getOwnPropertyDescriptor(error, "stack")?.configurable !== false;
  }

  function recordOf(error, made) {
    const known = told.get(error);
    if (known !== undefined) return known;
    const stack = String(error.stack);
    return made || stack.split("\n").some(isOwn) ? record(error, stack) : undefined;
  }

  /** Make an error whose stack has room for the engine's frames too. */
  function withRoom(make) {
    const limit = Error.stackTraceLimit;
    if (typeof limit !== "number") return make();
    Error.stackTraceLimit = limit + OWN_FRAMES;
    try {
      return make();
    } finally {
      Error.stackTraceLimit = limit;
    }
  }

  return { tell, withRoom };
}
