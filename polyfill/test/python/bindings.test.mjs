import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { fakeNamespace } from "./fake.mjs";

const native = globalThis.WebAssembly;
const EMPTY = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/** The surface that the API defines: lengths of functions; 'readonly' or 'settable' attributes. */
const SHAPE = {
  Module: { length: 1, statics: { exports: 1, imports: 1, customSections: 2 } },
  Instance: { length: 1, attributes: { exports: "readonly" } },
  Memory: {
    length: 1,
    operations: { grow: 1, toFixedLengthBuffer: 0, toResizableBuffer: 0 },
    attributes: { buffer: "readonly" },
  },
  Table: { length: 1, operations: { get: 1, grow: 1, set: 1 }, attributes: { length: "readonly" } },
  Global: { length: 1, operations: { valueOf: 0 }, attributes: { value: "settable" } },
  Tag: { length: 1 },
  Exception: { length: 2, operations: { getArg: 2, is: 1 }, attributes: { stack: "readonly" } },
};
const NAMESPACE = { validate: 1, compile: 1, instantiate: 1, compileStreaming: 1, instantiateStreaming: 1 };

const throwsType = (run, message) =>
  assert.throws(run, (error) => {
    assert.equal(error.constructor, TypeError);
    assert.match(error.message, message);
    return true;
  });
const descriptor = (object, key) => Object.getOwnPropertyDescriptor(object, key);
const flags = ({ writable, enumerable, configurable }) => ({ writable, enumerable, configurable });
const hidden = { writable: true, enumerable: false, configurable: true };
const fixed = (value) => ({ value, writable: false, enumerable: false, configurable: true });

function checkFunction(fn, name, length) {
  assert.equal(typeof fn, "function");
  assert.deepEqual({ ...descriptor(fn, "name") }, fixed(name));
  assert.deepEqual({ ...descriptor(fn, "length") }, fixed(length));
  assert.equal("prototype" in fn, false, `${name} has no prototype`);
  assert.throws(() => new fn(), TypeError);
}

