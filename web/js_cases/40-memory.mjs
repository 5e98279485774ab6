// Memory: the constructor, grow, and the life of its buffer.

import { buffer, throws, throwsValue, wasm } from "../static/patterns.mjs";

export const group = "JavaScript: Memory and its buffer";

export const modules = {
  memory: `(module (memory (export "memory") 1 5)
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "size") (result i32) (memory.size)))`,
  imported: `(module (import "m" "memory" (memory 1)) (import "m" "f" (func $f))
    (func (export "run") (param i32) (result i32)
      (i32.store8 (local.get 0) (i32.const 1)) (call $f) (i32.load8_u (local.get 0)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`,
};

export const byteLength = (memory) => memory.buffer.byteLength;

export const cases = [
  {
    id: "js-memory-constructor",
    title: "Memory makes zeroed pages and a buffer of exactly their length",
    covers: ["JS API: Memory constructor"],
    expect: {
      memory: wasm("Memory"),
      buffer: buffer(131072),
      zero: true,
      empty: buffer(0),
      maximum: 65536,
      tag: "[object WebAssembly.Memory]",
    },
    run: (WebAssembly) => {
      const memory = new WebAssembly.Memory({ initial: 2 });
      return {
        memory,
        buffer: memory.buffer,
        zero: new Uint8Array(memory.buffer).every((byte) => byte === 0),
        empty: new WebAssembly.Memory({ initial: 0 }).buffer,
        maximum: byteLength(new WebAssembly.Memory({ initial: 1, maximum: 65536 })),
        tag: String(memory),
      };
    },
  },
  {
    id: "js-memory-descriptor-order",
    title: "The members of the descriptor are read in the order of their names, and converted while they are read",
    covers: ["Web IDL: dictionaries", "JS API: MemoryDescriptor"],
    expect: {
      log: ["get address", "get initial", "initial to number", "get maximum", "maximum to number"],
      length: 65536,
    },
    run: (WebAssembly, tools) => {
      const descriptor = tools.spy({ maximum: tools.primitive("maximum", 3), initial: tools.primitive("initial", 1) });
      const { log } = tools;
      const memory = new WebAssembly.Memory(descriptor);
      return { log: log.filter((line) => line !== "get shared"), length: byteLength(memory) };
    },
  },
  {
    id: "js-memory-descriptor-kinds",
    title: "The descriptor is an object; initial is required",
    covers: ["Web IDL: dictionaries", "JS API: MemoryDescriptor"],
    expect: {
      undefined: throws("TypeError"),
      null: throws("TypeError"),
      number: throws("TypeError"),
      text: throws("TypeError"),
      empty: throws("TypeError"),
      initialUndefined: throws("TypeError"),
      onlyMaximum: throws("TypeError"),
      func: 65536,
      array: 131072,
      maximumUndefined: 65536,
    },
    run: (WebAssembly, tools) => {
      const make = (descriptor) => tools.attempt(() => byteLength(new WebAssembly.Memory(descriptor)));
      return {
        undefined: make(undefined),
        null: make(null),
        number: make(1),
        text: make("initial"),
        empty: make({}),
        initialUndefined: make({ initial: undefined }),
        onlyMaximum: make({ maximum: 1 }),
        func: make(Object.assign(() => {}, { initial: 1 })),
        array: make(Object.assign([], { initial: 2 })),
        maximumUndefined: make({ initial: 1, maximum: undefined }),
      };
    },
  },
  {
    id: "js-memory-descriptor-numbers",
    title: "initial and maximum are converted with EnforceRange",
    covers: ["Web IDL: EnforceRange", "JS API: AddressValueToU64"],
    expect: {
      text: 65536,
      hexText: 131072,
      fraction: 65536,
      true: 65536,
      null: 0,
      minusZero: 0,
      array: 65536,
      nan: throws("TypeError"),
      infinity: throws("TypeError"),
      negative: throws("TypeError"),
      large: throws("TypeError"),
      bigint: throws("TypeError"),
      symbol: throws("TypeError"),
      object: throws("TypeError"),
    },
    run: (WebAssembly, tools) => {
      const make = (initial) => tools.attempt(() => byteLength(new WebAssembly.Memory({ initial })));
      return {
        text: make("1"),
        hexText: make(" 0x2 "),
        fraction: make(1.9),
        true: make(true),
        null: make(null),
        minusZero: make(-0),
        array: make([1]),
        nan: make(NaN),
        infinity: make(Infinity),
        negative: make(-1),
        large: make(2 ** 32),
        bigint: make(1n),
        symbol: make(Symbol("s")),
        object: make({}),
      };
    },
  },
  {
    id: "js-memory-descriptor-range",
    title: "Sizes beyond the limits are RangeErrors, numbers beyond 32 bits TypeErrors",
    covers: ["JS API: Memory constructor", "core: limits"],
    expect: {
      initial: throws("RangeError"),
      maximum: throws("RangeError"),
      reversed: throws("RangeError"),
      huge: throws("RangeError"),
      wide: throws("TypeError"),
    },
    run: (WebAssembly, tools) => {
      const make = (descriptor) => tools.attempt(() => new WebAssembly.Memory(descriptor));
      return {
        initial: make({ initial: 65537 }),
        maximum: make({ initial: 0, maximum: 65537 }),
        reversed: make({ initial: 2, maximum: 1 }),
        huge: make({ initial: 2 ** 32 - 1 }),
        wide: make({ initial: 0, maximum: 2 ** 32 }),
      };
    },
  },
  {
    id: "js-memory-descriptor-throws",
    title: "What a getter or a conversion of the descriptor throws comes out, and nothing later is read",
    covers: ["Web IDL: dictionaries"],
    expect: {
      getter: throwsValue("getter"),
      conversion: throws("EvalError"),
      log: ["get address", "get initial", "initial to number"],
    },
    run: (WebAssembly, tools) => {
      const { error } = tools.attempt(() => {
        throw new EvalError("conversion");
      });
      const failing = {
        [Symbol.toPrimitive]: (hint) => {
          tools.log.push(`initial to ${hint}`);
          throw error;
        },
      };
      const getter = tools.attempt(
        () =>
          new WebAssembly.Memory({
            get initial() {
              throw "getter";
            },
          }),
      );
      const conversion = tools.attempt(() => new WebAssembly.Memory(tools.spy({ initial: failing, maximum: 1 })));
      return { getter, conversion, log: tools.log };
    },
  },
  {
    id: "js-memory-grow",
    title: "grow returns the old number of pages and makes a longer, zeroed buffer",
    covers: ["JS API: Memory.grow"],
    expect: { first: 1, second: 3, length: 262144, kept: 7, zero: 0, limit: throws("RangeError"), after: 262144 },
    run: (WebAssembly, tools) => {
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 4 });
      tools.write(memory, 65535, [7]);
      return {
        first: memory.grow(2),
        second: memory.grow(1),
        length: byteLength(memory),
        kept: tools.read(memory, 65535, 1)[0],
        zero: tools.read(memory, 65536, 1)[0],
        limit: tools.attempt(() => memory.grow(1)),
        after: byteLength(memory),
      };
    },
  },
  {
    id: "js-memory-grow-delta",
    title: "The delta of grow is converted with EnforceRange before anything happens",
    covers: ["JS API: Memory.grow", "Web IDL: EnforceRange"],
    expect: {
      text: 1,
      fraction: 2,
      undefined: throws("TypeError"),
      nan: throws("TypeError"),
      negative: throws("TypeError"),
      wide: throws("TypeError"),
      bigint: throws("TypeError"),
      huge: throws("RangeError"),
      throwing: throwsValue("mine"),
      same: true,
    },
    run: (WebAssembly, tools) => {
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 9 });
      const grow = (...args) => tools.attempt(() => memory.grow(...args));
      const result = { text: grow("1"), fraction: grow(1.9) };
      const before = memory.buffer;
      const throwing = {
        valueOf: () => {
          throw "mine";
        },
      };
      return {
        ...result,
        undefined: grow(undefined),
        nan: grow(NaN),
        negative: grow(-1),
        wide: grow(2 ** 32),
        bigint: grow(1n),
        huge: grow(2 ** 32 - 1),
        throwing: grow(throwing),
        same: memory.buffer === before,
      };
    },
  },
  {
    id: "js-memory-grow-reentrant",
    title: "A delta whose conversion grows the memory: the outer grow goes on from the new size",
    covers: ["JS API: Memory.grow", "re-entrance"],
    expect: { outer: 3, length: 262144 },
    run: (WebAssembly) => {
      const memory = new WebAssembly.Memory({ initial: 1 });
      const outer = memory.grow({ valueOf: () => memory.grow(2) });
      return { outer, length: byteLength(memory) };
    },
  },
];
