// One of several workers that have a module's shared memories. In: {module, plan, memories, slot, start, call}, then {go}.
// Out: {ready}, {result}.

import { Run } from "./runner.mjs";

/** @type {() => void} */
let go = () => {};

addEventListener("message", ({ data }) => {
  if (data.go) go();
  else prepare(data);
});

/** @param {any} given */
function prepare({ plan, memories, slot, start, call }) {
  const run = new Run(WebAssembly, { ...plan, calls: [call] });
  try {
    const imports = run.imports();
    for (const { module, name, memory, descriptor } of memories) {
      imports[module] ??= Object.create(null);
      imports[module][name] = memory ?? new WebAssembly.Memory(descriptor);
    }
    run.instance = new WebAssembly.Instance(new WebAssembly.Module(plan.bytes), imports);
    run.instance.exports[slot].value = start;
  } catch (error) {
    postMessage({ result: { error: { name: error.name, message: error.message }, log: [], logged: 0, ms: 0 } });
    return;
  }
  go = () => postMessage({ result: run.once(call) });
  postMessage({ ready: true });
}
