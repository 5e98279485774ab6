/**
 * Runs test files of the WebAssembly specification's test/js-api one after the other in one realm, each with a fresh
 * copy of the checkout's own testharness.js, against the WebAssembly that is on globalThis.
 */

const STATUS = ["pass", "fail", "timeout", "not run", "precondition failed"];

/** Whether a file is one of the Web Platform Tests, which have other folders. */
const isOfPlatform = (path) => path.startsWith("wasm/");

/** Lets an old harness's assert_throws take a class of errors, as files do that engines run in their shells. */
function takeClasses(scope) {
  const { assert_throws } = scope;
  scope.assert_throws = (expected, ...rest) =>
    assert_throws(typeof expected === "function" ? new expected() : expected, ...rest);
}

/** The scripts that a test file asks for with META comments, as paths in the checkout. */
export function scriptsOf(path, source) {
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const tests = isOfPlatform(path) ? "/wasm/jsapi/" : "/test/js-api/";
  return [...source.matchAll(/^\/\/ META: script=(\S+)$/gm)].map(([, script]) =>
    script.startsWith("/") ? script.replace("/wasm/jsapi/", tests).slice(1) : folder + script,
  );
}

/** What a harness takes for a worker's scope, as those do that know no shells. */
class WorkerScope {
  postMessage() {}
}

/**
 * A copy of the harness that exposes its functions on an object of its own. It finishes by itself, or one of before
 * there were shells when its `done` is called.
 */
function freshHarness(text) {
  const isOld = !text.includes("ShellTestEnvironment");
  /** @type {any} what the harness puts there */
  const scope = Object.assign(new WorkerScope(), {
    setTimeout: (...given) => Reflect.apply(setTimeout, undefined, given),
    clearTimeout: (...given) => Reflect.apply(clearTimeout, undefined, given),
    ...(isOld && { DedicatedWorkerGlobalScope: WorkerScope }),
  });
  // Files leave rejected promises behind; who listens would take those for failures.
  const globals = { self: scope, ...(isOld && { DedicatedWorkerGlobalScope: WorkerScope, addEventListener() {} }) };
  new Function(...Object.keys(globals), text)(...Object.values(globals));
  scope.setup({ output: false, explicit_timeout: true });
  if (isOld) takeClasses(scope);
  return { scope, finish: isOld ? scope.done : () => {} };
}

/**
 * Runs one file; `read(path)` gives the text of a file of the checkout.
 *
 * The answer has `tests`, a list of {name, status, message}, and `error`, what kept the file itself from running.
 */
export async function runFile(path, read) {
  const source = await read(path);
  const texts = await Promise.all(scriptsOf(path, source).map(read));
  const { scope, finish } = freshHarness(
    await read(isOfPlatform(path) ? "resources/testharness.js" : "test/harness/testharness.js"),
  );
  const names = Object.keys(scope).filter((name) => !(name in globalThis));
  const finished = new Promise((resolve) => {
    scope.add_completion_callback((tests, status) => resolve({ tests, status }));
  });
  try {
    // One function for all the scripts, as one page would have one scope for them; `this` is the global object.
    const run = new Function(...names, [...texts, source].join("\n;\n"));
    run.apply(
      globalThis,
      names.map((name) => scope[name]),
    );
    finish();
  } catch (error) {
    return { tests: [], error: describe(error) };
  }
  const { tests, status } = await finished;
  return {
    tests: tests.map((test) => ({ name: test.name, status: STATUS[test.status], message: test.message ?? "" })),
    error: status.status === 0 ? null : `${status.message}`,
  };
}

const describe = (error) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));

/** How JavaScript reaches Python, for the namespaces that are ours. */
export const LINKS = { python: "auto", proxy: "proxy" };

/**
 * Puts our namespace on globalThis: `places` are the URLs of pyodide.mjs and of polyfill/python.mjs, and a zip of the
 * package; `link` is an option of the namespace, `options` are Pyodide's.
 */
export async function installPython({ pyodide: pyodideURL, face: faceURL, zip }, link, options = {}) {
  const native = globalThis.WebAssembly;
  const { loadPyodide } = await import(pyodideURL);
  const { loadPythonWebAssembly } = await import(faceURL);
  const pyodide = await loadPyodide(options);
  pyodide.unpackArchive(zip, "zip", { extractDir: "/lib/pyjsapi-src" });
  pyodide.runPython('import sys; sys.path.insert(0, "/lib/pyjsapi-src")');
  const { WebAssembly, install } = await loadPythonWebAssembly({ pyodide, link });
  install();
  if (WebAssembly === native || globalThis.WebAssembly !== WebAssembly) {
    throw new Error("our namespace is not the global one");
  }
}
