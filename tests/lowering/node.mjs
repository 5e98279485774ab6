// Runs scripts (pyjsapi/comparison/scripts.py) lowered in Node. In: {scripts} on standard input. Out: what each gave, as JSON, and whether
// the engine has tables with an initialiser.

import { readFileSync, writeSync } from "node:fs";

import { configure, implementation } from "../../polyfill/implementation.mjs";
import { lowererOf, runScript } from "../../pyjsapi/comparison/static/wast.mjs";

// (table 0 funcref (ref.null func)), in the form with an initialiser
const INITIALISED_TABLE = Uint8Array.of(
  0x00,
  0x61,
  0x73,
  0x6d,
  0x01,
  0x00,
  0x00,
  0x00,
  0x04,
  0x09,
  0x01,
  0x40,
  0x00,
  0x70,
  0x00,
  0x00,
  0xd0,
  0x70,
  0x0b,
);

function runScripts(scripts) {
  const results = scripts.map((script) => {
    configure({ lower: lowererOf(script) });
    return runScript(script, implementation);
  });
  return { results, initialisedTables: WebAssembly.validate(INITIALISED_TABLE) };
}

const { scripts } = JSON.parse(readFileSync(0, "utf8"));
const output = Buffer.from(JSON.stringify(runScripts(scripts)));
for (let written = 0; written < output.length; ) {
  try {
    written += writeSync(1, output, written);
  } catch (error) {
    if (error.code !== "EAGAIN") throw error;
  }
}