describe("the shape of the namespace", () => {
  const { WebAssembly } = fakeNamespace();

  test("the namespace object", () => {
    assert.equal(Object.getPrototypeOf(WebAssembly), Object.prototype);
    assert.equal(String(WebAssembly), "[object WebAssembly]");
    assert.deepEqual({ ...descriptor(WebAssembly, Symbol.toStringTag) }, fixed("WebAssembly"));
    for (const [name, length] of Object.entries(NAMESPACE)) {
      assert.deepEqual(flags(descriptor(WebAssembly, name)), { writable: true, enumerable: true, configurable: true });
      checkFunction(WebAssembly[name], name, length);
    }
    const tag = descriptor(WebAssembly, "JSTag");
    assert.equal(tag.set, undefined);
    assert.equal(tag.enumerable && tag.configurable, true);
    checkFunction(tag.get, "get JSTag", 0);
    assert.deepEqual(
      Reflect.ownKeys(WebAssembly)
        .filter((key) => typeof key === "string")
        .sort(),
      [...Object.keys(SHAPE), ...Object.keys(NAMESPACE), "CompileError", "LinkError", "RuntimeError", "JSTag"].sort(),
    );
  });

  test("its keys are in the order that Node's engine has", () => {
    // Node 20 had the streaming functions before the classes.
    const moved = "promising" in native ? [] : ["compileStreaming", "instantiateStreaming"];
    const compare = (ours, theirs) => {
      const both = (key) => Object.hasOwn(ours, key) && Object.hasOwn(theirs, key) && !moved.includes(key);
      assert.deepEqual(Reflect.ownKeys(ours).filter(both), Reflect.ownKeys(theirs).filter(both));
    };
    compare(WebAssembly, native);
    for (const name of Object.keys(SHAPE)) {
      if (native[name] === undefined) continue;
      compare(WebAssembly[name], native[name]);
      compare(WebAssembly[name].prototype, native[name].prototype);
    }
  });

  test("modules have AbstractModuleSource in their prototype chain", () => {
    const { Module } = WebAssembly;
    const Source = Object.getPrototypeOf(Module);
    assert.equal(Source.name, "AbstractModuleSource");
    assert.equal(Source.length, 0);
    assert.throws(() => new Source(), TypeError);
    assert.throws(() => Source(), TypeError);
    assert.equal(Object.getPrototypeOf(Source), Function.prototype);
    assert.equal(Object.getPrototypeOf(Module.prototype), Source.prototype);
    assert.equal(Object.getPrototypeOf(Source.prototype), Object.prototype);
    assert.equal(Source.prototype.constructor, Source);
    assert.equal(descriptor(Source, "prototype").writable, false);
    const tag = descriptor(Source.prototype, Symbol.toStringTag);
    assert.equal(tag.set, undefined);
    assert.equal(tag.enumerable, false);
    const module = new Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    assert.ok(module instanceof Source);
    assert.equal(tag.get.call(module), "WebAssembly.Module");
    for (const other of [{}, undefined, 1, Module.prototype]) assert.equal(tag.get.call(other), undefined);
    assert.ok(new (class extends Module {})(new Uint8Array(8)) instanceof Source);
  });

  test("classes, operations and methods show no source", () => {
    const shown = [...Object.keys(SHAPE), ...Object.keys(NAMESPACE)].map((name) => WebAssembly[name]);
    for (const [name, { statics = {}, operations = {} }] of Object.entries(SHAPE)) {
      shown.push(...Object.keys(statics).map((key) => WebAssembly[name][key]));
      shown.push(...Object.keys(operations).map((key) => WebAssembly[name].prototype[key]));
    }
    for (const fn of shown) assert.match(Function.prototype.toString.call(fn), /\[native code\]/);
  });

  test("the error classes are the engine's, unless others are given", () => {
    for (const name of ["CompileError", "LinkError", "RuntimeError"]) {
      assert.equal(WebAssembly[name], native[name]);
      assert.deepEqual(flags(descriptor(WebAssembly, name)), hidden);
    }
  });

  for (const [name, { length, statics = {}, operations = {}, attributes = {} }] of Object.entries(SHAPE)) {
    test(`the interface ${name}`, () => {
      const type = WebAssembly[name];
      const { prototype } = type;
      assert.deepEqual(flags(descriptor(WebAssembly, name)), hidden);
      assert.deepEqual({ ...descriptor(type, "name") }, fixed(name));
      assert.deepEqual({ ...descriptor(type, "length") }, fixed(length));
      const frozen = { writable: false, enumerable: false, configurable: false };
      assert.deepEqual(flags(descriptor(type, "prototype")), frozen);
      assert.deepEqual(flags(descriptor(prototype, "constructor")), hidden);
      assert.equal(prototype.constructor, type);
      if (name !== "Module") {
        assert.equal(Object.getPrototypeOf(type), Function.prototype);
        assert.equal(Object.getPrototypeOf(prototype), Object.prototype);
      }
      assert.deepEqual({ ...descriptor(prototype, Symbol.toStringTag) }, fixed(`WebAssembly.${name}`));
      for (const [target, table] of [
        [type, statics],
        [prototype, operations],
      ]) {
        for (const [key, count] of Object.entries(table)) {
          assert.deepEqual(flags(descriptor(target, key)), { writable: true, enumerable: true, configurable: true });
          checkFunction(target[key], key, count);
        }
      }
      for (const [key, kind] of Object.entries(attributes)) {
        const { get, set, enumerable, configurable } = descriptor(prototype, key);
        assert.deepEqual([enumerable, configurable], [true, true]);
        checkFunction(get, `get ${key}`, 0);
        if (kind === "settable") checkFunction(set, `set ${key}`, 1);
        else assert.equal(set, undefined);
      }
      const own = [...Object.keys(operations), ...Object.keys(attributes), "constructor"];
      assert.deepEqual(Object.getOwnPropertyNames(prototype).sort(), own.sort());
      const ofClass = [...Object.keys(statics), "length", "name", "prototype"];
      assert.deepEqual(Object.getOwnPropertyNames(type).sort(), ofClass.sort());
    });
  }

  test("every member that the engine has is the same here, as far as it can be seen", () => {
    const seen = (target, key) => {
      const { value, get, set, ...attributes } = descriptor(target, key);
      const callable = (fn) => fn && { name: fn.name, length: fn.length, constructs: "prototype" in fn };
      return {
        ...attributes,
        get: callable(get),
        set: callable(set),
        value: typeof value === "function" ? callable(value) : typeof value === "object" ? typeof value : value,
      };
    };
    let compared = 0;
    const compare = (ours, theirs, keys) => {
      for (const key of keys) {
        if (!Object.hasOwn(theirs, key) || (theirs === native?.Exception && key === "length")) continue;
        compared += 1;
        const [here, there] = [seen(ours, key), seen(theirs, key)];
        if (there.value?.name === "Exception") there.value.length = 2; // V8 counts one required argument
        assert.deepEqual(here, there, String(key));
      }
    };
    compare(WebAssembly, native, [...Object.keys(SHAPE), "validate", "compile", "instantiate", Symbol.toStringTag]);
    for (const name of Object.keys(SHAPE)) {
      if (native[name] === undefined) continue;
      compare(WebAssembly[name], native[name], Reflect.ownKeys(WebAssembly[name]));
      compare(WebAssembly[name].prototype, native[name].prototype, Reflect.ownKeys(WebAssembly[name].prototype));
    }
    assert.ok(compared > 50, `${compared} members compared`);
  });
});

