// Random programs answer the same over both kinds of link.

import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, programs } from "../random/random.mjs";
import { loadEngines } from "./engine.mjs";

const COUNTS = { objects: 1500, calls: 100, exceptions: 50, memories: 20 };

const [native, proxy] = await loadEngines();
for (const kind of programs) {
  test(`random ${kind} answer the same over both kinds of link`, async () => {
    const namespaces = [native.WebAssembly, proxy.WebAssembly];
    assert.deepEqual(await compare(kind, namespaces, native.wat, 20261120, COUNTS[kind]), []);
  });
}
