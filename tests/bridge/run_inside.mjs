// Runs the functions `case_*` of a Python file inside Pyodide under Node, on the sources of this checkout or on a wheel:
// `node run_inside.mjs FILE [native|proxy] [WHEEL]`. The last line of standard output is a JSON object: `link`, the link's
// class, and `results`, by name null or a traceback.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isMainThread } from "node:worker_threads";
import { createLink } from "../../polyfill/python/link.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const indexURL = `${ROOT}node_modules/pyodide/`;
const { loadPyodide } = await import(pathToFileURL(`${indexURL}pyodide.mjs`));

// Pyodide finds no standard output in a thread (see `run_in_worker.mjs`).
const pyodide = await loadPyodide(isMainThread ? { indexURL } : { indexURL, stdout: console.log });
pyodide.mountNodeFS("/src", ROOT);

const [file, ...options] = process.argv.slice(2);
const wheel = options.find((option) => option.endsWith(".whl"));
const link = options.find((option) => option !== wheel);
if (wheel) pyodide.unpackArchive(new Uint8Array(readFileSync(wheel)), "wheel");
const path = resolve(file);
const run = pyodide.runPython(`
import inspect, json, sys, traceback
sys.dont_write_bytecode = True
sys.path.insert(0, "/src/tests/agents/programs")
sys.path.insert(${wheel ? "len(sys.path)" : 0}, "/src")

async def run(source, path):
    space = {"__name__": "inside", "__file__": path}
    exec(compile(source, path, "exec"), space)
    found = {}
    for name, function in list(space.items()):
        if name.startswith("case_"):
            print(name)
            try:
                result = function()
                if inspect.isawaitable(result):
                    await result
            except BaseException:
                found[name] = traceback.format_exc()
            else:
                found[name] = None
    from pyjsapi.bridge.link.connection import connection
    try:
        link = connection().constructor.name
    except RuntimeError:  # a policy forbids it
        link = None
    return json.dumps({"link": link, "results": found})

run
`);
if (link) await createLink(pyodide, { link });
const found = await run(readFileSync(path, "utf-8"), path);
process.stdout.write(`\n${found}\n`, () => process.exit(0));
