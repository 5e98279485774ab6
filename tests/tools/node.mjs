// Modules that the tools make, in Node. In: {modules, join: {caller, callee, adapter}} in base64 on standard input. Out:
// which modules are valid, and the text that `join` gave.

import { readFileSync } from "node:fs";

const { modules, join } = JSON.parse(readFileSync(0, "utf8"));
const bytes = (text) => Buffer.from(text, "base64");
const instance = (text, imports) => new WebAssembly.Instance(new WebAssembly.Module(bytes(text)), imports).exports;

let adapter;
const callee = instance(join.callee, {});
const caller = instance(join.caller, { adapter: { join: (...flat) => adapter.join(...flat) } });
adapter = instance(join.adapter, { caller, callee });
caller.run();
const view = new DataView(caller.memory.buffer);
const text = Buffer.from(caller.memory.buffer, view.getUint32(8, true), view.getUint32(12, true));

console.log(JSON.stringify({ valid: modules.map((m) => WebAssembly.validate(bytes(m))), text: String(text) }));