/** One valid list of arguments for each constructor. */
const validArguments = ({ WebAssembly }) => ({
  Module: [EMPTY],
  Instance: [new WebAssembly.Module(EMPTY)],
  Memory: [{ initial: 1 }],
  Table: [{ element: "anyfunc", initial: 1 }],
  Global: [{ value: "i32" }],
  Tag: [{ parameters: [] }],
  Exception: [new WebAssembly.Tag({ parameters: [] }), []],
});

describe("constructors", () => {
  test("they need new, and enough arguments, before anything is converted", () => {
    const fake = fakeNamespace();
    for (const [name, { length }] of Object.entries(SHAPE)) {
      assert.throws(() => fake.WebAssembly[name]({}), TypeError);
      throwsType(() => new fake.WebAssembly[name](), new RegExp(`^WebAssembly\\.${name}\\(\\): ${length} argument`));
    }
    const unread = {
      get x() {
        throw new Error("read");
      },
    };
    throwsType(() => new fake.WebAssembly.Exception(unread), /2 arguments are required, but 1/);
    assert.deepEqual(fake.calls, []);
  });

  test("subclasses and Reflect.construct get the prototype of new.target", () => {
    const fake = fakeNamespace();
    for (const [name, given] of Object.entries(validArguments(fake))) {
      const type = fake.WebAssembly[name];
      class Derived extends type {}
      const object = new Derived(...given);
      assert.ok(object instanceof Derived && object instanceof type);
      assert.notEqual(fake.interfaces[name].state(object), undefined);
      const other = Reflect.construct(type, given, Date);
      assert.equal(Object.getPrototypeOf(other), Date.prototype);
      assert.equal(fake.interfaces[name].state(other).madeBy, `${name}.create`);
    }
  });

  test("a new.target without an object as its prototype leads to the prototype of the interface", () => {
    const fake = fakeNamespace();
    for (const [name, given] of Object.entries(validArguments(fake))) {
      const type = fake.WebAssembly[name];
      for (const prototype of [undefined, null, 1, "a", Symbol("s")]) {
        const target = function () {};
        target.prototype = prototype;
        assert.equal(Object.getPrototypeOf(Reflect.construct(type, given, target)), type.prototype);
        assert.equal(Object.getPrototypeOf(Reflect.construct(type, given, target.bind())), type.prototype);
      }
      const target = function () {};
      target.prototype = Object.prototype;
      assert.equal(Object.getPrototypeOf(Reflect.construct(type, given, target)), Object.prototype);
      target.prototype = Object.create(null);
      assert.equal(Object.getPrototypeOf(Reflect.construct(type, given, target)), target.prototype);
    }
  });

  test("new.target.prototype is read before the arguments are converted", () => {
    const { WebAssembly } = fakeNamespace();
    const log = [];
    const target = new Proxy(function () {}, {
      get: (fn, key) => {
        log.push(String(key));
        return fn[key];
      },
    });
    const given = {
      get initial() {
        log.push("initial");
        return 1;
      },
    };
    Reflect.construct(WebAssembly.Memory, [given], target);
    assert.deepEqual(log, ["prototype", "initial"]);
  });

  test("the implementation learns the converted arguments, their number and the object", () => {
    const fake = fakeNamespace();
    const made = [];
    fake.impl.Table.created = (...given) => made.push(given);
    const { WebAssembly, interfaces } = fake;
    const plain = new WebAssembly.Table({ element: "externref", initial: "2", maximum: 3.5, shared: 1 });
    const given = new WebAssembly.Table({ element: "anyfunc", initial: 5n, address: "i64" }, undefined);
    const creations = fake.calls.map(([, dictionary, ...rest]) => [{ ...dictionary }, ...rest]);
    assert.deepEqual(creations, [
      [{ element: "externref", initial: 2, maximum: 3 }, undefined, 1],
      [{ element: "anyfunc", address: "i64", initial: 5n }, undefined, 2],
    ]);
    assert.equal(made.length, 2);
    for (const [index, object] of [plain, given].entries()) {
      assert.equal(made[index][0], interfaces.Table.state(object));
      assert.equal(made[index][1], object);
    }
  });

  test("wrap makes an object of a state without the constructor's steps; the token cannot be had", () => {
    const fake = fakeNamespace();
    const state = { kept: true };
    const object = fake.interfaces.Memory.wrap(state);
    assert.equal(fake.interfaces.Memory.state(object), state);
    assert.ok(object instanceof fake.WebAssembly.Memory);
    assert.deepEqual(fake.calls, []);
    assert.deepEqual(Object.getOwnPropertyNames(object), []);
  });
});

