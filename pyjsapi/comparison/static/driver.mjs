// Runs a comparison case on the WebAssembly of this JavaScript engine. The format is described in web/cases/README.md;
// pyjsapi/comparison/driver.py is the same program for pyjsapi, and both must write the same transcript for the same behaviour.

/** What a host function with `throws` throws; both drivers have a class of this name. */
export class HostError extends Error {
  get name() {
    return "HostError";
  }
}

/** A step used a name that no earlier step has set. */
class Unset extends Error {}

const VIEWS = {};
for (const name of [
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float16Array",
  "Float32Array",
  "Float64Array",
  "DataView",
  "ArrayBuffer",
]) {
  if (name in globalThis) VIEWS[name] = globalThis[name];
}
const LITERALS = new Map([
  ["undefined", undefined],
  ["null", null],
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
  ["-0", -0],
]);
const PATH_PART = /\.([A-Za-z_$][\w$]*)|\[(\d+)\]|\["([^"]*)"\]/y;

/**
 * The root of a path and the keys behind it.
 * @param {string} text
 * @returns {[string, (string | number)[]]}
 */
function parsePath(text) {
  const root = /^[A-Za-z_][\w]*/.exec(text);
  if (!root) throw new SyntaxError(`bad path ${JSON.stringify(text)}`);
  const parts = [];
  PATH_PART.lastIndex = root[0].length;
  while (PATH_PART.lastIndex < text.length) {
    const part = PATH_PART.exec(text);
    if (!part) throw new SyntaxError(`bad path ${JSON.stringify(text)}`);
    parts.push(part[1] ?? (part[2] !== undefined ? Number(part[2]) : part[3]));
  }
  return [root[0], parts];
}

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

/** One run of one case: its names, the identities it has seen, and the events of its host functions. */
class Run {
  constructor(case_, namespace) {
    this.names = new Map(Object.entries({ WebAssembly: namespace, ...VIEWS }));
    for (const [name, base64] of Object.entries(case_.modules ?? {})) this.names.set(name, bytesOf(base64));
    this.WebAssembly = namespace;
    this.ids = new Map();
    this.hosts = new Map();
    this.log = [];
  }

  resolve(text) {
    const [root, parts] = parsePath(text);
    if (!this.names.has(root)) throw new Unset(root);
    let owner;
    let value = this.names.get(root);
    for (const part of parts) {
      owner = value;
      value = owner[part];
    }
    return { owner, value };
  }

  target(text) {
    const [root, parts] = parsePath(text);
    const key = /** @type {string | number} */ (parts.pop());
    if (!this.names.has(root)) throw new Unset(root);
    return { owner: parts.reduce((value, part) => value[part], this.names.get(root)), key };
  }

