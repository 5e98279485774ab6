// What each bundler gets: a program that uses the package as its README says. The address of the page says what it does,
// an attribute of its root what came of it.
import "@pyjsapi/polyfill/auto";
import { configure, implementation } from "@pyjsapi/polyfill/implementation";
import { loadPythonWebAssembly } from "@pyjsapi/polyfill/python";

/** The global namespace lowers where the engine needs it, `implementation` always; the third one is Python's. */
const NAMESPACES = {
  global: () => WebAssembly,
  implementation: () => implementation,
  python: async () => (await loadPythonWebAssembly()).WebAssembly,
};

async function main() {
  const { namespace, options, bytes } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
  const outcome = { workers: noted.workers, errors: noted.errors };
  try {
    configure({ cache: false, ...options });
    const { instantiate } = await NAMESPACES[namespace]();
    const { instance } = await instantiate(Uint8Array.from(bytes));
    outcome.answer = instance.exports.answer();
  } catch (error) {
    outcome.failure = String(error);
  }
  outcome.loaded = performance.getEntriesByType("resource").map(({ name }) => name);
  document.documentElement.dataset.outcome = JSON.stringify(outcome);
}

main();