describe("receivers", () => {
  test("every member refuses what is not an object of its interface, with the name of the member", () => {
    const fake = fakeNamespace();
    const given = validArguments(fake);
    fake.calls.length = 0;
    for (const [name, { operations = {}, attributes = {} }] of Object.entries(SHAPE)) {
      const { prototype } = fake.WebAssembly[name];
      const functions = [
        ...Object.keys(operations).map((key) => [`${key}\\(\\)`, prototype[key]]),
        ...Object.keys(attributes).flatMap((key) => {
          const { get, set } = descriptor(prototype, key);
          return set
            ? [
                [key, get],
                [key, set],
              ]
            : [[key, get]];
        }),
      ];
      const other = name === "Tag" ? "Memory" : "Tag";
      const wrong = [
        undefined,
        null,
        0,
        "",
        Symbol("s"),
        {},
        () => {},
        prototype,
        fake.WebAssembly[name],
        Object.create(prototype),
        new Proxy(new fake.WebAssembly[name](...given[name]), {}),
        new fake.WebAssembly[other](...given[other]),
      ];
      fake.calls.length = 0;
      for (const [label, fn] of functions) {
        for (const receiver of wrong) {
          throwsType(
            () =>
              fn.call(receiver, {
                valueOf() {
                  throw new Error("converted");
                },
              }),
            new RegExp(`^WebAssembly\\.${name}\\.${label}: the receiver is not a WebAssembly\\.${name}$`),
          );
        }
      }
      assert.deepEqual(fake.calls, []);
    }
  });

  test("objects of another namespace are strangers", () => {
    const [one, two] = [fakeNamespace(), fakeNamespace()];
    const memory = new one.WebAssembly.Memory({ initial: 1 });
    assert.equal(two.interfaces.Memory.state(memory), undefined);
    throwsType(() => two.WebAssembly.Memory.prototype.grow.call(memory, 1), /receiver/);
    throwsType(() => two.WebAssembly.Memory.prototype.grow.call(new native.Memory({ initial: 1 }), 1), /receiver/);
  });
});

