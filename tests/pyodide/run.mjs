// Runs Python inside Pyodide for the tests of this folder:
// `node run.mjs DISTRIBUTION [MOUNTPOINT=FOLDER ...]`.
//
// One JSON object per line on standard input is a request, one per line on standard output its answer:
//   {"source": "...", "name": "file.py", "call": "function", "args": []}
//   {"ok": true, "result": ...} or {"ok": false, "error": "traceback"}
// The source is run as a module of its own; then the function is called, and awaited if it is a
// coroutine. What Python prints goes to standard error.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";

const distribution = resolve(process.argv[2]);
const { loadPyodide } = await import(pathToFileURL(resolve(distribution, "pyodide.mjs")));

// The distribution must be complete: nothing may be asked for outside its folder.
globalThis.fetch = async (url) => {
  throw new Error(`the distribution asked the network for ${url}`);
};

const toStandardError = (text) => process.stderr.write(`${text}\n`);
const pyodide = await loadPyodide({
  indexURL: distribution,
  stdout: toStandardError,
  stderr: toStandardError,
});
await pyodide.loadPackage("pyjsapi", { messageCallback: toStandardError });

for (const mount of process.argv.slice(3)) {
  const [mountpoint, folder] = mount.split("=");
  pyodide.mountNodeFS(mountpoint, folder);
}

const runner = pyodide.runPython(`
import inspect, json, traceback, types

async def runner(request):
    request = json.loads(request)
    module = types.ModuleType("inside_" + request["name"].removesuffix(".py"))
    try:
        exec(compile(request["source"], request["name"], "exec"), module.__dict__)
        result = getattr(module, request["call"])(*request["args"])
        if inspect.isawaitable(result):
            result = await result
    except BaseException:
        return json.dumps({"ok": False, "error": traceback.format_exc()})
    return json.dumps({"ok": True, "result": result})

runner
`);

const answer = (text) => process.stdout.write(`${text}\n`);
answer(JSON.stringify({ ready: true, python: pyodide.runPython("import sys; sys.version") }));

for await (const line of createInterface({ input: process.stdin })) {
  try {
    answer(await runner(line));
  } catch (error) {
    // Pyodide itself is gone: nothing more can be answered.
    toStandardError(error?.stack ?? String(error));
    process.exit(70);
  }
}
