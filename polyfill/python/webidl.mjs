/**
 * The conversions of the Web IDL standard from JavaScript values, and the checks that stand before every operation,
 * for the generated bindings.gen.mjs. `where` is always the text that begins an error's message, as
 * `WebAssembly.Memory.grow()`; `what` says in addition which argument or member is meant.
 *
 * Whatever is used of the language's own library is taken when this file is loaded: a program that replaces it later
 * changes nothing here.
 */

import { namespace as native } from "../common/engine.mjs";
import { disguised, withoutSource } from "../common/native.mjs";
import { isObject } from "../common/values.mjs";

export { isObject };

const { apply, ownKeys } = Reflect;
const { isView } = ArrayBuffer;
const { asIntN } = BigInt;
const { trunc } = Math;
const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf, setPrototypeOf } = Object;

// ---- Errors

/** The TypeError for a receiver or an argument that is not an object of the interface. */
export function illegalReceiver(where, name) {
  return new TypeError(`${where}: the receiver is not a WebAssembly.${name}`);
}

/** Throws a TypeError if fewer arguments were passed than the operation needs. */
export function requireArguments(count, needed, where) {
  if (count < needed) {
    throw new TypeError(`${where}: ${needed} argument${needed > 1 ? "s are" : " is"} required, but ${count} passed`);
  }
}

/** The TypeError for a dictionary without one of its required members. */
export function missingMember(what, member) {
  return new TypeError(`${what}: the required member '${member}' is undefined`);
}

/** A short text for a value in an error's message; runs no code of the value's owner. */
export function show(value) {
  switch (typeof value) {
    case "string":
      return value.length > 40 ? `a string of ${value.length} characters` : `'${value}'`;
    case "symbol":
      return "a symbol";
    case "bigint":
      return "a BigInt";
    case "function":
      return "a function";
    case "object":
      return value === null ? "null" : "an object";
    default:
      return `${value}`;
  }
}

/** Runs a conversion of the language; its TypeErrors (a symbol, a BigInt …) are told with `what`. */
function primitive(value, convert, what) {
  if (isObject(value)) return convert(value); // what the object's own methods throw passes through as it is
  try {
    return convert(value);
  } catch (error) {
    throw new error.constructor(`${what}: ${error.message}`);
  }
}

// ---- Numbers

const toNumber = (value) => +value;

/** ConvertToInt for [EnforceRange] unsigned types up to `maximum`. */
function enforceRange(value, maximum, what) {
  let number = typeof value === "number" ? value : primitive(value, toNumber, what);
  if (!(number > -Infinity && number < Infinity)) throw new TypeError(`${what} must be a finite number, not ${number}`);
  number = trunc(number) + 0; // -0 becomes +0
  if (number < 0 || number > maximum) {
    throw new TypeError(`${what} must be from 0 to ${maximum}, not ${number}`);
  }
  return number;
}

/** [EnforceRange] unsigned long. */
export const enforcedUnsignedLong = (value, what) => enforceRange(value, 0xffffffff, what);

/** unsigned long: modulo 2^32. */
export const unsignedLong = (value, what) => primitive(value, toNumber, what) >>> 0;

// BigInt.asIntN converts its second argument by ToBigInt; so many bits leave every BigInt as it is.
const asBigInt = (value) => asIntN(Number.MAX_SAFE_INTEGER, value);

/** ToBigInt of ECMAScript. */
export const toBigInt = (value, what) => (typeof value === "bigint" ? value : primitive(value, asBigInt, what));

/**
 * AddressValueToU64: a number from 0 to 2^32-1 for the address type i32 (also if it is undefined), a bigint from 0 to
 * 2^64-1 for i64; a TypeError for everything else.
 */
export function addressValue(value, addressType, what) {
  if (addressType !== "i64") return enforcedUnsignedLong(value, what);
  const integer = toBigInt(value, what);
  if (integer < 0n || integer > 0xffffffffffffffffn) {
    throw new TypeError(`${what} must be from 0n to 2n ** 64n - 1n, not ${integer}n`);
  }
  return integer;
}

