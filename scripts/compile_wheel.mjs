// Compiles a wheel to the bytecode of a Pyodide's Python: `node compile_wheel.mjs PYODIDE WHEEL FOLDER`.
//
// PYODIDE is the folder of a Pyodide distribution. The name of the compiled wheel, which is written into FOLDER, goes
// to standard output. What is done is said in compile_wheel.py, which runs inside.
import { readFile, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [distribution, wheel, folder] = process.argv.slice(2).map((path) => resolve(path));
if (folder === undefined) {
  process.stderr.write("usage: node compile_wheel.mjs PYODIDE WHEEL FOLDER\n");
  process.exit(2);
}
const { loadPyodide } = await import(pathToFileURL(join(distribution, "pyodide.mjs")).href);
const pyodide = await loadPyodide({ indexURL: distribution });
const { FS } = pyodide;
FS.mkdir("/in");
FS.mkdir("/out");
FS.writeFile(`/in/${basename(wheel)}`, await readFile(wheel));
FS.writeFile("/in/compile_wheel.py", await readFile(new URL("compile_wheel.py", import.meta.url)));
pyodide.globals.set("wheel", `/in/${basename(wheel)}`);
const name = pyodide.runPython(`
import sys
from pathlib import Path

sys.path.append("/in")
from compile_wheel import compile_wheel

compile_wheel(Path(wheel), Path("/out")).name
`);
await writeFile(join(folder, name), FS.readFile(`/out/${name}`));
process.stdout.write(`${name}\n`);
