// Checked by the TypeScript compiler, never run: what must and what must not be accepted.

import { implementation } from "../../../types/implementation.js";
import { planOf } from "../../../types/linker.js";
import { loadPythonWebAssembly } from "../../../types/python.js";

export async function use(response: Promise<Response>) {
  const { WebAssembly: wasm, install } = await loadPythonWebAssembly({ link: "proxy", limits: { maxMemoryPages: 3 } });
  const likeTheEngines: typeof WebAssembly = wasm;
  const theEngines: typeof WebAssembly = implementation;
  const plan = planOf(new WebAssembly.Module(new Uint8Array(8)));
  const bytes = new Uint8Array(8);
  const module = new wasm.Module(bytes, { builtins: ["js-string"], importedStringConstants: null });
  const { instance } = await wasm.instantiate(bytes, { a: { b: () => 1 } });
  const add = instance.exports.add;
  const memory = new wasm.Memory({ initial: 1n, address: "i64" });
  memory.grow(1n);
  const old = new wasm.Memory({ initial: 1 });
  old.grow(1);
  const table = new wasm.Table({ element: "externref", initial: 1 }, "a");
  table.set(0, "x");
  const tag = new wasm.Tag({ parameters: ["i32", "externref"] });
  const exception = new wasm.Exception(tag, [1, null], { traceStack: true });
  const value: string = exception.getArg(wasm.JSTag, 0);
  if (exception.is(tag)) throw new wasm.RuntimeError("no");
  wasm.Module.exports(module).map(({ kind, name }) => kind + name);
  const streamed: WebAssembly.Module = await wasm.compileStreaming(response);
  // @ts-expect-error an address type is i32 or i64
  new wasm.Memory({ initial: 1, address: "i16" });
  // @ts-expect-error not bytes
  new wasm.Module("text");
  const restore: () => void = install();
  return { likeTheEngines, theEngines, plan, add, value, streamed, restore };
}