describe("operations and attributes", () => {
  test("arguments are counted before any is converted", () => {
    const fake = fakeNamespace();
    const given = validArguments(fake);
    const make = (name) => new fake.WebAssembly[name](...given[name]);
    const objects = Object.fromEntries(Object.keys(SHAPE).map((name) => [name, make(name)]));
    fake.calls.length = 0;
    for (const [name, { statics = {}, operations = {} }] of Object.entries(SHAPE)) {
      for (const [target, table] of [
        [fake.WebAssembly[name], statics],
        [objects[name], operations],
      ]) {
        for (const [key, length] of Object.entries(table)) {
          if (length === 0) continue;
          const message = `^WebAssembly\\.${name}\\.${key}\\(\\): ${length} argument`;
          throwsType(() => target[key](), new RegExp(message));
        }
      }
    }
    throwsType(() => fake.WebAssembly.validate(), /^WebAssembly\.validate\(\): 1 argument is required, but 0 passed$/);
    assert.deepEqual(fake.calls, []);
  });

  test("the implementation gets the state, the arguments and their number", () => {
    const fake = fakeNamespace();
    const table = new fake.WebAssembly.Table({ element: "externref", initial: 1 });
    const state = fake.interfaces.Table.state(table);
    fake.calls.length = 0;
    fake.answer = 7;
    const key = {
      toString() {
        throw new Error("the address type is not known here");
      },
    };
    assert.equal(table.get(key), 7);
    assert.equal(table.set(key), 7);
    assert.equal(table.set(key, undefined), 7);
    assert.equal(table.grow(key, 1, 2), 7);
    assert.equal(table.length, 7);
    assert.deepEqual(fake.calls, [
      ["Table.get", state, key, 1],
      ["Table.set", state, key, undefined, 1],
      ["Table.set", state, key, undefined, 2],
      ["Table.grow", state, key, 1, 3],
      ["Table.get_length", state, table],
    ]);
  });

  test("a setter without an argument sets undefined, an attribute without a setter refuses", () => {
    const fake = fakeNamespace();
    const global = new fake.WebAssembly.Global({ value: "i32", mutable: 1 });
    const state = fake.interfaces.Global.state(global);
    fake.calls.length = 0;
    descriptor(fake.WebAssembly.Global.prototype, "value").set.call(global);
    global.value = 5;
    assert.deepEqual(fake.calls, [
      ["Global.set_value", state, undefined],
      ["Global.set_value", state, 5],
    ]);
    assert.throws(() => {
      new fake.WebAssembly.Memory({ initial: 1 }).buffer = 1;
    }, TypeError);
  });

  test("arguments of interface types are checked and passed as they are", () => {
    const fake = fakeNamespace();
    const tag = new fake.WebAssembly.Tag({ parameters: ["i32", "externref"] });
    const exception = new fake.WebAssembly.Exception(tag, new Set([1, "a"]), { traceStack: "yes" });
    const [, passedTag, payload, options, count] = fake.calls.at(-1);
    assert.deepEqual([passedTag, payload, { ...options }, count], [tag, [1, "a"], { traceStack: true }, 3]);
    const state = fake.interfaces.Exception.state(exception);
    exception.getArg(tag, "1");
    assert.deepEqual(fake.calls.at(-1), ["Exception.getArg", state, tag, 1, 2]);
    for (const wrong of [undefined, null, {}, exception, fake.WebAssembly.Tag]) {
      throwsType(() => exception.is(wrong), /^WebAssembly\.Exception\.is\(\): exceptionTag must be a WebAssembly\.Tag/);
      throwsType(
        () =>
          exception.getArg(wrong, {
            valueOf() {
              throw new Error("too early");
            },
          }),
        /exceptionTag/,
      );
    }
    throwsType(() => exception.getArg(tag, -1), /^WebAssembly\.Exception\.getArg\(\): index must be from 0/);
  });

  test("static operations and customSections convert their arguments", () => {
    const fake = fakeNamespace();
    const module = new fake.WebAssembly.Module(EMPTY);
    const log = [];
    const name = (text, result) => ({
      toString() {
        log.push(text);
        return result;
      },
    });
    fake.WebAssembly.Module.customSections(module, name("name", "\uD800"), "stray");
    assert.deepEqual(fake.calls.at(-1), ["Module.customSections", module, "\uD800"]);
    throwsType(() => fake.WebAssembly.Module.customSections({}, name("again", "")), /module/);
    assert.deepEqual(log, ["name"]);
  });
});

