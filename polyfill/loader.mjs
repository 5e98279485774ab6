// node --import @pyjsapi/polyfill/loader app.mjs

import { registerLoader } from "./esm/register.mjs";

registerLoader();
