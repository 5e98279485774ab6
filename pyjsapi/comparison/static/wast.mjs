// Runs a script of the specification, as pyjsapi/comparison/scripts.py gives it, on a WebAssembly namespace.

/** An assertion does not hold, or a command cannot be carried out. */
class Mismatch extends Error {}

const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/** The lowered forms that a script brings, as the option `lower` of the polyfill's `configure`. */
export function lowererOf(script, CompileError = WebAssembly.CompileError) {
  const known = new Map(script.modules.map((module) => [module.bytes, module]));
  return (bytes) => {
    const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    const { lowered, refusal } = known.get(text);
    if (lowered === undefined) throw new CompileError(refusal);
    return bytesOf(lowered);
  };
}

/** A host object of a script; one for each number. */
class HostObjects {
  constructor() {
    this.objects = new Map();
  }

  get(number) {
    if (!this.objects.has(number)) this.objects.set(number, { host: number });
    return this.objects.get(number);
  }
}

const word = new DataView(new ArrayBuffer(8));

function numberOf({ type, bits }) {
  word.setBigUint64(0, BigInt(bits));
  switch (type) {
    case "i32":
      return word.getInt32(4);
    case "i64":
      return word.getBigInt64(0);
    case "f32":
      return word.getFloat32(4);
    case "f64":
      return word.getFloat64(0);
    default:
      throw new Mismatch(`no value of type ${type} in JavaScript`);
  }
}

function spectest(WebAssembly) {
  const print = () => {};
  const global = (value, number) => new WebAssembly.Global({ value }, number);
  return {
    print,
    print_i32: print,
    print_i64: print,
    print_f32: print,
    print_f64: print,
    print_i32_f32: print,
    print_f64_f64: print,
    global_i32: global("i32", 666),
    global_i64: global("i64", 666n),
    global_f32: global("f32", Math.fround(666.6)),
    global_f64: global("f64", 666.6),
    table: new WebAssembly.Table({ element: "anyfunc", initial: 10, maximum: 20 }),
    memory: new WebAssembly.Memory({ initial: 1, maximum: 2 }),
  };
}

class Runner {
  constructor(script, WebAssembly) {
    this.WebAssembly = WebAssembly;
    this.bytes = script.modules.map(({ bytes }) => bytesOf(bytes));
    this.registry = { spectest: spectest(WebAssembly) };
    this.modules = new Map();
    this.instances = new Map();
    this.hosts = new HostObjects();
    this.expected = {
      assert_malformed: [WebAssembly.CompileError],
      assert_invalid: [WebAssembly.CompileError],
      assert_unlinkable: [WebAssembly.LinkError, TypeError],
      assert_trap: [WebAssembly.RuntimeError],
      assert_exhaustion: [RangeError, globalThis.InternalError ?? RangeError],
      assert_exception: [WebAssembly.Exception],
    };
  }

  compile(index) {
    return new this.WebAssembly.Module(this.bytes[index]);
  }

  instantiate(module) {
    return new this.WebAssembly.Instance(module, this.registry);
  }

  remember(map, name, value) {
    map.set(null, value);
    if (name !== null) map.set(name, value);
  }

  named(map, name, what) {
    if (!map.has(name)) throw new Mismatch(`no ${what} ${name ?? "(its module failed)"}`);
    return map.get(name);
  }

  run(command) {
    switch (command.type) {
      case "module": {
        // A later action without a name means this module, also when it cannot be made.
        this.modules.delete(null);
        if (command.instantiate) this.instances.delete(null);
        const module = this.compile(command.module);
        this.remember(this.modules, command.name, module);
        if (command.instantiate) this.remember(this.instances, command.name, this.instantiate(module));
        break;
      }
      case "instance": {
        const module = this.named(this.modules, command.module, "module");
        this.remember(this.instances, command.name, this.instantiate(module));
        break;
      }
      case "register":
        this.registry[command.as] = this.named(this.instances, command.name, "instance").exports;
        break;
      case "action":
        this.act(command.action);
        break;
      case "assert_return":
        this.assertReturn(command);
        break;
      default:
        this.assertFails(command);
    }
  }

  value(literal) {
    if (literal.type === "null") return null;
    return literal.type === "host" ? this.hosts.get(literal.number) : numberOf(literal);
  }

  act({ type, instance, name, args, checker }) {
    const { exports } = this.named(this.instances, instance, "instance");
    const value = exports[name];
    if (type === "get") return value.value;
    if (typeof value !== "function") throw new Mismatch(`no function is exported as ${JSON.stringify(name)}`);
    if (checker === undefined) return value(...args.map((literal) => this.value(literal)));
    const judge = new this.WebAssembly.Instance(this.compile(checker), { "": { f: value } });
    if (judge.exports.run() !== 1) throw new Mismatch("the results are others");
    return undefined;
  }

  matches(pattern, value) {
    switch (pattern.type) {
      case "null":
        return value === null;
      case "host":
        return value === this.hosts.get(pattern.number);
      case "ref.func":
        return typeof value === "function";
      case "either":
        return pattern.patterns.some((item) => this.matches(item, value));
      case "i32":
      case "i64":
        return Object.is(value, numberOf(pattern));
      case "f32":
      case "f64":
        return Object.is(value, pattern.nan ? NaN : numberOf(pattern));
      default:
        return value !== null && value !== undefined;
    }
  }

  assertReturn({ action, expected }) {
    const result = this.act(action);
    if (expected === undefined) return;
    const values = Array.isArray(result) ? result : expected.length === 0 && result === undefined ? [] : [result];
    if (values.length !== expected.length || !expected.every((pattern, k) => this.matches(pattern, values[k]))) {
      throw new Mismatch(`expected ${JSON.stringify(expected)}; got ${values.map(String)}`);
    }
  }

  assertFails(command) {
    const wanted = this.expected[command.type];
    if (wanted === undefined) throw new Mismatch(`${command.type} is not supported`);
    try {
      if (command.module !== undefined) {
        const module = this.compile(command.module);
        if (command.type === "assert_unlinkable" || command.type === "assert_trap") this.instantiate(module);
      } else if (command.instance !== undefined) {
        this.instantiate(this.named(this.modules, command.instance, "module"));
      } else {
        this.act(command.action);
      }
    } catch (error) {
      if (wanted.some((type) => type !== undefined && error instanceof type)) return;
      throw error;
    }
    throw new Mismatch("nothing failed");
  }
}

/**
 * Runs a script; a command that fails is recorded, and the rest is run all the same.
 * @param {object} script what pyjsapi/comparison/scripts.py gives
 * @param {typeof WebAssembly} WebAssembly
 * @returns {{path: string, assertions: number, passed: number, failures: string[]}}
 */
export function runScript(script, WebAssembly) {
  const runner = new Runner(script, WebAssembly);
  /** @type {ReturnType<typeof runScript>} */
  const result = { path: script.path, assertions: 0, passed: 0, failures: [] };
  for (const command of script.commands) {
    const isAssertion = command.keyword.startsWith("assert_") ? 1 : 0;
    result.assertions += isAssertion;
    try {
      runner.run(command);
      result.passed += isAssertion;
    } catch (error) {
      result.failures.push(`line ${command.line}: ${command.keyword}: ${error}`);
    }
  }
  return result;
}
