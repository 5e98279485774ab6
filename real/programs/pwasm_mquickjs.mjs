import { longJumps, putText, takeText } from "../recording/guests.mjs";

export const about = {
  title: "Micro QuickJS evaluates JavaScript (from PyPI pwasm)",
  language: "C, Emscripten, long jumps",
  distributions: ["pwasm"],
};

// It knows ECMAScript 5.
const SOURCES = [
  "1 + 2 * 3 % 7 - (8 >>> 1)",
  String.raw`/\d+/.exec("ab12c")[0] + "x7y".replace(/\d/g, "$&$&")`,
  "[5, 3, 9, 1, 7].sort(function (a, b) { return a - b; }).join() + JSON.stringify({ a: [1, 2.5, 'é', null] })",
  "(function () { var f = function (n) { return n < 2 ? n : f(n - 1) + f(n - 2); }; return f(9); })()",
  "(function () { try { null.x; } catch (e) { return e.name; } finally { var z = 1; } })()",
  "(function () { var c = (function () { var n = 0; return function () { return ++n; }; })(); c(); return c(); })()",
  "throw new RangeError('thrown')",
  "syntax error here",
];
const MORE = [
  "(function () { var s = []; for (var k = 2; s.length < 30; k++) { var p = true; for (var i = 0; i < s.length; i++) if (k % s[i] === 0) { p = false; break; } if (p) s.push(k); } return s.join(); })()",
  "[0.1 + 0.2, 1e21, 123456789.125, 5e-324, 1 / 3, Math.sin(1), Number('0x1F'), (255).toString(36), (1234.5).toFixed(2)].join()",
  "(function () { function A(x) { this.x = x; } A.prototype.get = function () { return this.x * 2; }; return new A(21).get() + (new A(1) instanceof A); })()",
  "'a-b-c'.split('-').reverse().map(function (c) { return c.toUpperCase(); }).join('+') + 'hello'.substring(1, 3) + 'abc'.charCodeAt(1)",
  'JSON.stringify(JSON.parse(\'{"a":[1,{"b":"\\\\u00e9"}],"c":-1.5e2}\'))',
  "(function () { var o = { a: 1, get b() { return 5; } }; var t = ''; for (var k in o) t += k + o[k]; return t + Object.keys(o).length; })()",
  "(function () { var r = ''; for (var i = 0; i < 4; i++) switch (i) { case 1: r += 'one'; break; case 2: r += 'two'; default: r += 'd'; } return r; })()",
  "(function f(n) { return f(n + 1) + 1; })(0)",
];

function evaluate(host, sources) {
  const module = new WebAssembly.Module(host.python("pwasm/guests/mquickjs.wasm"));
  let exports = {};
  let temporary = 0;
  const env = {
    abort: () => {
      throw new Error("abort");
    },
    __assert_fail: () => {
      throw new Error("assertion");
    },
    setTempRet0: (value) => {
      temporary = value;
    },
    getTempRet0: () => temporary,
    emscripten_resize_heap: (size) => {
      const pages = Math.ceil(((size >>> 0) - exports.memory.buffer.byteLength) / 65536);
      if (pages > 0) exports.memory.grow(pages);
      return 1;
    },
    emscripten_memcpy_big: (to, from, length) => {
      new Uint8Array(exports.memory.buffer).copyWithin(to, from, from + length);
      return to;
    },
    ...longJumps(module, () => exports),
  };
  exports = new WebAssembly.Instance(module, { env }).exports;
  exports.__wasm_call_ctors();
  const answers = [exports.sandbox_init(256 * 1024)];
  for (const source of sources) {
    const [at] = putText(exports, source);
    const result = exports.sandbox_eval(at);
    exports.free(at);
    answers.push(result === 0 ? [takeText(exports, exports.sandbox_get_error())] : takeText(exports, result));
  }
  exports.sandbox_free();
  return answers;
}

export const short = (host) => evaluate(host, SOURCES);
export const long = (host) => evaluate(host, [...SOURCES, ...MORE]);