// ---- Strings

const stringOf = (value) => `${value}`;
const { toWellFormed, replace } = String.prototype;
const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** DOMString: ToString. */
export const domString = (value, what) => (typeof value === "string" ? value : primitive(value, stringOf, what));

/** USVString: ToString, lone surrogates become U+FFFD. */
export function usvString(value, what) {
  const string = domString(value, what);
  return toWellFormed ? apply(toWellFormed, string, []) : apply(replace, string, [LONE_SURROGATE, "\uFFFD"]);
}

/** A value of an enumeration, a Set of strings. */
export function enumeration(value, values, what) {
  const string = domString(value, what);
  if (!values.has(string)) throw new TypeError(`${what} must be one of ${[...values].join(", ")}, not ${show(string)}`);
  return string;
}

// ---- Objects

/** A nullable type. */
export const nullable = (value, convert, what) => (value === undefined || value === null ? null : convert(value, what));

/**
 * object: anything that is an object.
 * @param {any} value of JavaScript's
 * @param {string} what
 * @returns {any}
 */
export function object(value, what) {
  if (!isObject(value)) throw new TypeError(`${what} must be an object, not ${show(value)}`);
  return value;
}

const NO_MEMBERS = Object.freeze({ __proto__: null });

/**
 * What the members of a dictionary are read from: any object, or undefined or null, which have none.
 * @param {any} value of JavaScript's
 * @param {string} what
 * @returns {any}
 */
export function dictionary(value, what) {
  if (value === undefined || value === null) return NO_MEMBERS;
  if (!isObject(value)) throw new TypeError(`${what} must be an object, not ${show(value)}`);
  return value;
}

/**
 * A callback function: anything that can be called.
 * @param {any} value of JavaScript's
 * @param {string} what
 * @returns {any}
 */
export function callback(value, what) {
  if (typeof value !== "function") throw new TypeError(`${what} must be a function, not ${show(value)}`);
  return value;
}

/** An object of an interface: `type` is one of the records that the namespace hands to its implementation. */
export function platformObject(value, type, what) {
  if (type.state(value) === undefined) {
    throw new TypeError(`${what} must be a WebAssembly.${type.name}, not ${show(value)}`);
  }
  return value;
}