describe("dictionaries", () => {
  const traced = (log, values) =>
    new Proxy(
      {},
      {
        get(_target, key) {
          log.push(String(key));
          if (!(key in values)) return undefined;
          const value = values[key];
          if (typeof value !== "string" && typeof value !== "number") return value;
          const convert = (hint) => () => {
            log.push(`${key} ${hint}`);
            return value;
          };
          return { toString: convert("toString"), valueOf: convert("valueOf") };
        },
      },
    );

  test("members are read and converted one by one, in order", () => {
    const { WebAssembly } = fakeNamespace();
    for (const [make, values, expected] of [
      [
        (given) => new WebAssembly.Memory(given),
        { address: "i32", initial: 1, maximum: 2, shared: true },
        ["address", "address toString", "initial", "initial valueOf", "maximum", "maximum valueOf", "shared"],
      ],
      [
        (given) => new WebAssembly.Table(given),
        { element: "anyfunc", initial: 1 },
        ["element", "element toString", "address", "initial", "initial valueOf", "maximum"],
      ],
      [(given) => new WebAssembly.Global(given), { value: "i32" }, ["mutable", "value", "value toString"]],
      [(given) => new WebAssembly.Tag(given), { parameters: [] }, ["parameters"]],
      [
        (given) => new WebAssembly.Module(EMPTY, given),
        { importedStringConstants: "a" },
        ["builtins", "importedStringConstants", "importedStringConstants toString"],
      ],
      [(given) => new WebAssembly.Exception(new WebAssembly.Tag({ parameters: [] }), [], given), {}, ["traceStack"]],
    ]) {
      const log = [];
      make(traced(log, values));
      assert.deepEqual(log, expected);
    }
  });

  test("required members and wrong members are told by name, the first in order", () => {
    const { WebAssembly } = fakeNamespace();
    const { Memory, Table, Global, Tag, Module } = WebAssembly;
    for (const [run, message] of [
      [() => new Memory({}), "WebAssembly.Memory(): descriptor: the required member 'initial' is undefined"],
      [() => new Memory(null), "'initial'"],
      [() => new Memory(undefined), "'initial'"],
      [() => new Memory(1), "WebAssembly.Memory(): descriptor must be an object, not 1"],
      [() => new Memory({ initial: -1 }), "WebAssembly.Memory(): descriptor.initial must be from 0"],
      [() => new Memory({ initial: 1n }), "WebAssembly.Memory(): descriptor.initial"],
      [() => new Memory({ initial: 1, address: "i64" }), "WebAssembly.Memory(): descriptor.initial"],
      [() => new Memory({ initial: 1, address: "i16" }), "descriptor.address must be one of i32, i64, not 'i16'"],
      [() => new Table({ initial: 1 }), "'element'"],
      [() => new Table({ element: "i32", initial: 1 }), "descriptor.element must be one of"],
      [() => new Global({ mutable: true }), "'value'"],
      [() => new Tag({ parameters: "i32" }), "WebAssembly.Tag(): type.parameters must be an object"],
      [() => new Tag({ parameters: ["i32", "x"] }), "WebAssembly.Tag(): type.parameters[1] must be one of"],
      [() => new Module(EMPTY, 1), "WebAssembly.Module(): options must be an object"],
      [() => new Module(EMPTY, { builtins: "js-string" }), "WebAssembly.Module(): options.builtins must be"],
    ]) {
      assert.throws(run, (error) => error.constructor === TypeError && error.message.includes(message), message);
    }
  });

  test("results have the given members, the defaults, and no prototype", () => {
    const fake = fakeNamespace();
    const creation = (run) => {
      run();
      return fake.calls.at(-1)[1];
    };
    const memory = creation(() => new fake.WebAssembly.Memory({ initial: 1 }));
    assert.equal(Object.getPrototypeOf(memory), null);
    assert.deepEqual({ ...memory }, { initial: 1, shared: false });
    const global = creation(() => new fake.WebAssembly.Global({ value: "anyfunc" }));
    assert.deepEqual({ ...global }, { value: "anyfunc", mutable: false });
    new fake.WebAssembly.Module(EMPTY, { builtins: new Set(["js-string", "\uDC00"]), importedStringConstants: null });
    assert.deepEqual({ ...fake.calls.at(-1)[2] }, { builtins: ["js-string", "\uFFFD"], importedStringConstants: null });
    new fake.WebAssembly.Module(EMPTY);
    assert.deepEqual({ ...fake.calls.at(-1)[2] }, {});
  });
});

