// A child process that runs programs on pyjsapi's JavaScript face, in Pyodide: `node face_child.mjs DISTRIBUTION PROJECT`.

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { runProgram } from "./harness.mjs";
import { serve } from "./lines.mjs";

const [distribution, project] = process.argv.slice(2).map((path) => resolve(path));
const { loadPyodide } = await import(pathToFileURL(resolve(distribution, "pyodide.mjs")).href);
const { loadPythonWebAssembly } = await import(pathToFileURL(resolve(project, "polyfill", "python.mjs")).href);

const toStandardError = (text) => process.stderr.write(`${text}\n`);
const pyodide = await loadPyodide({ indexURL: distribution, stdout: toStandardError, stderr: toStandardError });
pyodide.mountNodeFS("/project", project);
pyodide.runPython("import sys; sys.path.insert(0, '/project')");
const { WebAssembly: namespace } = await loadPythonWebAssembly({ pyodide });

await serve(({ programs }) => ({ answers: programs.map((program) => runProgram(program, namespace)) }));