/** sequence: an array of the converted items that the value's iterator gives. */
export function sequence(value, convert, what) {
  const method = object(value, what)[Symbol.iterator];
  if (method === undefined || method === null) throw new TypeError(`${what} must be iterable`);
  if (typeof method !== "function") throw new TypeError(`${what} must be iterable: its iterator is not a function`);
  const iterator = apply(method, value, []);
  if (!isObject(iterator)) throw new TypeError(`${what} must be iterable: its iterator is not an object`);
  const { next } = iterator;
  const items = [];
  for (let index = 0; ; index += 1) {
    if (typeof next !== "function") throw new TypeError(`${what} must be iterable: it has no method next`);
    const step = apply(next, iterator, []);
    if (!isObject(step)) throw new TypeError(`${what} must be iterable: a step is not an object`);
    if (step.done) return items;
    // Defined, not assigned: setters on Array.prototype are not called. The iterator is not closed when this throws.
    defineProperty(items, index, {
      value: convert(step.value, `${what}[${index}]`),
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
}

/** Promise: a new promise that is resolved with the value. */
export const promiseOf = (value) => new Promise((resolve) => resolve(value));

/** Runs an operation that returns a promise: what it throws rejects the promise. */
export const promise = (operation) => new Promise((resolve) => resolve(operation()));

// ---- Buffer sources

/** @returns {Function} undefined in engines that have no such attribute: `read` asks */
const getter = (prototype, name) => Object(getOwnPropertyDescriptor(prototype, name)).get;
const typedArray = getPrototypeOf(Uint8Array.prototype);
const typedArrayName = getter(typedArray, Symbol.toStringTag);
const viewed = {
  typed: ["buffer", "byteOffset", "byteLength"].map((name) => getter(typedArray, name)),
  data: ["buffer", "byteOffset", "byteLength"].map((name) => getter(DataView.prototype, name)),
};
const arrayBuffer = ArrayBuffer.prototype;
const sharedArrayBuffer = typeof SharedArrayBuffer === "undefined" ? undefined : SharedArrayBuffer.prototype;

/** The value of an intrinsic getter, or undefined where it throws: another kind of object, a detached buffer. */
function read(get, value) {
  try {
    return get === undefined ? undefined : apply(get, value, []);
  } catch {
    return undefined;
  }
}

const byteLengthOf = {
  unshared: getter(arrayBuffer, "byteLength"),
  shared: sharedArrayBuffer && getter(sharedArrayBuffer, "byteLength"),
};
const isResizable = getter(arrayBuffer, "resizable");
const isGrowable = sharedArrayBuffer && getter(sharedArrayBuffer, "growable");

/** The getters of buffer, byteOffset and byteLength for a view's kind. */
const gettersOf = (view) => (apply(typedArrayName, view, []) === undefined ? viewed.data : viewed.typed);

/** Buffer sources: BufferSource, with [AllowShared] and [AllowResizable] where the flags say so. */
export function bufferSource(value, { shared, resizable }, what) {
  const buffer = isView(value) ? apply(gettersOf(value)[0], value, []) : value;
  const unshared = isObject(buffer) && read(byteLengthOf.unshared, buffer) !== undefined;
  if (!unshared && !(isObject(buffer) && read(byteLengthOf.shared, buffer) !== undefined)) {
    throw new TypeError(`${what} must be an ArrayBuffer, a SharedArrayBuffer or a view of one, not ${show(value)}`);
  }
  if (!unshared && !shared) throw new TypeError(`${what} must not be shared`);
  if (!resizable && (read(isResizable, buffer) || read(isGrowable, buffer))) {
    throw new TypeError(`${what} must not be resizable`);
  }
  return value;
}

/** Whether a buffer is detached; no view can be made of it then. */
function isDetached(buffer) {
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/**
 * A copy of the bytes that a buffer source holds, as a Uint8Array: none if its buffer is detached, or if it is a typed
 * array beyond the end of its buffer; a TypeError for a DataView that is.
 */
export function copyBytes(source) {
  let [buffer, offset, length] = [source, 0, undefined];
  if (isView(source)) {
    const [bufferOf, offsetOf, lengthOf] = gettersOf(source);
    buffer = apply(bufferOf, source, []);
    if (isDetached(buffer)) return new Uint8Array(0);
    offset = apply(offsetOf, source, []);
    length = apply(lengthOf, source, []);
  } else if (isDetached(source)) {
    return new Uint8Array(0);
  }
  const bytes = new Uint8Array(buffer, offset, length);
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy;
}

// ---- Interfaces

/**
 * Gives a new object the prototype of its interface where the class that was constructed names none. (For a class of
 * JavaScript the engine takes Object.prototype then.)
 */
export function adoptPrototype(object, target, type) {
  if (getPrototypeOf(getPrototypeOf(object)) !== null || isObject(target.prototype)) return;
  setPrototypeOf(object, type.prototype);
}

/**
 * Makes the members of a class enumerable, as those of an interface are, and gives it its class string. Returns the class
 * that programs see: accessors alone show their source, because all else would make them several times slower.
 */
export function finishInterface(type) {
  const visible = disguised(type);
  for (const key of ownKeys(type)) {
    if (OF_FUNCTIONS.includes(/** @type {string} */ (key))) continue;
    defineProperty(type, key, { value: withoutSource(type[key]), enumerable: true });
  }
  const { constructor: _, ...members } = Object.getOwnPropertyDescriptors(type.prototype);
  for (const [key, attributes] of Object.entries(members)) {
    const { value } = attributes;
    defineProperty(type.prototype, key, { ...attributes, enumerable: true, ...(value && { value: disguised(value) }) });
  }
  defineProperty(type.prototype, "constructor", { value: visible });
  order(type);
  order(type.prototype);
  tag(type.prototype, `WebAssembly.${type.name}`);
  return visible;
}

/**
 * Lets the objects of an interface be sources of modules: they have AbstractModuleSource in their prototype chain, and
 * the class has it in its own. `isOne` tells the objects.
 */
export function inheritModuleSource(type, isOne) {
  const name = type.name;
  class AbstractModuleSource {
    constructor() {
      throw new TypeError("AbstractModuleSource cannot be constructed");
    }

    get [Symbol.toStringTag]() {
      return isOne(this) ? `WebAssembly.${name}` : undefined;
    }
  }
  const visible = disguised(AbstractModuleSource);
  defineProperty(AbstractModuleSource.prototype, "constructor", { value: visible });
  setPrototypeOf(type, visible);
  setPrototypeOf(type.prototype, AbstractModuleSource.prototype);
}

/** Takes members away whose feature is not there. */
export function removeMembers(members, names) {
  for (const name of names) Reflect.deleteProperty(members, name);
}

/** Gives an object the class string that Object.prototype.toString shows. */
export function tag(target, text) {
  defineProperty(target, Symbol.toStringTag, { value: text, writable: false, enumerable: false, configurable: true });
}

/** The members of a namespace, in the order in which V8 has them; other engines have other orders. */
const ORDER = [
  ...["compile", "validate", "instantiate"],
  ...["Module", "Instance", "Table", "Memory", "Global", "Tag", "JSTag", "Exception"],
  ...["CompileError", "LinkError", "RuntimeError"],
  ...["compileStreaming", "instantiateStreaming", "Suspending", "promising", "SuspendError"],
];

/** The members of interfaces, likewise. */
const MEMBERS = [
  ...["constructor", "imports", "exports", "customSections", "length", "grow", "buffer", "set", "get"],
  ...["toFixedLengthBuffer", "toResizableBuffer", "valueOf", "value", "getArg", "is", "stack"],
];

/** What every function has first. */
const OF_FUNCTIONS = ["length", "name", "prototype"];

/** Puts the own properties of a class or its prototype into that order; others follow. */
function order(target) {
  const isClass = typeof target === "function";
  const keys = ownKeys(target).filter((key) => !isClass || !OF_FUNCTIONS.includes(/** @type {string} */ (key)));
  const known = MEMBERS.filter((key) => keys.includes(key));
  for (const key of [...known, ...keys.filter((key) => !known.includes(/** @type {string} */ (key)))]) {
    const attributes = /** @type {PropertyDescriptor} */ (getOwnPropertyDescriptor(target, key));
    Reflect.deleteProperty(target, key);
    defineProperty(target, key, attributes);
  }
}

const { CompileError, LinkError, RuntimeError } = native;

/** The namespace object of operations, attributes and classes, with the error classes that are given, else the engine's. */
export function makeNamespace(members, classes, errors = { CompileError, LinkError, RuntimeError }) {
  /** @type {Record<string, PropertyDescriptor>} */
  const found = Object.getOwnPropertyDescriptors(members);
  for (const attributes of Object.values(found)) {
    if (attributes.value) attributes.value = withoutSource(attributes.value);
  }
  for (const [name, value] of Object.entries({ ...classes, ...errors })) {
    // Unlike operations they are not enumerable.
    found[name] = { value, writable: true, enumerable: false, configurable: true };
  }
  const namespace = {};
  for (const name of new Set([...ORDER, ...Object.keys(found)])) {
    if (name in found) defineProperty(namespace, name, found[name]);
  }
  tag(namespace, "WebAssembly");
  return namespace;
}
