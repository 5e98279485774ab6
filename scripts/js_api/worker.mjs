/** The dedicated worker of the page. */

import { handle } from "./browser.mjs";

globalThis.onmessage = async ({ data: { id, request } }) => {
  try {
    postMessage({ id, answer: await handle(request) });
  } catch (error) {
    postMessage({ id, failure: `${error?.stack ?? error}` });
  }
};
