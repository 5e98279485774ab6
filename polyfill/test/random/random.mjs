/**
 * Random programs over the API, run on two namespaces step by step: what one of them answers, the other has to answer
 * too. A program is made of a seed, so that a difference can be looked at again.
 *
 * Left out is what engines are known to do in different orders where two errors are due at once.
 */

/** Random choices from a seed (a linear congruential generator). */
function choices(seed) {
  let state = seed >>> 0;
  const random = () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
  const below = (limit) => Math.floor(random() * limit);
  return {
    below,
    chance: (probability) => random() < probability,
    pick: (values) => values[below(values.length)],
    list: (limit, make) => Array.from({ length: below(limit + 1) }, make),
  };
}

/** What the two programs have in common: values with identity, and texts of values that show it. */
function makeWorld(increment) {
  const known = {
    object: { kind: "object" },
    error: new RangeError("of the program"),
    symbol: Symbol("s"),
    plain: () => 1,
  };
  const named = new Map([[increment, "increment"], ...Object.entries(known).map(([name, value]) => [value, name])]);
  const world = { ...known, increment, named, log: [] };

  /** An object that says when it is converted. */
  world.converting = (name, result) => ({
    [Symbol.toPrimitive](hint) {
      world.log.push(`${name}:${hint}`);
      if (result === known.error) throw result;
      return result;
    },
  });

  world.show = (value) => {
    if (named.has(value)) return named.get(value);
    if (Object.is(value, -0)) return "-0";
    if (typeof value === "bigint") return `${value}n`;
    if (typeof value === "string") return JSON.stringify(value);
    if (typeof value === "function") return `function ${value.name}/${value.length}`;
    if (Array.isArray(value)) return `[${value.map(world.show)}]`;
    if (value instanceof ArrayBuffer) {
      return `ArrayBuffer ${value.byteLength}${value.resizable ? ` of ${value.maxByteLength}` : ""}`;
    }
    if (typeof value !== "object" || value === null) return String(value);
    if (Object.getPrototypeOf(value) !== Object.prototype) return Object.prototype.toString.call(value);
    return `{ ${Object.entries(value)
      .map(([name, member]) => `${name}: ${world.show(member)}`)
      .join(", ")} }`;
  };

  /** What a function returns or throws, as a text; of errors of the engine the class alone. */
  world.attempt = (run) => {
    try {
      return world.show(run());
    } catch (error) {
      const unnamed = error instanceof Error && !named.has(error);
      return `throws ${unnamed ? error.constructor.name : world.show(error)}`;
    }
  };
  return world;
}

/** Any value of JavaScript. */
function anyValue({ pick }, world) {
  return pick([
    undefined,
    null,
    true,
    false,
    0,
    -0,
    1,
    -1,
    1.5,
    7,
    NaN,
    Infinity,
    2 ** 30,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    1e300,
    16777217,
    0n,
    1n,
    -1n,
    2n ** 63n,
    2n ** 64n,
    -(2n ** 70n),
    "",
    "7",
    "0x10",
    "text",
    [],
    [1],
    new Date(3),
    world.object,
    world.error,
    world.symbol,
    world.plain,
    world.increment,
    world.converting("number", 3),
    world.converting("bigint", 4n),
    world.converting("string", "5"),
    world.converting("thrower", world.error),
  ]);
}

// ---- Objects of the API, and the operations on them

const KINDS = ["Memory", "Table", "Global", "Tag", "Exception"];

