// The namespace object, its interfaces and their properties.

import { any, error, func, object, same, symbol, thrown, throws, wasm } from "../static/patterns.mjs";

export const group = "JavaScript: the namespace";

const operation = (name, length) => ({
  value: func(name, length),
  writable: true,
  enumerable: true,
  configurable: true,
});
const attribute = (name, settable = false) => ({
  get: func(`get ${name}`, 0),
  set: settable ? func(`set ${name}`, 1) : undefined,
  enumerable: true,
  configurable: true,
});
const interfaceObject = (name, length) => ({
  value: func(name, length, true),
  writable: true,
  enumerable: false,
  configurable: true,
});
const tag = (name) => ({ value: `WebAssembly.${name}`, writable: false, enumerable: false, configurable: true });
const pick = (descriptors, ...keys) => Object.fromEntries(keys.map((key) => [key, descriptors[key]]));

/** What the prototype of an interface must have; browsers may have more (`type`, `stack`). */
const prototypeCase = (name, keys, expected) => ({
  id: `js-prototype-${name.toLowerCase()}`,
  title: `The properties of ${name}.prototype have Web IDL's attributes`,
  covers: [`JS API: ${name}`, "Web IDL: interface prototype object"],
  expect: {
    prototype: { writable: false, enumerable: false, configurable: false },
    members: expected,
    toStringTag: tag(name),
    constructor: { same: true, writable: true, enumerable: false, configurable: true },
  },
  run: (WebAssembly, tools) => {
    const { prototype } = WebAssembly[name];
    const own = tools.descriptors(prototype);
    const { value, ...attributes } = own.constructor;
    const { value: _prototype, ...prototypeAttributes } = Object.getOwnPropertyDescriptor(
      WebAssembly[name],
      "prototype",
    );
    return {
      prototype: prototypeAttributes,
      members: Object.fromEntries(keys.map((key) => [key, own[key]])),
      toStringTag: own["[Symbol.toStringTag]"],
      constructor: { same: value === WebAssembly[name], ...attributes },
    };
  },
});

/** One valid object of every interface that can be made without a module. */
const samples = (WebAssembly) => ({
  Memory: new WebAssembly.Memory({ initial: 0 }),
  Table: new WebAssembly.Table({ element: "anyfunc", initial: 0 }),
  Global: new WebAssembly.Global({ value: "i32" }),
  Tag: new WebAssembly.Tag({ parameters: [] }),
  Exception: new WebAssembly.Exception(new WebAssembly.Tag({ parameters: [] }), []),
});

/** Calls `method` on receivers that are not of its interface. */
function onWrongReceivers(tools, WebAssembly, name, method, ...args) {
  const others = samples(WebAssembly);
  const receivers = [
    undefined,
    null,
    5,
    {},
    WebAssembly[name].prototype,
    Object.create(WebAssembly[name].prototype),
    ...Object.keys(others)
      .filter((key) => key !== name)
      .map((key) => others[key]),
  ];
  return receivers.map((receiver) => tools.attempt(() => Reflect.apply(method, receiver, args)));
}

const allTypeErrors = Array.from({ length: 10 }, () => thrown("TypeError"));

const brandCase = (name, members) => ({
  id: `js-brand-${name.toLowerCase()}`,
  title: `Members of ${name} refuse every other receiver`,
  covers: [`JS API: ${name}`, "Web IDL: brand check"],
  expect: Object.fromEntries(Object.keys(members).map((key) => [key, allTypeErrors])),
  run: (WebAssembly, tools) =>
    Object.fromEntries(
      Object.entries(members).map(([key, [member, args]]) => {
        const descriptor = Object.getOwnPropertyDescriptor(WebAssembly[name].prototype, member);
        const method = key.startsWith("set ") ? descriptor.set : (descriptor.get ?? descriptor.value);
        return [key, onWrongReceivers(tools, WebAssembly, name, method, ...args)];
      }),
    ),
});

