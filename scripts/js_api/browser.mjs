/** What a page or a dedicated worker does for scripts/conformance.py: prepares a namespace, then runs files by name. */

import { LINKS, installPython, runFile } from "./runner.mjs";

async function read(path) {
  const answer = await fetch(`/checkout/${path}`);
  if (!answer.ok) throw new Error(`/checkout/${path}: status ${answer.status}`);
  return answer.text();
}

/** Takes {namespace: 'native' | 'python' | 'proxy'} first, then {path}; answers with {ready}, or with results. */
export async function handle({ namespace, path }) {
  if (path !== undefined) return runFile(path, read);
  if (namespace !== "native") {
    const zip = await (await fetch("/package.zip")).arrayBuffer();
    await installPython({ pyodide: "/pyodide/pyodide.mjs", face: "/polyfill/python.mjs", zip }, LINKS[namespace]);
  }
  return { ready: true };
}