function makeObjects(WebAssembly, world) {
  const objects = Object.fromEntries(KINDS.map((kind) => [kind, []]));
  const arities = new Map();

  const address = (random, small) => (random.chance(0.7) ? random.pick(small) : anyValue(random, world));

  const size = world.converting("size", 2);
  const members = (random, table) => {
    const descriptor = {};
    for (const [name, [probability, make]] of Object.entries(table)) {
      if (random.chance(probability)) descriptor[name] = make();
    }
    return descriptor;
  };

  const makers = {
    Memory: (random) => [
      members(random, {
        address: [0.3, () => random.pick(["i64", "i64", "i32", "i16"])],
        initial: [0.9, () => random.pick([0, 1, 2, "1", 1n, 2n, -1, 1.5])],
        maximum: [0.6, () => random.pick([2, 3, 5, 3n, 4n, "6"])],
      }),
    ],
    Table: (random) => [
      members(random, {
        address: [0.3, () => random.pick(["i64", "i64", "i32", "i16"])],
        element: [0.95, () => random.pick(["anyfunc", "externref", "i32"])],
        initial: [0.95, () => random.pick([0, 1, 2, 3, 1n, 2n, "2", -1, NaN, 1.5, null, world.symbol, size])],
        maximum: [0.5, () => random.pick([2, 5, 10, 4n, "6"])],
      }),
      ...(random.chance(0.5) ? [random.pick([null, world.increment])] : []),
    ],
    Global: (random) => [
      members(random, {
        value: [0.97, () => random.pick(["i32", "i64", "f32", "f64", "externref", "anyfunc", "v128", "i16"])],
        mutable: [0.6, () => random.pick([true, true, false, "", 1])],
      }),
      ...(random.chance(0.7) ? [anyValue(random, world) ?? null] : []),
    ],
    Tag: (random) => [
      {
        parameters: random.list(2, () => random.pick(["i32", "i64", "f32", "f64", "externref", "anyfunc", "i16"])),
      },
    ],
    Exception(random) {
      const tag = objects.Tag.length > 0 && random.chance(0.9) ? random.pick(objects.Tag) : anyValue(random, world);
      return [tag, Array.from({ length: arities.get(tag) ?? 1 }, () => anyValue(random, world) ?? null)];
    },
  };

  const operations = {
    Memory: [
      (memory, random) => memory.grow(address(random, [0, 1, 1n])),
      (memory) => memory.buffer,
      (memory) => memory.buffer === memory.buffer,
      (memory) => memory.toFixedLengthBuffer(),
      (memory) => memory.toResizableBuffer(),
      (memory, random) => memory.buffer.resize?.(memory.buffer.byteLength + random.pick([0, 65536, 1, -65536])),
      (memory) => memory.grow(),
      (memory) => structuredClone(memory.buffer, { transfer: [memory.buffer] }),
    ],
    Table: [
      (table, random) => table.get(address(random, [0, 1, 1n])),
      (table, random) => table.set(random.pick([0, 0n]), table.length > 0 ? anyValue(random, world) : null),
      (table, random) => table.set(address(random, [0, 1, 1n])),
      (table, random) => table.grow(random.pick([0, 1, 1n])),
      (table, random) => table.grow(random.pick([1, 1n]), random.pick([null, world.increment])),
      (table) => table.length,
    ],
    Global: [
      (global) => global.value,
      (global) => global.valueOf(),
      (global, random) => {
        global.value = anyValue(random, world);
      },
    ],
    Tag: [(tag) => tag],
    Exception: [
      (exception, random) => exception.getArg(random.pick(objects.Tag), random.pick([0, 1, "2", -1, 1.5])),
      (exception, random) => exception.is(random.pick(objects.Tag)),
      (exception, random) => exception.is(anyValue(random, world)),
    ],
  };

  return (seed) => {
    const random = choices(seed);
    const kind = random.pick(KINDS);
    if (objects[kind].length === 0 || random.chance(0.3)) {
      const given = makers[kind](random);
      let made;
      const answer = world.attempt(() => {
        made = new WebAssembly[kind](...given);
        return made;
      });
      if (made !== undefined) objects[kind].push(made);
      if (kind === "Tag") arities.set(made, given[0].parameters.length);
      if (objects[kind].length > (kind === "Memory" ? 15 : 50)) objects[kind].shift();
      return [`new ${kind} ${world.show(given)}`, answer, ...world.log];
    }
    const object = random.pick(objects[kind]);
    const operation = random.pick(operations[kind]);
    return [`${kind}: ${operation}`, world.attempt(() => operation(object, random)), ...world.log];
  };
}

// ---- Calls in both directions

const TYPES = ["i32", "i64", "f32", "f64", "externref", "funcref", "anyref", "i31ref", "eqref"];

