// Structures in a memory, by a description in a small language:
//
//   struct node { u32 key; f32 x, y; char name[16]; ptr<node> left, right; struct { u8 r, g, b } colours[4] }
//
// Numbers are little endian, fields lie as C lays them: at multiples of their alignment, but not in a `packed struct`;
// `u32 x @ 16` says where a field is. All members of a `union` begin at its start. `ptr` is as wide as an address of the
// memory, `ptr32` and `ptr64` are what they say. The names defined before and behind a use are the same.

/**
 * @typedef {{ kind: "number", name: string, size: number, align: number, read: (view: DataView, at: number) => number | bigint | boolean }} NumberType
 * @typedef {{ kind: "pointer", name: string, size: number, align: number, to: Type | null }} PointerType
 * @typedef {{ kind: "array", name: string, size: number, align: number, of: Type, count: number }} ArrayType
 * @typedef {{ name: string, type: Type, offset: number }} Field
 * @typedef {{ kind: "struct" | "union", name: string, size: number, align: number, fields: Field[] }} StructType
 * @typedef {NumberType | PointerType | ArrayType | StructType} Type
 * @typedef {{ text: string, at: number }} Token
 */

const MOST_BYTES = 2 ** 40;
const MOST_DEPTH = 50;

/** @type {Record<string, [size: number, read: NumberType["read"]]>} */
const NUMBERS = {
  u8: [1, (view, at) => view.getUint8(at)],
  i8: [1, (view, at) => view.getInt8(at)],
  u16: [2, (view, at) => view.getUint16(at, true)],
  i16: [2, (view, at) => view.getInt16(at, true)],
  u32: [4, (view, at) => view.getUint32(at, true)],
  i32: [4, (view, at) => view.getInt32(at, true)],
  u64: [8, (view, at) => view.getBigUint64(at, true)],
  i64: [8, (view, at) => view.getBigInt64(at, true)],
  f32: [4, (view, at) => view.getFloat32(at, true)],
  f64: [8, (view, at) => view.getFloat64(at, true)],
  char: [1, (view, at) => view.getUint8(at)],
  bool: [1, (view, at) => view.getUint8(at) !== 0],
};

const POINTERS = { ptr: 0, ptr32: 4, ptr64: 8 };
const WORDS = new Set(["struct", "union", "packed", "void", ...Object.keys(NUMBERS), ...Object.keys(POINTERS)]);

/** A description that is none: what is wrong, and where, from 1. */
export class StructureError extends Error {
  /** @param {string} message @param {string} text @param {number} at */
  constructor(message, text, at) {
    const before = text.slice(0, at).split("\n");
    const line = before.length;
    const column = (before.at(-1)?.length ?? 0) + 1;
    super(`Line ${line}, column ${column}: ${message}`);
    this.at = at;
    this.line = line;
    this.column = column;
  }
}

/** @param {string} text @returns {Token[]} */
function tokensOf(text) {
  const tokens = [];
  const pattern = /\s+|\/\/.*|\/\*[\s\S]*?\*\/|(0x[\da-f]+|\d+|[a-z_$][\w$]*|[{}[\]<>;,@*])/giy;
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const found = pattern.exec(text);
    if (!found) {
      const what = text.startsWith("/*", at)
        ? "a comment has no end"
        : `“${String.fromCodePoint(text.codePointAt(at) ?? 0)}” is no part of a description`;
      throw new StructureError(what, text, at);
    }
    if (found[1] !== undefined) tokens.push({ text: found[1], at });
  }
  return tokens;
}

class Parser {
  #next = 0;
  #depth = 0;
  /** Structures by name; those that are still being read have no size. @type {Map<string, StructType>} */ named =
    new Map();
  /** Pointers to names that may come later. @type {{ token: Token, pointer: PointerType }[]} */ #open = [];
  /** @type {StructType[]} */ found = [];

  /** @param {string} text @param {number} pointerSize */
  constructor(text, pointerSize) {
    this.text = text;
    this.pointerSize = pointerSize;
    this.tokens = tokensOf(text);
  }

