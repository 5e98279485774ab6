import { JAVASCRIPT, MORE_JAVASCRIPT } from "./sources/javascript.mjs";
import { putText, takeText } from "../recording/guests.mjs";
import { Wasi } from "../recording/wasi.mjs";

export const about = {
  title: "QuickJS-NG evaluates JavaScript (from PyPI pwasm)",
  language: "C, wasi-sdk",
  distributions: ["pwasm"],
};

function evaluate(host, sources) {
  const module = new WebAssembly.Module(host.python("pwasm/guests/quickjs.wasm"));
  const wasi = new Wasi();
  let pending = "";
  let written = "";
  const env = {
    host_write: (fd, at, length) => {
      written += `${fd}:${takeText(exports, at, length)}`;
    },
    host_call: (name, nameLength, args, argsLength) => {
      const given = JSON.parse(takeText(exports, args, argsLength));
      pending = JSON.stringify({ name: takeText(exports, name, nameLength), sum: given.reduce((a, b) => a + b, 0) });
      return pending.length;
    },
    host_take: (at, length) => {
      new Uint8Array(exports.memory.buffer).set(Buffer.from(pending).subarray(0, length), at);
    },
    host_interrupt: () => 0,
  };
  const { exports } = new WebAssembly.Instance(module, { env, wasi_snapshot_preview1: wasi.imports(module) });
  wasi.attach(exports.memory);
  exports._initialize();
  const answers = [exports.qjs_init(0, 48 * 1024)];
  for (const source of [...sources, "host.add(1, 2, 3.5).sum"]) {
    written = "";
    const [at, length] = putText(exports, source);
    const status = exports.qjs_eval(at, length);
    exports.free(at);
    answers.push([status, written]);
  }
  exports.qjs_gc();
  answers.push(exports.qjs_memory_usage());
  return answers;
}

export const short = (host) => evaluate(host, JAVASCRIPT.slice(0, 6));
export const long = (host) => evaluate(host, [...JAVASCRIPT, ...MORE_JAVASCRIPT]);
