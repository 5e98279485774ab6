// Measures inside Pyodide under Node: `node run.mjs DISTRIBUTION WHEEL PROJECT OPTIONS`.
//
// WHEEL is pywasm's, PROJECT the folder that holds `benchmarks/`, OPTIONS the JSON that
// `benchmarks.pyodide.inside.main` takes. Its answer, JSON, is the one line on standard output; progress
// goes to standard error.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [distribution, wheel, project] = process.argv.slice(2, 5).map((path) => resolve(path));
const { loadPyodide } = await import(pathToFileURL(resolve(distribution, "pyodide.mjs")).href);

const toStandardError = (text) => process.stderr.write(`${text}\n`);
const pyodide = await loadPyodide({
  indexURL: distribution,
  stdout: toStandardError,
  stderr: toStandardError,
});
try {
  await pyodide.loadPackage("pyjsapi", { messageCallback: () => {} });
  pyodide.unpackArchive(new Uint8Array(readFileSync(wheel)), "wheel");
  pyodide.mountNodeFS("/project", project);
  const main = pyodide.runPython(`
import sys
sys.path.append("/project")
from benchmarks.pyodide.inside import main
main
`);
  process.stdout.write(`${main(process.argv[5])}\n`);
} catch (error) {
  // The message is Python's traceback; the stack would print the whole of Pyodide's one long line.
  toStandardError(error?.message ?? String(error));
  process.exit(1);
}
