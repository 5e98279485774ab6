// pyjsapi's tools beside the page.

import { answering } from "./answering.mjs";
import { call } from "./pyodide.mjs";

answering(["tools"], (ready, verb, given) => call(ready, verb, given));
