// Makes a plan's calls once more with a module that notes what it reads, and adds to the memories what the last call read.
// web/workbench/runs.py does the same in Python.

import { rangesOf } from "./reads.mjs";
import { MOST_RANGES, Run } from "./runner.mjs";

/**
 * @param {any} WebAssembly
 * @param {import("./plan.mjs").Plan} plan
 * @param {import("./runner.mjs").Image[]} images as the run left them: they get `read`, or `unread`, which says why not
 */
export function addReads(WebAssembly, plan, images) {
  const { recording } = plan;
  if (!recording || images.length === 0) return;
  const run = new Run(WebAssembly, { ...plan, bytes: recording.bytes });
  const notes = () => new Uint8Array(run.instance.exports[recording.export].buffer);
  /** @type {string} */
  let failure = "";
  const again = run.all(
    ({ error }, k) => {
      if (k === 0 && error) failure = error.message;
    },
    { beforeLast: () => notes().fill(0) },
  );
  if (failure)
    for (const image of images) image.unread = `this engine does not take the module that notes it: ${failure}`;
  else if (!images.every((image, k) => isSame(image, again[k])))
    for (const image of images) image.unread = "the calls came to other memories when they were made once more";
  else
    for (const image of images) {
      const { base, limit } = recording.regions[image.index];
      image.read = rangesOf(notes().subarray(base, base + limit / 8), image.seen, MOST_RANGES);
    }
}

/** @param {import("./runner.mjs").Image} a @param {import("./runner.mjs").Image} b */
function isSame(a, b) {
  const pages = Object.entries(a.pages);
  return (
    a.byteLength === b.byteLength
    && pages.length === Object.keys(b.pages).length
    && pages.every(([k, page]) => page.every((byte, at) => byte === b.pages[Number(k)]?.[at]))
  );
}