/** A value that is good for a type. */
function goodValue(type, random, world) {
  switch (type) {
    case "i32":
      return random.pick([0, 1, -1, 2 ** 31, "3", 2 ** 32 + 5, 1.9]);
    case "i64":
      return random.pick([0n, 1n, -1n, 2n ** 64n + 3n, true, "9"]);
    case "f32":
      return random.pick([0, -0, 1.1, NaN, 1e40, "2"]);
    case "f64":
      return random.pick([0, -0, 1.1, NaN, 1e300, "2", null]);
    case "funcref":
      return random.pick([null, world.increment]);
    case "i31ref":
      return random.pick([null, 1, -1, 2 ** 29]);
    case "eqref":
      return random.pick([null, 5, -7]);
    default:
      return anyValue(random, world);
  }
}

const signature = (params, results) =>
  [...params.map((type) => `(param ${type})`), ...results.map((type) => `(result ${type})`)].join(" ");
const locals = (params) => params.map((_, index) => `(local.get ${index})`).join(" ");

function makeCalls(WebAssembly, world, wat) {
  return (seed) => {
    const random = choices(seed);
    const params = random.list(3, () => random.pick(TYPES));
    const results = random.chance(0.6) ? [random.pick(TYPES)] : random.list(3, () => random.pick(TYPES));
    const value = (type) => (random.chance(0.85) ? goodValue(type, random, world) : anyValue(random, world));
    const given = params.map(value);
    if (random.chance(0.1)) given.pop();
    let returned = results.map(value);
    if (results.length === 1) [returned] = returned;
    else if (random.chance(0.2)) {
      returned = random.pick([new Set(returned), returned.slice(1), anyValue(random, world)]);
    }
    const thrown = random.chance(0.2) ? { value: anyValue(random, world) } : undefined;

    const type = signature(params, results);
    const bytes = wat(`(module (import "m" "f" (func $f ${type})) (export "f" (func $f))
      (func (export "call") ${type} (call $f ${locals(params)})))`);
    const log = [];
    const f = (...passed) => {
      log.push(world.show(passed));
      if (thrown !== undefined) throw thrown.value;
      return returned;
    };
    const answer = world.attempt(() => {
      const { call, f: again } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { m: { f } }).exports;
      log.push(`${world.show(call)} ${world.show(again)}`);
      const { call: through } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { m: { f: again } }).exports;
      return (random.chance(0.3) ? through : call)(...given);
    });
    return [`${params} -> ${results}: ${world.show(given)}`, answer, ...log, ...world.log];
  };
}

// ---- Exceptions in both directions

const TAG_TYPES = { i32: "i32", i64: "i64", f32: "f32", f64: "f64", externref: "externref", funcref: "anyfunc" };

