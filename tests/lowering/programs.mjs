// Runs the programs of generator.py on a WebAssembly namespace and tells what could be observed.
// programs.py is the same for pyjsapi.

const VISIBLE_BYTES = 512;

const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/** The lowered forms that programs bring, as the option `lower` of the polyfill's `configure`. */
export function lowererOf(programs) {
  const known = new Map(programs.map(({ bytes, lowered }) => [bytes, lowered]));
  return (bytes) => bytesOf(known.get(btoa(String.fromCharCode(...bytes))));
}

/** What JavaScript sees of a memory: its size and its first bytes. */
function look(memory) {
  const { buffer } = memory;
  const bytes = new Uint8Array(buffer, 0, Math.min(VISIBLE_BYTES, buffer.byteLength));
  return [buffer.byteLength, bytes.reduce((hash, byte) => (Math.imul(hash, 31) + byte) | 0, 0)];
}

/** What the host does when it is called: it looks at the memories, writes into one, and grows one now and then. */
function makeHost(observed, visible) {
  let calls = 0;
  return (argument) => {
    calls += 1;
    observed.push(["host", argument, ...visible().map(look)]);
    const memories = visible();
    if (memories.length === 0) return argument ^ calls;
    const memory = memories[calls % memories.length];
    const bytes = new Uint8Array(memory.buffer);
    if (bytes.length > 0) bytes[argument & 1023] = calls & 0xff;
    if (calls === 3) {
      try {
        observed.push(["grow", memory.grow(1)]);
      } catch (error) {
        observed.push(["grow", error.constructor.name]);
      }
    }
    return bytes.length > 0 ? bytes[(argument >>> 8) & 1023] : calls;
  };
}

function attempt(observed, name, action) {
  try {
    observed.push([name, String(action())]);
  } catch (error) {
    observed.push([name, error.constructor.name]);
  }
}

/**
 * Runs a program.
 * @param {object} program
 * @param {typeof WebAssembly} WebAssembly
 * @returns {unknown[]} observations, as plain JSON
 */
export function runProgram(program, WebAssembly) {
  const observed = [];
  const env = {};
  const imported = [];
  for (const { name, initial, maximum, shared, sameAs } of program.imports) {
    const limits = { initial, ...(maximum === null ? {} : { maximum }), ...(shared ? { shared } : {}) };
    const memory = sameAs === null ? new WebAssembly.Memory(limits) : imported[sameAs];
    imported.push(memory);
    env[name] = memory;
  }
  let exported = [];
  env.host = makeHost(observed, () => [...imported, ...exported]);
  let instance;
  attempt(observed, "instantiate", () => {
    instance = new WebAssembly.Instance(new WebAssembly.Module(bytesOf(program.bytes)), { env });
  });
  if (instance === undefined) return [...observed, ...imported.map(look)];
  const { exports } = instance;
  exported = Object.values(exports).filter((value) => value instanceof WebAssembly.Memory);
  observed.push(Object.keys(exports), exported.map((memory) => imported.indexOf(memory)));
  for (const [name, first, second] of program.calls) {
    attempt(observed, name, () => exports[name](first, second));
    for (let k = 0; k < program.memories; k++) observed.push([exports[`size${k}`](), exports[`digest${k}`]()]);
    observed.push([...imported, ...exported].map(look));
  }
  return observed;
}
