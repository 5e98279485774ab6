/** Expressions of JavaScript for interpreters of it; each gives a value that JSON can carry. */
export const JAVASCRIPT = [
  "1 + 2 * 3 ** 2 % 7 - (8 >>> 1)",
  String.raw`/\d+/.exec("ab12c")[0] + "x7y".replace(/\d/g, "$&$&") + /^(?:a|b)*?(?<n>c)\1?$/u.test("abac")`,
  'JSON.stringify({ a: [1, 2.5, "é😀", null, { b: [] }], c: JSON.parse("[1e3, true, \\"\\\\u0041\\"]") })',
  "[5, 3, 9, 1, 7].sort((a, b) => a - b).map((x) => x * x).filter((x) => x % 3).reduce((a, b) => a + b, 0)",
  "(() => { const f = (n) => (n < 2 ? n : f(n - 1) + f(n - 2)); return f(10); })()",
  "(() => { const make = () => { let n = 0; return () => ++n; }; const c = make(); c(); return c() + make()(); })()",
  "String((2n ** 100n - 1n) / 12345678901n) + String(-7n % 3n)",
  "(() => { try { null.x; } catch (e) { return e.name + (e instanceof TypeError); } finally { globalThis.z = 1; } })()",
  "(() => { function* g(n) { for (let k = 0; k < n; k++) yield k * (yield k) || k; } return [...g(4)]; })()",
  "(() => { class A { #x = 1; get x() { return this.#x; } static s = 5; } class B extends A {} return new B().x + B.s; })()",
  "[0.1 + 0.2, 1e21, 123456789.125, -0, 5e-324, 1 / 3, Math.hypot(3, 4), Math.sin(1), Number('0x1F'), (255).toString(36)]",
  "throw new RangeError('thrown')",
  "syntax error here",
];

/** Longer ones. */
export const MORE_JAVASCRIPT = [
  "(() => { const seen = []; for (let k = 2; seen.length < 60; k++) if (seen.every((p) => k % p)) seen.push(k); return seen; })()",
  String.raw`"the quick brown fox".split(/\s+/).map((w) => w[0].toUpperCase() + w.slice(1)).join(" ").padStart(30, "*")`,
  String.raw`"2024-02-29T12:00:00Z".match(/(\d{4})-(\d\d)-(\d\d)T(?=\d)(?<rest>.*)(?<!x)$/).groups.rest`,
  "(() => { const m = new Map(), s = new Set(); for (let k = 0; k < 200; k++) { m.set(`k${k % 17}`, k); s.add(k % 13); } return [...m, ...s]; })()",
  "new Date(0).toISOString() + new Date(2024, 1, 30).getMonth() + Date.UTC(1970, 0, 2)",
  "(() => { const a = new Float64Array([1.5, -2, NaN]); return [...new Uint8Array(a.buffer)].join() + a.indexOf(-2); })()",
  "(() => { label: for (let i = 0; i < 5; i++) for (let j = 0; ; j++) { if (j === 3) continue label; if (i === 3) break label; globalThis.z += j; } return z; })()",
  "(() => { const p = new Proxy({}, { get: (_, k) => `got ${String(k)}`, has: () => true }); return p.a + ('b' in p); })()",
  "(() => { const { a, ...rest } = { a: 1, b: 2, c: { d: [3, 4] } }; const [x, , y = 5, ...z] = [1, 2, undefined, 4]; return [a, rest, x, y, z]; })()",
  "(() => { const long = Array.from({ length: 300 }, (_, k) => ((k * 7919) % 1009).toString(16)); return long.sort().join('').length; })()",
  "(() => { let r = 0; Promise.resolve(5).then((v) => { r = v; }); (async () => { await null; r++; })(); return r; })()",
  "(() => { const deep = (n) => (n ? [deep(n - 1)] : []); return JSON.stringify(deep(50)).length; })()",
  "(() => { const f = (n) => f(n + 1) + 1; try { f(0); } catch (e) { return e.constructor.name; } })()",
  "eval('var v = 5; v * 2') + new Function('a', 'b', 'return a ** b')(2, 10)",
  "encodeURIComponent('ä/ß?') + decodeURIComponent('%E2%82%AC') + 'İ'.toLowerCase().length + 'ß'.toUpperCase() + 'Å'.normalize('NFD').length",
  "[1234.5678.toFixed(2), (1e-7).toString(), (123.456).toPrecision(4), (0.00001234).toExponential(2), parseFloat('3.14abc'), parseInt('077', 8)]",
  "(() => { const w = new WeakMap(), k = {}; w.set(k, 1); const s = Symbol('s'); return [w.get(k), s.toString(), typeof s, Symbol.for('a') === Symbol.for('a')]; })()",
  "String(BigInt.asUintN(64, -1n)) + String(0xffff_ffff_ffff_ffffn * 0x1234_5678n) + (5n > 4) + String((-1n) >> 3n)",
];
