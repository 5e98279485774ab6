// The debugger beside the page. What may take long is done in slices, between which {pause: true} is heard.

import { answering } from "./answering.mjs";
import { call } from "./pyodide.mjs";

const SLICE_MS = 80;
const MOST = 1e7;
const LONG = new Set(["continue", "over", "out"]);

let pausing = false;
/** Instructions of a slice. */
let budget = 10_000;

addEventListener("message", ({ data: { pause } }) => {
  if (pause) pausing = true;
});

/** Lets messages in. */
const turn = () => new Promise((resolve) => setTimeout(resolve));

answering(["runs", "debugging"], async (ready, verb, given) => {
  if (verb !== "debug" || !LONG.has(given[0].do)) return call(ready, verb, given);
  pausing = false;
  let command = given[0];
  for (;;) {
    const start = performance.now();
    const state = call(ready, "debug", [{ ...command, budget }]);
    const ms = performance.now() - start;
    if (state.error !== undefined || state.stop.reason !== "paused" || pausing) return state;
    budget = Math.round(Math.min(Math.max((budget * SLICE_MS) / Math.max(ms, 1), 100), MOST));
    postMessage({ stage: `${state.count.toLocaleString("en")} instructions executed …` });
    await turn();
    command = { do: "continue", depth: state.stop.depth ?? -1 };
  }
});
