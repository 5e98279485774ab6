// The page in which `pyjsapi compare` runs cases: `runOwn` starts workers until each case has an answer.

/** @typedef {{ mode: string, places: Record<string, string>, cases: any[], patience: number }} Order patience in ms, of a case */

/**
 * Runs cases in one worker; the answers until it is done, or until a case takes too long.
 * @param {Order} order
 * @returns {Promise<Record<string, any>[]>}
 */
function runWorker({ mode, places, cases, patience }) {
  const worker = new Worker(new URL("own_worker.mjs", import.meta.url), { type: "module" });
  /** @type {Record<string, any>[]} */
  const answers = [];
  return new Promise((resolve) => {
    /** @type {string | null} */
    let current = null;
    let watchdog = 0;
    const end = (/** @type {string} */ failure) => {
      clearTimeout(watchdog);
      worker.terminate();
      // What cannot begin fails for all cases; what takes too long or breaks, for one.
      const failed = current === null ? cases.slice(answers.length).map(({ id }) => id) : [current];
      if (failure) answers.push(...failed.map((id) => ({ id, failure })));
      resolve(answers);
    };
    worker.addEventListener("error", (event) => end(event.message || "the worker could not start"));
    worker.addEventListener("message", ({ data }) => {
      clearTimeout(watchdog);
      if (data.done) return end("");
      if (data.broken) return end(data.broken);
      if (data.started !== undefined) {
        current = data.started;
        watchdog = window.setTimeout(() => end(`no answer in ${patience / 1000} s`), patience);
      } else {
        current = null;
        answers.push(data);
      }
    });
    worker.postMessage({ mode, places, cases });
  });
}

/** Answers for all cases, in their order. */
export async function runOwn(/** @type {Order} */ order) {
  const answers = [];
  while (answers.length < order.cases.length) {
    answers.push(...(await runWorker({ ...order, cases: order.cases.slice(answers.length) })));
  }
  return answers;
}

Object.assign(window, { runOwn });
