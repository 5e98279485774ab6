// Measures in Node and prints JSON. Arguments: the folder of Pyodide, the number of starts.

import { pathToFileURL } from "node:url";

import { measureFace } from "./face.mjs";

const [folder, starts] = process.argv.slice(2);
const result = await measureFace({ indexURL: pathToFileURL(folder).href, starts: Number(starts) });
console.log(JSON.stringify({ version: `Node ${process.versions.node}`, ...result }));
process.exit(0);
