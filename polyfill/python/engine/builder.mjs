// Small WebAssembly modules, written instruction by instruction.

/** Value types by the letters of ../link.mjs. */
const TYPES = { i: 0x7f, I: 0x7e, f: 0x7d, d: 0x7c };

const [TYPE, IMPORT, FUNCTION, GLOBAL, EXPORT, CODE] = [1, 2, 3, 6, 7, 10];
const END = 0x0b;

/** An unsigned number in LEB128. */
function unsigned(number) {
  return number < 128 ? [number] : [(number & 127) | 128, ...unsigned(number >>> 7)];
}

/** A signed one of 32 bits. */
function signed(number) {
  const low = number & 127;
  const rest = number >> 7;
  return (rest === 0 && low < 64) || (rest === -1 && low >= 64) ? [low] : [low | 128, ...signed(rest)];
}

const sized = (bytes) => [...unsigned(bytes.length), ...bytes];
const vector = (items) => [...unsigned(items.length), ...items.flat()];
const section = (id, items) => (items.length ? [id, ...sized(vector(items))] : []);
const name = (text) => sized([...text].map((character) => character.charCodeAt(0)));
const types = (letters) => vector([...letters].map((letter) => [TYPES[letter]]));

/** Instructions, each a list of bytes. */
export const op = {
  unreachable: [0x00],
  if: [0x04, 0x40],
  end: [END],
  return: [0x0f],
  drop: [0x1a],
  eqz: [0x45],
  gt_u: [0x4b],
  add: [0x6a],
  call: (index) => [0x10, ...unsigned(index)],
  get: (index) => [0x20, ...unsigned(index)],
  set: (index) => [0x21, ...unsigned(index)],
  tee: (index) => [0x22, ...unsigned(index)],
  getGlobal: (index) => [0x23, ...unsigned(index)],
  setGlobal: (index) => [0x24, ...unsigned(index)],
  load: (offset) => [0x28, 2, ...unsigned(offset)],
  store: (offset) => [0x36, 2, ...unsigned(offset)],
  i32: (value) => [0x41, ...signed(value)],
};

const ZEROS = { i: [0x41, 0], I: [0x42, 0], f: [0x43, 0, 0, 0, 0], d: [0x44, 0, 0, 0, 0, 0, 0, 0, 0] };

/** A module that is being written. Functions and globals are imported before others are defined. */
export class Builder {
  #types = [];
  #imports = [];
  #functions = [];
  #globals = [];
  #exports = [];
  #bodies = [];
  #functionCount = 0;
  #globalCount = 0;

  #type(params, results) {
    const text = `${params}>${results}`;
    const found = this.#types.indexOf(text);
    return found >= 0 ? found : this.#types.push(text) - 1;
  }

  #import(moduleName, itemName, description) {
    this.#imports.push([...name(moduleName), ...name(itemName), ...description]);
  }

  importFunction(moduleName, itemName, params, results) {
    this.#import(moduleName, itemName, [0, ...unsigned(this.#type(params, results))]);
    return this.#functionCount++;
  }

  importMemory(moduleName, itemName) {
    this.#import(moduleName, itemName, [2, 0, 0]);
  }

  importGlobal(moduleName, itemName, letter, mutable) {
    this.#import(moduleName, itemName, [3, TYPES[letter], mutable ? 1 : 0]);
    return this.#globalCount++;
  }

  /** A mutable global. */
  global(letter) {
    this.#globals.push([TYPES[letter], 1, ...ZEROS[letter], END]);
    return this.#globalCount++;
  }

  /** A function that is exported. `locals` are letters, `body` a list of instructions. */
  function(exportName, params, results, locals, body) {
    const index = this.#functionCount++;
    this.#functions.push(unsigned(this.#type(params, results)));
    this.#exports.push([...name(exportName), 0, ...unsigned(index)]);
    const declared = vector([...locals].map((letter) => [1, TYPES[letter]]));
    this.#bodies.push(sized([...declared, ...body.flat(), END]));
    return index;
  }

  bytes() {
    const signatures = this.#types.map((text) => {
      const [params, results] = text.split(">");
      return [0x60, ...types(params), ...types(results)];
    });
    return Uint8Array.from([
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(TYPE, signatures),
      ...section(IMPORT, this.#imports),
      ...section(FUNCTION, this.#functions),
      ...section(GLOBAL, this.#globals),
      ...section(EXPORT, this.#exports),
      ...section(CODE, this.#bodies),
    ]);
  }
}
