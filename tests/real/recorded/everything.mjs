import { readFileSync } from "node:fs";

const here = (name) => readFileSync(new URL(name, import.meta.url));

export const about = { quiet: "^again$" };

export async function short() {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 4 });
  const table = new WebAssembly.Table({ initial: 4, element: "anyfunc" });
  const counter = new WebAssembly.Global({ value: "i32", mutable: true }, 40);
  const scale = new WebAssembly.Global({ value: "f64" }, -0.5);
  const other = new WebAssembly.Instance(new WebAssembly.Module(here("./other.wasm")));
  const failure = { failure: true };
  const bytes = () => new Uint8Array(memory.buffer);
  let exports;
  let kept = null;
  const host = {
    memory,
    table,
    counter,
    scale,
    big: (a, b) => a * 3n + BigInt(Math.trunc(b)),
    pair: (a) => [a + 1, a === 0 ? NaN : a / 4],
    write: (at) => bytes().set([1, 2, 3, 4, 5], at),
    again: (n) => (n === 3 ? exports.again(1) * 100 : exports.again(n)),
    fail: (kind) => {
      if (kind === 2) exports.trap(0);
      throw kind === 1 ? failure : exports.throw(5);
    },
    keep: (value) => {
      const before = kept;
      kept = value;
      return before;
    },
    started: () => counter.value++,
  };
  const module = new WebAssembly.Module(here("./everything.wasm"));
  exports = (await WebAssembly.instantiate(module, { host, other: other.exports })).exports;
  const found = [counter.value, exports.total.value];
  exports.total.value = 2n ** 63n - 1n;
  counter.value = -1;
  found.push(exports.big(-(2n ** 62n), 2.75), exports.pair(0), exports.pair(7), exports.total.value);
  found.push(exports.floats(0), exports.floats(1e300), exports.floats(-Infinity));
  found.push(exports.write(100), exports.again(5), exports.grow(1));
  memory.grow(1);
  bytes()[3 * 65536 - 1] = 9;
  bytes().fill(7, 200, 70000);
  found.push(exports.write(3 * 65536 - 8), exports.own.buffer.byteLength);
  const attempts = [
    () => exports.fail(0),
    () => exports.fail(1),
    () => exports.fail(2),
    () => exports.throw(6),
    () => exports.trap(0),
    () => exports.trap(1),
    () => exports.trap(2),
    () => exports.trap(5),
    () => exports.indirect(0),
    () => exports.indirect(1),
    () => exports.indirect(2),
    () => exports.indirect(9),
  ];
  for (const attempt of attempts) {
    try {
      found.push(attempt());
    } catch (error) {
      found.push(error instanceof WebAssembly.Exception ? error.getArg(exports.tag, 0) : error === failure);
    }
  }
  const values = [failure, "text", 5, 2n, null, undefined, exports.double, host.started, Symbol("s"), failure];
  for (const value of values) {
    const before = exports.keep(value);
    if (before === failure) exports.objects.set(1, before);
  }
  found.push(exports.objects.get(1) === failure, exports.reference() === exports.double);
  table.set(3, table.get(1));
  found.push(table.get(3) === exports.double, table.get(3)(21), table.grow(2), table.get(2) === other.exports.seven);
  table.set(0, exports.double);
  found.push(new WebAssembly.Tag({ parameters: ["i32"] }) instanceof WebAssembly.Tag);
  return found;
}
