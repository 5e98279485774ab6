// Runs cases of `pyjsapi compare` beside a page. In: {mode, places, cases}. Out: an answer for each, then {done};
// {broken} when the mode cannot begin.

import { runnerOf } from "./modes.mjs";

addEventListener("message", async ({ data: { mode, places, cases } }) => {
  try {
    const run = await runnerOf(mode, places);
    for (const case_ of cases) {
      postMessage({ started: case_.id });
      postMessage(await run(case_));
    }
    postMessage({ done: true });
  } catch (error) {
    postMessage({ broken: String(error) });
  }
});
