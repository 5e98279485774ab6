// How a memory grew from step to step, and what became of its buffers, in words.

import { count } from "./binary.mjs";
import { shown } from "./dom.mjs";

const PAGE = 65536;
const MOST = 8;

/**
 * @param {import("./runner.mjs").Image} image
 * @param {(k: number) => string} stepName
 */
export function growthText({ sizes, detached }, stepName) {
  if (!sizes || sizes.length === 0) return "";
  /** @param {number} bytes */
  const size = (bytes) => (bytes % PAGE ? count(bytes, "byte") : count(bytes / PAGE, "page"));
  const grown = sizes.flatMap((bytes, k) => (k > 0 && bytes !== sizes[k - 1] ? [k] : []));
  // Growing by nothing detaches, too.
  const renewed = sizes.flatMap((_bytes, k) => (detached?.[k] && !grown.includes(k) ? [k] : []));
  if (grown.length === 0 && renewed.length === 0) return `It has ${size(sizes[0])} from the start, and did not grow.`;
  const told = grown.slice(0, MOST).map((k) => {
    const buffer = detached?.[k]
      ? "the buffer of before is detached"
      : `the buffer of before is still there, with its ${size(sizes[k - 1])}`;
    return `${shown(stepName(k))} grew it from ${size(sizes[k - 1])} to ${size(sizes[k])}: ${buffer}`;
  });
  if (grown.length > MOST) told.push(`and ${count(grown.length - MOST, "more call")} grew it`);
  for (const k of renewed.slice(0, MOST)) told.push(`${shown(stepName(k))} detached its buffer, and left its size`);
  return `It had ${size(sizes[0])} at first; ${told.join("; ")}.`;
}
