// Calls written out per signature: one piece of code for all types would make the engine's caches useless, at three
// times the cost of a call. Where the page's policy forbids to make code from text, the closures in exports.mjs and
// imports.mjs do the same.

const LETTERS = /^[iIfdOrFA]*$/;
const REFERENCES = "rFA";
const MOST = 8;

const COERCE = {
  i: (value) => `${value} >>> 0`,
  I: (value) => `BigInt.asUintN(64, ${value})`,
  f: (value) => `Math.fround(${value})`,
  d: (value) => `+${value}`,
};

const BOX = { i: "fromU32", I: "fromU64", f: "fromF64", d: "fromF64" };

/** From a value that is converted already. */
const box = (letter, value) => {
  if (letter === "O") return value;
  return REFERENCES.includes(letter) ? `references.${letter}.toPython(${value})` : `${BOX[letter]}(${value})`;
};

const unbox = (letter, ptr) => {
  if (letter === "i") return `asU32(${ptr}) | 0`;
  if (letter === "I") return `BigInt.asIntN(64, asU64(${ptr}))`;
  if (letter === "O") return ptr;
  return REFERENCES.includes(letter) ? `references.${letter}.fromPython(${ptr})` : `asF64(${ptr})`;
};

const NAMES = `const { depth, suspender, stack, module, none, references } = link;
const { fromU32, fromU64, fromF64, asU32, asU64, asF64 } = link.python;
const vectorcall = module._PyObject_Vectorcall;
const decref = module._Py_DecRef;`;

/** Whether text may be made into code here. */
export function canCompile() {
  try {
    return new Function("return true")();
  } catch {
    return false;
  }
}

/** Whether a signature is one that `exportMaker` and `importMaker` know. */
export function isCompilable(params, results) {
  return LETTERS.test(params + results) && params.length <= MOST && results.length <= 1;
}

const makers = new Map();

function maker(kind, params, results, body) {
  const key = `${kind}${params}>${results}`;
  let found = makers.get(key);
  if (found === undefined) {
    found = new Function("link", "callee", `"use strict";\n${NAMES}\nreturn ${body([...params], results)};`);
    makers.set(key, found);
  }
  return found;
}

/** `(link, callable) => function` that calls Python. */
export function exportMaker(params, results) {
  return maker("export", params, results, exportBody);
}

/** `(link, function) => (args) => ptr` that calls JavaScript. */
export function importMaker(params, results) {
  return maker("import", params, results, importBody);
}

function exportBody(params, result) {
  const each = (text) => params.map(text).join(" ");
  const owned = params.flatMap((letter, i) => (letter === "O" ? [] : [i]));
  // References may be refused, which must not lose what is made already.
  const mayFail = params.some((letter) => REFERENCES.includes(letter));
  const release = owned.map((i) => (mayFail ? `if (p${i}) decref(p${i});` : `decref(p${i});`)).join(" ");
  const convert = (letter, i) => (letter in COERCE ? COERCE[letter](`a${i}`) : `a${i}`);
  const call = `${each((_, i) => `heap[top + ${i + 1}] = p${i};`)}
    ptr = vectorcall(callee, (top + 1) << 2, ${params.length | 0x80000000}, 0);`;
  const make = mayFail
    ? `${params.length ? `let ${params.map((_, i) => `p${i} = 0`).join(", ")};` : ""}
    try {
      ${each((letter, i) => `p${i} = ${box(letter, convert(letter, i))};`)}
      const heap = module.HEAPU32;
      ${call}
    } finally {
      ${release}
    }`
    : `${each((letter, i) => `const p${i} = ${box(letter, `v${i}`)};`)}
    const heap = module.HEAPU32;
    ${call}
    ${release}`;
  let finish = "decref(ptr);";
  if (result === "O") finish = "return ptr;";
  else if (result && REFERENCES.includes(result)) {
    finish = `try { return ${unbox(result, "ptr")}; } finally { decref(ptr); }`;
  } else if (result) finish = `const value = ${unbox(result, "ptr")}; decref(ptr); return value;`;
  return `(${params.map((_, i) => `a${i}`).join(", ")}) => {
  ${mayFail ? "" : each((letter, i) => `const v${i} = ${convert(letter, i)};`)}
  depth.enter();
  const suspendable = suspender.value;
  suspender.value = false;
  let top = stack.top;
  try {
    top = stack.push(${params.length + 1});
    let ptr;
    ${make}
    if (ptr === 0) link.raise();
    ${finish}
  } finally {
    stack.top = top;
    suspender.value = suspendable;
    depth.now--;
  }
}`;
}

function importBody(params, result) {
  // All arguments are read first: a hook may make Pyodide's memory grow, and with it the view another.
  const read = params.map((_, i) => `const p${i} = heap[at + ${i}];`).join(" ");
  const values = params.map((letter, i) => unbox(letter, `p${i}`)).join(", ");
  const converted = result in COERCE ? COERCE[result]("value") : "value";
  return `(args) => {
  try {
    const heap = module.HEAPU32;
    const at = args >>> 2;
    ${read}
    const value = callee(${values});
    return ${result ? box(result, converted) : "none"};
  } catch (error) {
    return link.throwIntoPython(error);
  }
}`;
}
