import { MORE_PYTHON, PYTHON } from "./sources/python.mjs";
import { longJumps, putText, takeText } from "../recording/guests.mjs";

export const about = {
  title: "MicroPython runs Python (from PyPI pwasm)",
  language: "C, Emscripten, long jumps",
  distributions: ["pwasm"],
};

function execute(host, sources) {
  const module = new WebAssembly.Module(host.python("pwasm/guests/micropython.wasm"));
  let exports = {};
  let pending = "";
  let written = "";
  const env = {
    host_write: (_, at, length) => {
      written += takeText(exports, at, length);
    },
    host_call: (_name, _length, args, argsLength) => {
      pending = takeText(exports, args, argsLength);
      return pending.length;
    },
    host_take: (at, length) => {
      new Uint8Array(exports.memory.buffer).set(Buffer.from(pending).subarray(0, length), at);
    },
    ...longJumps(module, () => exports, "mp_sandbox_recursion_error"),
  };
  exports = new WebAssembly.Instance(module, { env }).exports;
  exports._initialize();
  const answers = [exports.mp_sandbox_init(64 * 1024)];
  for (const source of [...sources, "import host; print(host.call('echo', 1, 'two', [3]))", "1 / 0", "a b c"]) {
    written = "";
    const [at, length] = putText(exports, source);
    answers.push([exports.mp_sandbox_exec(at, length), written]);
    exports.free(at);
  }
  exports.mp_sandbox_collect();
  return answers;
}

export const short = (host) => execute(host, [PYTHON]);
export const long = (host) => execute(host, [PYTHON, ...MORE_PYTHON]);