  /** @returns {Token} */
  get #token() {
    return this.tokens[this.#next] ?? { text: "", at: this.text.trimEnd().length };
  }

  /** @param {string} message @param {Token} [token] @returns {never} */
  #fail(message, token = this.#token) {
    throw new StructureError(message, this.text, token.at);
  }

  /** @param {string} text */
  #accept(text) {
    if (this.#token.text !== text) return false;
    this.#next += 1;
    return true;
  }

  /** @param {string} text @param {string} why */
  #expect(text, why) {
    if (!this.#accept(text)) this.#fail(`“${text}” is wanted ${why}, not ${this.#here()}`);
  }

  #here() {
    return this.#token.text ? `“${this.#token.text}”` : "the end";
  }

  /** All of the text. */
  program() {
    while (this.#next < this.tokens.length) {
      const start = this.#token;
      if (!["struct", "union", "packed"].includes(start.text))
        this.#fail(`a description begins with “struct”, as struct { u32 next; f32 x, y }, not with ${this.#here()}`);
      this.found.push(this.#structure());
      this.#accept(";");
    }
    for (const { token, pointer } of this.#open) {
      pointer.to =
        this.named.get(token.text)
        ?? this.#fail(
          `there is no structure “${token.text}”: name the one that is meant, struct ${token.text} { … }`,
          token,
        );
    }
    if (this.found.length === 0) this.#fail("describe a structure, as struct { u32 next; f32 x, y }");
    return this.found;
  }

  /** @returns {StructType} */
  #structure() {
    const packed = this.#accept("packed");
    const kind = this.#token.text;
    if (kind !== "struct" && kind !== "union") this.#fail(`“struct” is wanted behind “packed”, not ${this.#here()}`);
    this.#next += 1;
    /** @type {StructType} */
    const type = { kind, name: kind, size: -1, align: 1, fields: [] };
    if (this.#token.text !== "{") {
      const { text } = this.#token;
      const token = this.#name(`a name or “{” is wanted behind “${kind}”`);
      if (this.named.has(text)) this.#fail(`there is another structure “${text}”`, token);
      type.name = text;
      this.named.set(text, type);
    }
    this.#expect("{", `to begin the fields of ${type.name}`);
    if (++this.#depth > MOST_DEPTH) this.#fail(`structures are nested deeper than ${MOST_DEPTH}`);
    const layout = new Layout(type, packed);
    const names = new Set();
    while (!this.#accept("}")) {
      if (!this.#token.text) this.#fail(`“}” is wanted at the end of ${type.name}`);
      this.#fields(layout, names);
      if (!this.#accept(";") && this.#token.text !== "}")
        this.#fail(`“;” is wanted behind a field, not ${this.#here()}`);
    }
    this.#depth -= 1;
    layout.end();
    return type;
  }

  /** @param {string} wanted @returns {Token} */
  #name(wanted) {
    const token = this.#token;
    if (!/^[a-z_$]/i.test(token.text)) this.#fail(`${wanted}, not ${this.#here()}`);
    if (WORDS.has(token.text)) this.#fail(`${wanted}; “${token.text}” is a word of the language`);
    this.#next += 1;
    return token;
  }

  /** One type and its fields. @param {Layout} layout @param {Set<string>} names */
  #fields(layout, names) {
    const start = this.#token;
    const type = this.#type();
    do {
      const token = this.#name("the name of a field is wanted");
      if (names.has(token.text)) this.#fail(`there is another field “${token.text}”`, token);
      names.add(token.text);
      const whole = this.#array(type, start);
      const offset = this.#accept("@") ? this.#number("the offset of the field") : null;
      layout.add(token.text, whole, offset);
      if (layout.size > MOST_BYTES) this.#fail("this is larger than any memory", token);
    } while (this.#accept(","));
  }

  /** The counts behind a name. @param {Type} type @param {Token} start @returns {Type} */
  #array(type, start) {
    const counts = [];
    while (this.#accept("[")) {
      counts.push(this.#number("the number of elements"));
      this.#expect("]", "behind the number of elements");
    }
    for (const count of counts.reverse()) {
      type = arrayOf(type, count);
      if (Math.max(type.size, count) > MOST_BYTES) this.#fail("this is larger than any memory", start);
    }
    return type;
  }

  /** @param {string} what */
  #number(what) {
    const { text } = this.#token;
    if (!/^\d/.test(text)) this.#fail(`${what} is a number, not ${this.#here()}`);
    this.#next += 1;
    return Number(text);
  }

  /** @returns {Type} */
  #type() {
    const token = this.#token;
    const { text } = token;
    if (["struct", "union", "packed"].includes(text)) return this.#structure();
    if (Object.hasOwn(POINTERS, text)) {
      this.#next += 1;
      return this.#pointer(POINTERS[/** @type {"ptr"} */ (text)] || this.pointerSize);
    }
    if (Object.hasOwn(NUMBERS, text)) {
      this.#next += 1;
      const [size, read] = NUMBERS[text];
      return { kind: "number", name: text, size, align: size, read };
    }
    if (text === "void") this.#fail("only a pointer can be to “void”: ptr<void>");
    if (!/^[a-z_$]/i.test(text)) this.#fail(`a type is wanted, not ${this.#here()}`);
    const named = this.named.get(text);
    if (!named)
      this.#fail(
        `there is no type “${text}”: there are ${Object.keys(NUMBERS).join(", ")}, ptr<…> and what is defined before`,
      );
    if (named.size < 0) this.#fail(`${text} would be in itself, without end: write ptr<${text}>`);
    this.#next += 1;
    return named;
  }

  /** What a pointer points to, which may be defined later. @param {number} size @returns {PointerType} */
  #pointer(size) {
    /** @type {PointerType} */
    const pointer = { kind: "pointer", name: "ptr", size, align: size, to: null };
    if (!this.#accept("<")) return pointer;
    const token = this.#token;
    if (this.#accept("void")) pointer.name = "ptr<void>";
    else if (/^[a-z_$]/i.test(token.text) && !WORDS.has(token.text)) {
      this.#next += 1;
      pointer.name = `ptr<${token.text}>`;
      this.#open.push({ token, pointer });
    } else {
      if (++this.#depth > MOST_DEPTH) this.#fail(`pointers are nested deeper than ${MOST_DEPTH}`);
      pointer.to = this.#type();
      this.#depth -= 1;
      pointer.name = `ptr<${pointer.to.name}>`;
    }
    this.#expect(">", "behind what a pointer points to");
    return pointer;
  }
}

/** Where the fields of a structure are. */
class Layout {
  #end = 0;

  /** @param {StructType} type @param {boolean} packed */
  constructor(type, packed) {
    this.type = type;
    this.packed = packed;
    this.size = 0;
  }

  /** @param {string} name @param {Type} type @param {number | null} given */
  add(name, type, given) {
    const align = this.packed ? 1 : type.align;
    const offset = given ?? (this.type.kind === "union" ? 0 : Math.ceil(this.#end / align) * align);
    this.type.fields.push({ name, type, offset });
    this.type.align = Math.max(this.type.align, align);
    this.#end = offset + type.size;
    this.size = Math.max(this.size, this.#end);
  }

  end() {
    this.type.size = Math.ceil(this.size / this.type.align) * this.type.align;
  }
}

/** @param {Type} of @param {number} count @returns {ArrayType} */
export function arrayOf(of, count) {
  return { kind: "array", name: `${of.name}[${count}]`, size: of.size * count, align: of.align, of, count };
}

/**
 * The structures that a text describes, in its order; the last of them is what it is about. Raises `StructureError`.
 * @param {string} text
 * @param {{ pointerSize?: number }} [options] how many bytes an address of the memory has
 * @returns {StructType[]}
 */
export function parseStructures(text, { pointerSize = 4 } = {}) {
  return new Parser(text, pointerSize).program();
}

/** How many parts a value has, that can be shown below it. @param {Type} type */
export function partsOf(type) {
  if (type.kind === "number") return 0;
  if (type.kind === "pointer") return type.to && type.to.size > 0 ? 1 : 0;
  return type.kind === "array" ? type.count : type.fields.length;
}

/** @typedef {{ length: number, bytes: (at: number, count: number) => Uint8Array }} Bytes */

/** Where a pointer leads; null if it is not in the memory itself. @param {Bytes} memory @param {number} at @param {number} size */
export function pointerAt(memory, at, size) {
  const bytes = memory.bytes(at, size);
  if (bytes.length < size) return null;
  const view = new DataView(bytes.buffer);
  return size === 8 ? Number(view.getBigUint64(0, true)) : view.getUint32(0, true);
}

/**
 * A part of a value.
 * @param {Bytes} memory
 * @param {Type} type
 * @param {number} at where the value is
 * @param {number} k
 * @returns {{ name: string, type: Type, at: number } | null} null for what a pointer leads to nowhere
 */
export function partOf(memory, type, at, k) {
  if (type.kind === "array") return { name: `[${k}]`, type: type.of, at: at + k * type.of.size };
  if (type.kind === "pointer") {
    const to = pointerAt(memory, at, type.size);
    return to !== null && type.to ? { name: "*", type: type.to, at: to } : null;
  }
  const { name, type: of, offset } = /** @type {StructType} */ (type).fields[k];
  return { name, type: of, at: at + offset };
}

const MOST_CHARACTERS = 64;
const MOST_PARTS = 8;
const BEHIND = "behind the end";

/** A value for people, in short. @param {Bytes} memory @param {Type} type @param {number} at @returns {string} */
export function valueText(memory, type, at) {
  if (type.kind === "number") return numberText(memory, type, at);
  if (type.kind === "pointer") return pointerText(memory, type, at);
  if (at + type.size > memory.length) return BEHIND;
  if (type.kind === "array" && ["char", "u8"].includes(type.of.name)) {
    const text = textOf(memory.bytes(at, Math.min(type.count, MOST_CHARACTERS)));
    if (text !== null) return text;
  }
  const count = Math.min(partsOf(type), MOST_PARTS);
  const parts = [];
  for (let k = 0; k < count; k++) {
    const part = /** @type {{ name: string, type: Type, at: number }} */ (partOf(memory, type, at, k));
    const simple = part.type.kind === "number" || part.type.kind === "pointer" || isText(part.type);
    const value = simple ? valueText(memory, part.type, part.at) : "…";
    parts.push(type.kind === "array" ? value : `${part.name}: ${value}`);
  }
  if (partsOf(type) > count) parts.push("…");
  return type.kind === "array" ? `[${parts.join(", ")}]` : `{${parts.join(", ")}}`;
}

/** @param {Type} type */
const isText = (type) => type.kind === "array" && type.of.name === "char";

/** @param {Bytes} memory @param {NumberType} type @param {number} at */
function numberText(memory, type, at) {
  const bytes = memory.bytes(at, type.size);
  if (bytes.length < type.size) return BEHIND;
  const value = type.read(new DataView(bytes.buffer), 0);
  if (type.name === "char") return textOf(bytes) ?? String(value);
  return Object.is(value, -0) ? "-0" : String(value);
}

/** @param {Bytes} memory @param {PointerType} type @param {number} at */
function pointerText(memory, type, at) {
  const to = pointerAt(memory, at, type.size);
  if (to === null) return BEHIND;
  if (to === 0) return "null";
  const text = `0x${to.toString(16)}`;
  if (to >= memory.length) return `${text} (${BEHIND})`;
  const target = type.to?.name === "char" ? textOf(memory.bytes(to, MOST_CHARACTERS)) : null;
  return target === null ? text : `${text} ${target}`;
}

/** Bytes up to the first zero as text in quotes, or null if they are none. @param {Uint8Array} bytes */
function textOf(bytes) {
  const end = bytes.indexOf(0);
  const used = end < 0 ? bytes : bytes.subarray(0, end);
  if (used.length === 0 || used.some((byte) => byte < 0x20 || byte === 0x7f)) return null;
  try {
    return JSON.stringify(new TextDecoder("utf-8", { fatal: true }).decode(used));
  } catch {
    return null;
  }
}