function makeExceptions(WebAssembly, world, wat) {
  return (seed) => {
    const random = choices(seed);
    const params = random.list(3, () => random.pick(Object.keys(TAG_TYPES)));
    const payload = params.map((type) => goodValue(type, random, world));
    const parameters = params.map((type) => TAG_TYPES[type]);
    const tag = new WebAssembly.Tag({ parameters });
    const other = new WebAssembly.Tag({ parameters });
    world.named.clear();
    for (const name of ["object", "error", "symbol", "plain", "increment"]) world.named.set(world[name], name);

    const values = signature([], params);
    const ofType = (type) => (type.endsWith("ref") ? `(ref.null ${type.slice(0, -3)})` : `(${type}.const 5)`);
    const defaults = params.map(ofType);
    const bytes = wat(`(module
      (type $payload (func ${signature(params, [])}))
      (import "m" "f" (func $f)) (import "m" "tag" (tag $tag (type $payload)))
      (import "m" "JSTag" (tag $js (param externref)))
      (func (export "throw") (type $payload) (throw $tag ${locals(params)}))
      (func (export "throwJS") (param externref) (throw $js (local.get 0)))
      (func (export "catch") ${values}
        (block $caught ${values} (try_table (catch $tag $caught) (call $f)) ${defaults.join(" ")}))
      (func (export "catchJS") (result externref)
        (block $caught (result externref) (try_table (catch $js $caught) (call $f)) (ref.null extern)))
      (func (export "catchAll") (result i32)
        (block $caught (try_table (catch_all $caught) (call $f)) (return (i32.const 0))) (i32.const 1))
      (func (export "rethrow")
        (block $caught (result exnref) (try_table (catch_all_ref $caught) (call $f)) (return)) (throw_ref)))`);

    const lines = [];
    const line = (name, run) =>
      lines.push(
        `${name}: ${world.attempt(() => {
          try {
            return run();
          } catch (error) {
            if (!(error instanceof WebAssembly.Exception)) throw error;
            const is = [tag, other, WebAssembly.JSTag].map((each) => error.is(each));
            const parts = params.map((_, index) => world.attempt(() => error.getArg(tag, index)));
            const beyond = world.attempt(() => error.getArg(tag, params.length));
            return ["caught", error === exceptions[0], error === exceptions[1], is, parts, beyond];
          }
        })}`,
      );
    const exceptions = [tag, other].map((each) => new WebAssembly.Exception(each, payload));
    const thrown = random.chance(0.5) ? random.pick(exceptions) : anyValue(random, world);
    const mode = random.pick(["throw", "throw", "inner", "innerJS", "return"]);
    let functions;
    const f = () => {
      if (mode === "throw") throw thrown;
      if (mode === "inner") functions.throw(...payload);
      if (mode === "innerJS") functions.throwJS(thrown);
    };
    const imports = { m: { f, tag, JSTag: WebAssembly.JSTag } };
    functions = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports;
    line("throw", () => functions.throw(...payload));
    for (const name of ["catch", "catchJS", "catchAll", "rethrow"]) line(name, () => functions[name]());
    return [`${params}: ${mode}`, ...lines, ...world.log];
  };
}

// ---- Memories that several instructions and JavaScript use in turn

const LOADS = [
  "i32.load",
  "i64.load",
  "f32.load",
  "f64.load",
  "i32.load8_s",
  "i32.load8_u",
  "i32.load16_s",
  "i64.load8_u",
  "i64.load16_s",
  "i64.load32_s",
  "i64.load32_u",
];
const STORES = [
  "i32.store",
  "i64.store",
  "f32.store",
  "f64.store",
  "i32.store8",
  "i32.store16",
  "i64.store8",
  "i64.store32",
];
const PLACES = [0, 1, 2, 4, 8, 100, 65528, 65532, 65535, 65536, 131064, 200000, -1, 2 ** 31];