export const cases = [
  {
    id: "js-namespace-operations",
    title: "The operations of the namespace are enumerable and have the right name and length",
    covers: ["JS API: WebAssembly namespace", "Web IDL: namespace object"],
    expect: {
      validate: operation("validate", 1),
      compile: operation("compile", 1),
      instantiate: operation("instantiate", 1),
      compileStreaming: operation("compileStreaming", 1),
      instantiateStreaming: operation("instantiateStreaming", 1),
    },
    run: (WebAssembly, tools) =>
      pick(
        tools.descriptors(WebAssembly),
        "validate",
        "compile",
        "instantiate",
        "compileStreaming",
        "instantiateStreaming",
      ),
  },
  {
    id: "js-namespace-interfaces",
    title: "The interfaces are writable, configurable and not enumerable",
    covers: ["JS API: WebAssembly namespace", "Web IDL: namespace object"],
    expect: {
      Module: interfaceObject("Module", 1),
      Instance: interfaceObject("Instance", 1),
      Memory: interfaceObject("Memory", 1),
      Table: interfaceObject("Table", 1),
      Global: interfaceObject("Global", 1),
      Tag: interfaceObject("Tag", 1),
      Exception: interfaceObject("Exception", 2),
    },
    run: (WebAssembly, tools) =>
      pick(tools.descriptors(WebAssembly), "Module", "Instance", "Memory", "Table", "Global", "Tag", "Exception"),
  },
  {
    id: "js-namespace-errors",
    title: "The error classes are writable, configurable and not enumerable",
    covers: ["JS API: error objects"],
    expect: {
      CompileError: interfaceObject("CompileError", 1),
      LinkError: interfaceObject("LinkError", 1),
      RuntimeError: interfaceObject("RuntimeError", 1),
    },
    run: (WebAssembly, tools) => pick(tools.descriptors(WebAssembly), "CompileError", "LinkError", "RuntimeError"),
  },
  {
    id: "js-namespace-object",
    title: "The namespace is an ordinary extensible object with a tag, and no function",
    covers: ["JS API: WebAssembly namespace", "Web IDL: namespace object"],
    expect: {
      tag: { value: "WebAssembly", writable: false, enumerable: false, configurable: true },
      text: "[object WebAssembly]",
      type: "object",
      prototype: true,
      extensible: true,
      called: throws("TypeError"),
      constructed: throws("TypeError"),
    },
    run: (WebAssembly, tools) => ({
      tag: Object.getOwnPropertyDescriptor(WebAssembly, Symbol.toStringTag),
      text: String(WebAssembly),
      type: typeof WebAssembly,
      prototype: Object.getPrototypeOf(WebAssembly) === Object.prototype,
      extensible: Object.isExtensible(WebAssembly),
      called: tools.attempt(() => WebAssembly()),
      constructed: tools.attempt(() => new WebAssembly()),
    }),
  },
  {
    id: "js-namespace-jstag",
    title: "JSTag is one Tag object that cannot be assigned",
    covers: ["JS API: JSTag"],
    expect: { tag: wasm("Tag"), again: same("tag"), isTag: true, assigned: throws("TypeError"), after: same("tag") },
    run: (WebAssembly, tools) => ({
      tag: WebAssembly.JSTag,
      again: WebAssembly.JSTag,
      isTag: WebAssembly.JSTag instanceof WebAssembly.Tag,
      assigned: tools.attempt(() => {
        WebAssembly.JSTag = 5;
      }),
      after: WebAssembly.JSTag,
    }),
  },
  prototypeCase("Instance", ["exports"], { exports: attribute("exports") }),
  prototypeCase("Memory", ["buffer", "grow", "toFixedLengthBuffer", "toResizableBuffer"], {
    buffer: attribute("buffer"),
    grow: operation("grow", 1),
    toFixedLengthBuffer: operation("toFixedLengthBuffer", 0),
    toResizableBuffer: operation("toResizableBuffer", 0),
  }),
  prototypeCase("Table", ["length", "grow", "get", "set"], {
    length: attribute("length"),
    grow: operation("grow", 1),
    get: operation("get", 1),
    set: operation("set", 1),
  }),
  prototypeCase("Global", ["value", "valueOf"], { value: attribute("value", true), valueOf: operation("valueOf", 0) }),
  prototypeCase("Tag", [], {}),
  prototypeCase("Exception", ["is", "getArg"], { is: operation("is", 1), getArg: operation("getArg", 2) }),
  prototypeCase("Module", [], {}),
  {
    id: "js-module-statics",
    title: "The static operations of Module are enumerable properties of the interface",
    covers: ["JS API: Module"],
    expect: {
      exports: operation("exports", 1),
      imports: operation("imports", 1),
      customSections: operation("customSections", 2),
      keys: ["customSections", "exports", "imports"],
      onPrototype: [false, false, false],
    },
    run: ({ Module }) => ({
      ...Object.fromEntries(
        ["exports", "imports", "customSections"].map((key) => [key, Object.getOwnPropertyDescriptor(Module, key)]),
      ),
      keys: Object.keys(Module).sort(),
      onPrototype: ["exports", "imports", "customSections"].map((key) => key in Module.prototype),
    }),
  },
  brandCase("Memory", {
    "get buffer": ["buffer", []],
    grow: ["grow", [0]],
    toFixedLengthBuffer: ["toFixedLengthBuffer", []],
    toResizableBuffer: ["toResizableBuffer", []],
  }),
  brandCase("Table", { "get length": ["length", []], grow: ["grow", [0]], get: ["get", [0]], set: ["set", [0, null]] }),
  brandCase("Global", { "get value": ["value", []], "set value": ["value", [1]], valueOf: ["valueOf", []] }),
  brandCase("Exception", { is: ["is", [null]], getArg: ["getArg", [null, 0]] }),
  {
    id: "js-brand-before-arguments",
    title: "The receiver is checked before any argument is converted",
    covers: ["Web IDL: operations"],
    expect: {
      grow: throws("TypeError"),
      get: throws("TypeError"),
      set: throws("TypeError"),
      value: throws("TypeError"),
      log: [],
    },
    run: (WebAssembly, tools) => {
      const number = tools.primitive("argument", 1);
      const call = (_name, method, ...args) => tools.attempt(() => Reflect.apply(method, {}, args));
      const setter = Object.getOwnPropertyDescriptor(WebAssembly.Global.prototype, "value").set;
      return {
        grow: call("grow", WebAssembly.Memory.prototype.grow, number),
        get: call("get", WebAssembly.Table.prototype.get, number),
        set: call("set", WebAssembly.Table.prototype.set, number, null),
        value: call("value", setter, number),
        log: tools.log,
      };
    },
  },
  {
    id: "js-constructors-need-new",
    title: "No interface can be called without new, and the arguments are not looked at",
    covers: ["Web IDL: interface object"],
    expect: {
      Module: throws("TypeError"),
      Instance: throws("TypeError"),
      Memory: throws("TypeError"),
      Table: throws("TypeError"),
      Global: throws("TypeError"),
      Tag: throws("TypeError"),
      Exception: throws("TypeError"),
      log: [],
    },
    run: (WebAssembly, tools) => {
      const descriptor = tools.spy({ initial: 1, value: "i32", element: "anyfunc", parameters: [] });
      const result = {};
      for (const name of ["Module", "Instance", "Memory", "Table", "Global", "Tag", "Exception"]) {
        result[name] = tools.attempt(() => WebAssembly[name](descriptor, []));
      }
      return { ...result, log: tools.log };
    },
  },
  {
    id: "js-constructors-need-arguments",
    title: "Every constructor without arguments is a TypeError",
    covers: ["Web IDL: overload resolution"],
    expect: {
      Module: throws("TypeError"),
      Instance: throws("TypeError"),
      Memory: throws("TypeError"),
      Table: throws("TypeError"),
      Global: throws("TypeError"),
      Tag: throws("TypeError"),
      Exception: throws("TypeError"),
    },
    run: (WebAssembly, tools) =>
      Object.fromEntries(
        ["Module", "Instance", "Memory", "Table", "Global", "Tag", "Exception"].map((name) => [
          name,
          tools.attempt(() => new WebAssembly[name]()),
        ]),
      ),
  },
  {
    id: "js-operations-need-arguments",
    title: "Operations without their arguments are TypeErrors",
    covers: ["Web IDL: overload resolution"],
    expect: {
      validate: throws("TypeError"),
      grow: throws("TypeError"),
      get: throws("TypeError"),
      set: throws("TypeError"),
      exports: throws("TypeError"),
      imports: throws("TypeError"),
      customSections: throws("TypeError"),
      oneOfTwo: throws("TypeError"),
      is: throws("TypeError"),
      getArg: throws("TypeError"),
    },
    modules: { empty: "(module)" },
    run: (WebAssembly, tools) => {
      const { Memory, Table, Exception } = samples(WebAssembly);
      const module = tools.module("empty");
      return {
        validate: tools.attempt(() => WebAssembly.validate()),
        grow: tools.attempt(() => Memory.grow()),
        get: tools.attempt(() => Table.get()),
        set: tools.attempt(() => Table.set()),
        exports: tools.attempt(() => WebAssembly.Module.exports()),
        imports: tools.attempt(() => WebAssembly.Module.imports()),
        customSections: tools.attempt(() => WebAssembly.Module.customSections()),
        oneOfTwo: tools.attempt(() => WebAssembly.Module.customSections(module)),
        is: tools.attempt(() => Exception.is()),
        getArg: tools.attempt(() => Exception.getArg(new WebAssembly.Tag({ parameters: [] }))),
      };
    },
  },
  {
    id: "js-operations-are-no-constructors",
    title: "Operations and accessors cannot be constructed and have no prototype",
    covers: ["Web IDL: operations", "ECMAScript: CreateBuiltinFunction"],
    expect: {
      constructed: [thrown("TypeError"), thrown("TypeError"), thrown("TypeError"), thrown("TypeError")],
      prototypes: [false, false, false, false],
    },
    run: (WebAssembly, tools) => {
      const functions = [
        WebAssembly.validate,
        WebAssembly.compile,
        WebAssembly.Memory.prototype.grow,
        Object.getOwnPropertyDescriptor(WebAssembly.Memory.prototype, "buffer").get,
      ];
      return {
        constructed: functions.map((f) => tools.attempt(() => Reflect.construct(f, []))),
        prototypes: functions.map((f) => Object.hasOwn(f, "prototype")),
      };
    },
  },
  {
    id: "js-subclass",
    title: "A subclass makes objects of the interface with its own prototype",
    covers: ["Web IDL: interface object", "JS API: Memory constructor"],
    expect: {
      isSubclass: true,
      isMemory: true,
      own: "two pages",
      length: 131072,
      grown: 2,
      tag: "[object WebAssembly.Memory]",
    },
    run: (WebAssembly) => {
      class Pages extends WebAssembly.Memory {
        constructor(pages) {
          super({ initial: pages });
          this.pages = pages;
        }

        describe() {
          return `${this.pages === 2 ? "two" : "some"} pages`;
        }
      }
      const memory = new Pages(2);
      return {
        isSubclass: memory instanceof Pages,
        isMemory: memory instanceof WebAssembly.Memory,
        own: memory.describe(),
        length: memory.buffer.byteLength,
        grown: memory.grow(1),
        tag: Object.prototype.toString.call(memory),
      };
    },
  },
  {
    id: "js-new-target-prototype",
    title: "The prototype comes from new.target, or from the interface when it is no object",
    covers: ["Web IDL: internally create a new object"],
    expect: { other: true, fallback: true, brand: 65536 },
    run: (WebAssembly) => {
      const Target = function () {};
      const other = Reflect.construct(WebAssembly.Memory, [{ initial: 1 }], Target);
      const { get } = Object.getOwnPropertyDescriptor(WebAssembly.Memory.prototype, "buffer");
      const NoPrototype = new Proxy(Target, { get: (target, key) => (key === "prototype" ? 5 : target[key]) });
      const fallback = Reflect.construct(WebAssembly.Memory, [{ initial: 1 }], NoPrototype);
      return {
        other: Object.getPrototypeOf(other) === Target.prototype,
        fallback: Object.getPrototypeOf(fallback) === WebAssembly.Memory.prototype,
        brand: Reflect.apply(get, other, []).byteLength,
      };
    },
  },
  {
    id: "js-error-classes",
    title: "The error classes inherit from Error and have name and message on their prototypes",
    covers: ["JS API: error objects", "ECMAScript: NativeError"],
    expect: {
      parents: [true, true, true],
      prototypes: [true, true, true],
      names: ["CompileError", "LinkError", "RuntimeError"],
      messages: ["", "", ""],
      descriptor: { value: "LinkError", writable: true, enumerable: false, configurable: true },
      text: "RuntimeError: broken",
    },
    run: (WebAssembly) => {
      const classes = [WebAssembly.CompileError, WebAssembly.LinkError, WebAssembly.RuntimeError];
      return {
        parents: classes.map((each) => Object.getPrototypeOf(each) === Error),
        prototypes: classes.map((each) => Object.getPrototypeOf(each.prototype) === Error.prototype),
        names: classes.map((each) => each.prototype.name),
        messages: classes.map((each) => each.prototype.message),
        descriptor: Object.getOwnPropertyDescriptor(WebAssembly.LinkError.prototype, "name"),
        text: String(new WebAssembly.RuntimeError("broken")),
      };
    },
  },
  {
    id: "js-error-construction",
    title: "Errors can be made with and without new, with a message and a cause",
    covers: ["JS API: error objects", "ECMAScript: NativeError"],
    expect: {
      called: error("WebAssembly.CompileError"),
      message: { value: "m", writable: true, enumerable: false, configurable: true },
      without: false,
      converted: "5",
      cause: { value: "why", writable: true, enumerable: false, configurable: true },
      subclass: [true, true, "Mine"],
      tag: "[object Error]",
    },
    run: (WebAssembly) => {
      class Mine extends WebAssembly.RuntimeError {}
      Mine.prototype.name = "Mine";
      const mine = new Mine("m");
      const caused = new WebAssembly.LinkError("m", { cause: "why" });
      return {
        called: WebAssembly.CompileError("m"),
        message: Object.getOwnPropertyDescriptor(caused, "message"),
        without: Object.hasOwn(new WebAssembly.LinkError(), "message"),
        converted: new WebAssembly.RuntimeError(5).message,
        cause: Object.getOwnPropertyDescriptor(caused, "cause"),
        subclass: [mine instanceof Mine, mine instanceof WebAssembly.RuntimeError, mine.name],
        tag: Object.prototype.toString.call(mine),
      };
    },
  },
  {
    id: "js-objects-are-extensible",
    title: "Every object of the API takes properties of its own, and keeps them",
    covers: ["Web IDL: platform objects"],
    expect: {
      kept: [1, 2, 3, 4, 5],
      keys: [[], [], [], [], []],
      symbols: symbol("mine"),
      seal: object("WebAssembly.Tag"),
    },
    run: (WebAssembly) => {
      const objects = Object.values(samples(WebAssembly));
      const keys = objects.map((each) => Object.keys(each));
      objects.forEach((each, k) => {
        each.mine = k + 1;
      });
      return {
        kept: objects.map((each) => each.mine),
        keys,
        symbols: Symbol("mine"),
        seal: Object.freeze(new WebAssembly.Tag({ parameters: [] })),
      };
    },
  },
  {
    id: "js-shadowed-members",
    title: "An own property shadows an attribute, whose setter is not called for read-only ones",
    covers: ["Web IDL: attributes"],
    expect: { strict: throws("TypeError"), still: 65536, defined: "mine", behind: any },
    run: (WebAssembly, tools) => {
      const memory = new WebAssembly.Memory({ initial: 1 });
      const strict = tools.attempt(() => {
        memory.buffer = 5;
      });
      const still = memory.buffer.byteLength;
      Object.defineProperty(memory, "buffer", { value: "mine" });
      const { get } = Object.getOwnPropertyDescriptor(WebAssembly.Memory.prototype, "buffer");
      return { strict, still, defined: memory.buffer, behind: get.call(memory).byteLength };
    },
  },
];
