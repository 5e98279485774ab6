// Checked by the TypeScript compiler without lib "dom", never run: a program for Node.

import { configure, implementation, prepare } from "../../../types/implementation.js";
import { instantiate, moduleExports, planOf } from "../../../types/linker.js";
import { loadPythonWebAssembly } from "../../../types/python.js";

export async function use(bytes: Uint8Array) {
  configure({ cache: false, indexURL: new URL("file:///pyodide/"), workerURL: "worker.js" });
  await prepare();
  const module = await implementation.compile(bytes);
  const { exports } = new implementation.Instance(module, { env: {} });
  const linked = planOf(module) === null ? undefined : instantiate(module).instance;
  const names: string[] = moduleExports(module).map(({ name }) => name);
  const { WebAssembly: wasm } = await loadPythonWebAssembly();
  const memory = new wasm.Memory({ initial: 1 });
  // @ts-expect-error not a module
  planOf(null);
  return { exports, linked, names, memory };
}
