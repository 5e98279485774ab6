// Atomic accesses for Python, which has integers of any size and no views.

const ATOMICS = { xchg: "exchange", cmpxchg: "compareExchange" };
const VIEWS = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array };

/** An action of `Atomics` on integers given as texts. */
export function atomic(buffer, action, address, size, ...texts) {
  if (action === "notify") return Atomics.notify(new Int32Array(buffer, address, 1), 0, Number(texts[0]));
  const operands = texts.map((text) => (size === 8 ? BigInt(text) : Number(text)));
  if (action === "wait") {
    const nanoseconds = BigInt(texts[1]);
    const timeout = nanoseconds < 0n ? Infinity : Number(nanoseconds) / 1e6;
    if (size === 8) {
      return Atomics.wait(new BigInt64Array(buffer, address, 1), 0, BigInt.asIntN(64, BigInt(texts[0])), timeout);
    }
    return Atomics.wait(new Int32Array(buffer, address, 1), 0, Number(texts[0]) | 0, timeout);
  }
  return String(Atomics[ATOMICS[action] ?? action](new VIEWS[size](buffer, address, 1), 0, ...operands));
}