  evaluate(value) {
    if (typeof value === "string") {
      if (!value.startsWith("$")) return value;
      const text = value.slice(1);
      if (text.startsWith("$")) return text;
      if (LITERALS.has(text)) return LITERALS.get(text);
      if (/^-?\d+n$/.test(text)) return BigInt(text.slice(0, -1));
      return this.resolve(text).value;
    }
    if (Array.isArray(value)) return value.map((item) => this.evaluate(item));
    if (value !== null && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.evaluate(item)]));
    }
    return value;
  }

  arguments(step) {
    return (step.args ?? []).map((item) => this.evaluate(item));
  }

  id(object) {
    if (!this.ids.has(object)) this.ids.set(object, this.ids.size + 1);
    return this.ids.get(object);
  }

  describe(value, pick) {
    switch (typeof value) {
      case "undefined":
        return { undefined: true };
      case "bigint":
        return { bigint: String(value) };
      case "number":
        if (Number.isFinite(value) && !Object.is(value, -0)) return value;
        return { number: Object.is(value, -0) ? "-0" : String(value) };
      case "function":
        if (this.hosts.has(value)) return { host: this.hosts.get(value) };
        return { function: value.name, length: value.length, id: this.id(value) };
      case "symbol":
        return { symbol: value.description };
      case "object":
        return value === null ? null : this.describeObject(value, pick);
      default:
        return value;
    }
  }

  describeObject(value, pick) {
    if (Array.isArray(value)) return value.map((item) => this.describe(item, pick));
    const kind = Object.prototype.toString.call(value).slice(8, -1).replace("WebAssembly.", "");
    if (kind === "Object") {
      return { fields: (pick ?? Object.keys(value)).map((key) => [key, this.describe(value[key])]) };
    }
    if (value instanceof Error) return { object: value.constructor.name, message: value.message };
    const result = { object: kind, id: this.id(value) };
    if (value instanceof ArrayBuffer) {
      result.byteLength = value.byteLength;
      result.maxByteLength = value.maxByteLength;
      result.resizable = value.resizable;
      result.detached = value.detached;
    } else if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
      result.length = /** @type {Uint8Array} */ (value).length;
      result.byteOffset = value.byteOffset;
    }
    return result;
  }

  view(step, target) {
    const subject = this.resolve(target).value;
    const buffer = subject instanceof this.WebAssembly.Memory ? subject.buffer : subject;
    return new VIEWS[step.view](buffer, this.evaluate(step.at ?? 0), this.evaluate(step.count ?? step.values.length));
  }

  defineHost(step) {
    const host = (...args) => {
      this.log.push({ host: step.host, args: args.map((arg) => this.describe(arg)) });
      for (const inner of step.steps ?? []) this.log.push(this.runStep(inner));
      if (step.throws !== undefined) throw new HostError(step.throws);
      return this.evaluate(step.returns ?? "$undefined");
    };
    this.hosts.set(host, step.host);
    this.names.set(step.host, host);
  }

  perform(step) {
    const { WebAssembly } = this;
    if ("new" in step) return Reflect.construct(this.resolve(step.new).value, this.arguments(step));
    if ("call" in step) {
      const { owner, value } = this.resolve(step.call);
      return Reflect.apply(value, owner, this.arguments(step));
    }
    if ("get" in step) return this.resolve(step.get).value;
    if ("set" in step) {
      const { owner, key } = this.target(step.set);
      owner[key] = this.evaluate(step.to);
      return undefined;
    }
    if ("instance" in step) {
      const module = this.names.get(step.instance);
      const compiled = module instanceof WebAssembly.Module ? module : new WebAssembly.Module(module);
      const imports = "imports" in step ? [this.evaluate(step.imports)] : [];
      return new WebAssembly.Instance(compiled, ...imports);
    }
    if ("module" in step) return new WebAssembly.Module(this.names.get(step.module));
    if ("validate" in step) return WebAssembly.validate(this.names.get(step.validate));
    if ("read" in step) return Array.from(this.view(step, step.read));
    if ("write" in step) {
      this.view(step, step.write).set(step.values.map((item) => this.evaluate(item)));
      return undefined;
    }
    if ("same" in step) {
      const [one, other] = step.same.map((item) => this.evaluate(item));
      return Object.is(one, other);
    }
    if ("keys" in step) return Object.keys(this.resolve(step.keys).value);
    if ("host" in step) return this.defineHost(step);
    if ("response" in step) {
      const headers = new Headers(step.content_type === undefined ? [] : [["Content-Type", step.content_type]]);
      return new Response(this.names.get(step.response), { status: step.status ?? 200, headers });
    }
    throw new SyntaxError(`no operation in step ${JSON.stringify(step)}`);
  }

  isQuiet(step) {
    return (
      step.quiet
      || "instance" in step
      || "module" in step
      || "write" in step
      || "set" in step
      || "host" in step
      || "response" in step
    );
  }

  record(step, value) {
    if (step.as) this.names.set(step.as, value);
    return this.isQuiet(step) ? {} : { value: this.describe(value, step.pick) };
  }

  failure(step, error) {
    if (step.as) this.names.delete(step.as);
    if (error instanceof Unset) return { error: "Unset", message: `${error.message} is not set` };
    // Not an Error in every browser, and what its message is differs, too.
    if (error instanceof WebAssembly.Exception) return { error: "Exception", message: "" };
    if (!(error instanceof Error)) return { error: "thrown", message: String(error) };
    return { error: error.constructor.name, message: error.message };
  }

  runStep(step) {
    try {
      return this.record(step, this.perform(step));
    } catch (error) {
      return this.failure(step, error);
    }
  }

  async runTopStep(step) {
    let entry;
    try {
      const result = this.perform(step);
      entry = this.record(step, step.await ? await result : result);
    } catch (error) {
      entry = this.failure(step, error);
    }
    if (this.log.length) entry.log = this.log.splice(0);
    return entry;
  }
}

/** Runs `case_` (an entry of cases.json) and returns its transcript: one plain-JSON entry per step. */
export async function runCase(case_, namespace = globalThis.WebAssembly) {
  const run = new Run(case_, namespace);
  const transcript = [];
  for (const step of case_.steps) transcript.push(await run.runTopStep(step));
  return transcript;
}
