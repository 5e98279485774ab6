// What a page loads to run modules that were lowered ahead of time is small.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

import { build } from "esbuild";

const LIMIT = 5000; // bytes

async function minified(file) {
  const entry = fileURLToPath(new URL(`../../${file}`, import.meta.url));
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    metafile: true,
  });
  return { bytes: outputFiles[0].contents, inputs: Object.keys(metafile.inputs) };
}

test("the linker is at most 5 kB minified and compressed, and has no dependency", async () => {
  const { bytes, inputs } = await minified("lowered/linker.mjs");
  assert.ok(
    inputs.every((path) => /^polyfill\/(lowered|common)\//.test(path)),
    inputs.join(),
  );
  assert.ok(gzipSync(bytes).length <= LIMIT, `gzip: ${gzipSync(bytes).length}`);
  assert.ok(brotliCompressSync(bytes).length <= LIMIT, `brotli: ${brotliCompressSync(bytes).length}`);
});

test("the whole shim, with lowering on demand, is at most three times as large", async () => {
  const { bytes } = await minified("auto.mjs");
  assert.ok(gzipSync(bytes).length <= 3 * LIMIT, `gzip: ${gzipSync(bytes).length}`);
});
