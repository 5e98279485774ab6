// Runs test files of this checkout inside Pyodide on the engine of JavaScript: `node run_on_host_engine.mjs SITE FILE …`,
// where SITE has pytest, and files are named from the root of the checkout. Standard output is a JSON object: for each file
// how many tests passed, and the reports of those that failed.
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const indexURL = `${ROOT}node_modules/pyodide/`;
const { loadPyodide } = await import(pathToFileURL(`${indexURL}pyodide.mjs`));

const [site, ...files] = process.argv.slice(2);
const toStandardError = (text) => process.stderr.write(`${text}\n`);
const pyodide = await loadPyodide({
  indexURL,
  env: { HOME: "/home/pyodide", PYJSAPI_ENGINE: "host" },
  stdout: toStandardError,
  stderr: toStandardError,
});
pyodide.mountNodeFS("/project", ROOT);
pyodide.mountNodeFS("/host", site);
const source = readFileSync(`${ROOT}tests/pyodide/inside/run_pytest.py`, "utf-8");
const run = pyodide.runPython(`
import json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, "/project")

def run_file(source, path):
    space = {"__name__": "run_pytest"}
    exec(compile(source, "run_pytest.py", "exec"), space)
    return json.dumps(space["run"](path))

run_file
`);
const found = {};
for (const file of files) found[file] = JSON.parse(run(source, file));
process.stdout.write(`${JSON.stringify(found)}\n`, () => process.exit(0));