function makeMemories(WebAssembly, world, wat) {
  return (seed) => {
    const random = choices(seed);
    const memories = Array.from({ length: 1 + random.below(3) }, () => ({
      type: random.chance(0.25) ? "i64" : "i32",
      initial: random.below(3),
    }));
    const place = (memory) => {
      const value = random.pick(PLACES);
      return memories[memory].type === "i64" ? BigInt(value) : value;
    };
    const functions = [];
    const steps = [];
    const add = (type, body, ...given) => {
      steps.push([functions.length, given]);
      functions.push(`(func (export "f${functions.length}") ${type} ${body})`);
    };
    const pages = (memory) => (memories[memory].type === "i64" ? random.pick([0n, 1n]) : random.pick([0, 1, -1]));
    const instructions = {
      load(memory, at) {
        const name = random.pick(LOADS);
        const offset = random.pick(["", "offset=2", "offset=65536"]);
        add(`(param ${at}) (result ${name.slice(0, 3)})`, `(${name} ${memory} ${offset} (local.get 0))`, place(memory));
      },
      store(memory, at) {
        const name = random.pick(STORES);
        const type = name.slice(0, 3);
        add(
          `(param ${at} ${type})`,
          `(${name} ${memory} (local.get 0) (local.get 1))`,
          place(memory),
          goodValue(type, random, world),
        );
      },
      grow: (memory, at) => add(`(param ${at}) (result ${at})`, `(memory.grow ${memory} (local.get 0))`, pages(memory)),
      size: (memory, at) => add(`(result ${at})`, `(memory.size ${memory})`),
      fill(memory, at) {
        const length = random.pick([0, 7, 65536]);
        add(
          `(param ${at} i32 ${at})`,
          `(memory.fill ${memory} (local.get 0) (local.get 1) (local.get 2))`,
          place(memory),
          171,
          at === "i64" ? BigInt(length) : length,
        );
      },
      copy(memory, at) {
        const from = random.below(memories.length);
        const other = memories[from].type;
        const type = at === "i64" && other === "i64" ? "i64" : "i32";
        const length = random.pick([0, 7, 65536]);
        const body = `(memory.copy ${memory} ${from} (local.get 0) (local.get 1) (local.get 2))`;
        const given = [place(memory), place(from), type === "i64" ? BigInt(length) : length];
        add(`(param ${at} ${other} ${type})`, body, ...given);
      },
    };
    const access = [
      (memory, buffers, index) => {
        const same = memory.buffer === buffers[index];
        buffers[index] = memory.buffer;
        return same;
      },
      (memory) => {
        new Uint8Array(memory.buffer)[8] = 7;
      },
      (memory) => new DataView(memory.buffer).getFloat64(8, true),
      (memory, _buffers, index) => memory.grow(memories[index].type === "i64" ? 1n : 1),
      (_memory, buffers, index) => buffers[index],
      (memory) => memory.toResizableBuffer?.call(memory),
    ];
    for (let count = 0; count < 25; count += 1) {
      const index = random.below(memories.length);
      if (random.chance(0.25)) steps.push([random.pick(access), index]);
      else random.pick(Object.values(instructions))(index, memories[index].type);
    }
    const bytes = wat(`(module ${functions.join("\n")}
      ${memories.map(({ type, initial }, index) => `(memory (export "m${index}") ${type} ${initial} 4)`).join("\n")})`);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
    const buffers = [];
    const lines = steps.map(([what, detail]) =>
      typeof what === "number"
        ? `${functions[what]} ${world.show(detail)}: ${world.attempt(() => exports[`f${what}`](...detail))}`
        : `${what} ${detail}: ${world.attempt(() => what(exports[`m${detail}`], buffers, detail))}`,
    );
    const sums = memories.map((_, index) =>
      new Uint8Array(exports[`m${index}`].buffer).reduce(
        (sum, byte, at) => (byte === 0 ? sum : (Math.imul(sum ^ at, 16777619) + byte) | 0),
        0,
      ),
    );
    return [world.show(memories.map(({ type, initial }) => `${type} ${initial}`)), ...lines, world.show(sums)];
  };
}

// ---- Comparing

const PROGRAMS = { objects: makeObjects, calls: makeCalls, exceptions: makeExceptions, memories: makeMemories };

/** The kinds of random programs. */
export const programs = Object.keys(PROGRAMS);

/**
 * Runs `count` programs of a kind on both namespaces; `wat` assembles a module.
 * @returns {Promise<{ seed: number, program: string, answers: [string, string] }[]>} where they differ, and before what
 */
export async function compare(kind, namespaces, wat, seed, count) {
  const runners = namespaces.map((WebAssembly) => {
    const bytes = wat(`(module
      (func (export "increment") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))`);
    const { increment } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
    const world = makeWorld(increment);
    const run = PROGRAMS[kind](WebAssembly, world, wat);
    return (program) => {
      world.log.length = 0;
      return run(program);
    };
  });
  const differences = [];
  const random = choices(seed);
  for (let number = 0; number < count; number += 1) {
    const program = random.below(2 ** 31);
    let answers;
    try {
      answers = runners.map((run) => run(program));
    } catch (error) {
      // An engine may have no memory to give until it lets go of others.
      if (kind === "memories" && error instanceof RangeError) continue;
      throw new Error(`program ${program}: ${error}`, { cause: error });
    }
    const [one, other] = answers;
    const place = one.findIndex((line, index) => line !== other[index]);
    if (place >= 0 || one.length !== other.length) {
      const shown = answers.map((lines) => lines[place] ?? `${lines.length} lines`);
      differences.push({ seed: program, program: one[0], answers: shown });
      if (kind === "objects") break; // The objects are not the same any more.
    }
    // Engines let go of memories between tasks.
    if (kind === "memories") await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return differences;
}
