// Runs `inside/program.py` in a Pyodide of any version, under Node or Deno: `node run_in_pyodide.mjs FOLDER WHEEL`.
// The last line of standard output is what it found, as JSON.
import { readFileSync } from "node:fs";
import process from "node:process";
import { pathToFileURL } from "node:url";

const [folder, wheel] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`).href);
const pyodide = await loadPyodide({ indexURL: `${folder}/` });
pyodide.unpackArchive(new Uint8Array(readFileSync(wheel)), "wheel");
pyodide.FS.writeFile("/home/pyodide/program.py", readFileSync(new URL("inside/program.py", import.meta.url)));
const found = await pyodide.runPythonAsync(`
import js, json, program
from pyjsapi import WebAssembly, javascript, wat2wasm

found = await program.run()
found["bytes of JavaScript"] = WebAssembly.validate(js.Uint8Array.new(list(wat2wasm("(module)"))))
javascript.enable()
found["shared with JavaScript"] = program.shared()
found["worker"] = await program.worker(program.work)
await javascript.prepare_workers()
found["prepared worker"] = await program.worker("program:work")
json.dumps(found)
`);
process.stdout.write(`\n${found}\n`, () => process.exit(0));