describe("promises", () => {
  test("what is wrong with the arguments rejects, nothing is thrown", async () => {
    const fake = fakeNamespace();
    const { WebAssembly } = fake;
    for (const [run, message] of [
      [() => WebAssembly.compile(), /^WebAssembly\.compile\(\): 1 argument is required/],
      [() => WebAssembly.compile(1), /^WebAssembly\.compile\(\): bytes must be/],
      [() => WebAssembly.compile(EMPTY, 1), /^WebAssembly\.compile\(\): options must be/],
      [() => WebAssembly.instantiate(), /^WebAssembly\.instantiate\(\): 1 argument/],
      [() => WebAssembly.instantiate({}), /^WebAssembly\.instantiate\(\): bytes must be/],
      [() => WebAssembly.instantiate(EMPTY, 1), /^WebAssembly\.instantiate\(\): importObject must be an object/],
      [() => WebAssembly.instantiate(EMPTY, null), /importObject must be an object, not null$/],
      [() => WebAssembly.instantiate(new WebAssembly.Module(EMPTY), ""), /importObject must be/],
      [() => WebAssembly.compileStreaming(), /^WebAssembly\.compileStreaming\(\): 1 argument/],
      [() => WebAssembly.instantiateStreaming(1, 1), /^WebAssembly\.instantiateStreaming\(\): importObject/],
    ]) {
      const promise = run();
      assert.equal(Object.getPrototypeOf(promise), Promise.prototype);
      await assert.rejects(promise, (error) => error.constructor === TypeError && message.test(error.message));
    }
    assert.deepEqual(
      fake.calls.filter(([name]) => name !== "Module.create"),
      [],
    );
  });

  test("what the implementation throws rejects, what it returns resolves", async () => {
    const fake = fakeNamespace();
    fake.answer = () => {
      throw new native.CompileError("no");
    };
    await assert.rejects(fake.WebAssembly.compile(EMPTY), native.CompileError);
    fake.answer = Promise.resolve("module");
    assert.equal(await fake.WebAssembly.compile(EMPTY), "module");
  });

  test("instantiate tells a module from bytes, and ignores the options of a module", async () => {
    const fake = fakeNamespace();
    const module = new fake.WebAssembly.Module(EMPTY);
    const imports = {};
    await fake.WebAssembly.instantiate(module, imports, 1);
    assert.deepEqual(fake.calls.at(-1), ["instantiate_module", module, imports]);
    await fake.WebAssembly.instantiate(EMPTY, imports, { builtins: [] });
    const [name, bytes, passed, options] = fake.calls.at(-1);
    assert.deepEqual([name, bytes, passed, { ...options }], ["instantiate", EMPTY, imports, { builtins: [] }]);
  });

  test("operations of the namespace need no receiver", async () => {
    const fake = fakeNamespace();
    fake.answer = true;
    const { validate, compile } = fake.WebAssembly;
    assert.equal(validate.call(undefined, EMPTY), true);
    assert.equal(await compile.call(null, EMPTY), true);
  });

  test("the source of a streaming operation is a promise of its own", async () => {
    const fake = fakeNamespace();
    const response = { kind: "response" };
    const given = Promise.resolve(response);
    await fake.WebAssembly.compileStreaming(given);
    const [, source] = fake.calls.at(-1);
    assert.notEqual(source, given);
    assert.equal(await source, response);
    await fake.WebAssembly.instantiateStreaming(response, undefined, {});
    assert.equal(await fake.calls.at(-1)[1], response);
  });
});
