// Functions for signatures of numbers, written out per signature: one piece of code for all types would make the
// engine's caches useless, at three times the cost of a call. Where the page's policy forbids to make code from text,
// the closures in exports.mjs and imports.mjs do the same.

const NUMERIC = /^[iIfd]*$/;
const MOST = 8;

const COERCE = {
  i: (value) => `${value} >>> 0`,
  I: (value) => `BigInt.asUintN(64, ${value})`,
  f: (value) => `Math.fround(${value})`,
  d: (value) => `+${value}`,
};

const BOX = { i: 'fromU32', I: 'fromU64', f: 'fromF64', d: 'fromF64' };

const UNBOX = {
  i: (ptr) => `asU32(${ptr}) | 0`,
  I: (ptr) => `BigInt.asIntN(64, asU64(${ptr}))`,
  f: (ptr) => `asF64(${ptr})`,
  d: (ptr) => `asF64(${ptr})`,
};

const NAMES = `const { depth, suspender, stack, module, none } = link;
const { fromU32, fromU64, fromF64, asU32, asU64, asF64 } = link.python;
const vectorcall = module._PyObject_Vectorcall;
const decref = module._Py_DecRef;`;

/** Whether text may be made into code here. */
export function canCompile() {
  try {
    return new Function('return true')();
  } catch {
    return false;
  }
}

/** Whether a signature is one that `exportMaker` and `importMaker` know. */
export function isCompilable(params, results) {
  return NUMERIC.test(params + results) && params.length <= MOST && results.length <= 1;
}

const makers = new Map();

function maker(kind, params, results, body) {
  const key = `${kind}${params}>${results}`;
  let found = makers.get(key);
  if (found === undefined) {
    found = new Function('link', 'callee', `"use strict";\n${NAMES}\nreturn ${body([...params], results)};`);
    makers.set(key, found);
  }
  return found;
}

/** `(link, callable) => function` that calls Python. */
export function exportMaker(params, results) {
  return maker('export', params, results, exportBody);
}

/** `(link, function) => (args) => ptr` that calls JavaScript. */
export function importMaker(params, results) {
  return maker('import', params, results, importBody);
}

function exportBody(params, result) {
  const each = (text) => params.map(text).join(' ');
  const count = params.length;
  return `(${params.map((_, i) => `a${i}`).join(', ')}) => {
  ${each((letter, i) => `const v${i} = ${COERCE[letter](`a${i}`)};`)}
  depth.enter();
  const suspendable = suspender.value;
  suspender.value = false;
  const top = stack.push(${count + 1});
  try {
    ${each((letter, i) => `const p${i} = ${BOX[letter]}(v${i});`)}
    const heap = module.HEAPU32;
    ${each((_, i) => `heap[top + ${i + 1}] = p${i};`)}
    const ptr = vectorcall(callee, (top + 1) << 2, ${count | 0x80000000}, 0);
    ${each((_, i) => `decref(p${i});`)}
    if (ptr === 0) link.raise();
    ${result ? `const value = ${UNBOX[result]('ptr')};` : ''}
    decref(ptr);
    ${result ? 'return value;' : ''}
  } finally {
    stack.top = top;
    suspender.value = suspendable;
    depth.now--;
  }
}`;
}

function importBody(params, result) {
  const values = params.map((letter, i) => UNBOX[letter](`heap[at + ${i}]`)).join(', ');
  return `(args) => {
  try {
    const heap = module.HEAPU32;
    const at = args >>> 2;
    const value = callee(${values});
    return ${result ? `${BOX[result]}(${COERCE[result]('value')})` : 'none'};
  } catch (error) {
    return link.throwIntoPython(error);
  }
}`;
}
