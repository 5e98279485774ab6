// What starting with pyjsapi takes in Pyodide, from its sources and from bytecode: `node wheels.mjs [ROUNDS]`.
//
// Every round starts a process of its own for each of the two wheels of `make build`. Times are CPU time of the whole
// process, in milliseconds: the least and the median over the rounds.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const SCRIPT = fileURLToPath(import.meta.url);
const BUILD = join(dirname(SCRIPT), "..", "..", "build");
const FIRST_ANSWER = `
from pyjsapi import WebAssembly, wat2wasm
data = bytes.fromhex("0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b")
WebAssembly.Instance(WebAssembly.Module(data)).exports.add(2, 3)`;

/** The CPU time of a function, of all the process's threads. */
function measured(run) {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

async function measure(wheel) {
  const { loadPyodide } = await import(pathToFileURL(join(BUILD, "pyodide", "pyodide.mjs")).href);
  const pyodide = await loadPyodide({ indexURL: join(BUILD, "pyodide") });
  const bytes = new Uint8Array(readFileSync(wheel));
  // What both need of Python's own library.
  pyodide.runPython("import asyncio, dataclasses, inspect, json, re, typing");
  return {
    unpack: measured(() => pyodide.unpackArchive(bytes, "wheel")),
    import: measured(() => pyodide.runPython("import pyjsapi")),
    "first answer": measured(() => pyodide.runPython(FIRST_ANSWER)),
  };
}

function compare(rounds) {
  const wheels = ["wheel", "pyodide"].map((folder) => {
    const [name] = readdirSync(join(BUILD, folder)).filter((file) => file.endsWith(".whl"));
    return join(BUILD, folder, name);
  });
  /** @type {Map<string, Record<string, number>[]>} */
  const found = new Map(wheels.map((wheel) => [wheel, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [wheel, rows] of found) {
      const { stdout, stderr, status } = spawnSync(process.execPath, [SCRIPT, wheel], { encoding: "utf8" });
      if (status !== 0) throw new Error(stderr);
      rows.push(JSON.parse(stdout));
    }
  }
  for (const [wheel, rows] of found) {
    process.stdout.write(`${wheel.slice(BUILD.length + 1)}, ${readFileSync(wheel).length} bytes\n`);
    for (const step of Object.keys(rows[0])) {
      const times = rows.map((row) => row[step]).sort((a, b) => a - b);
      const median = times[times.length >> 1];
      process.stdout.write(`  ${step}: ${times[0].toFixed(0)} at least, ${median.toFixed(0)} in the median\n`);
    }
  }
}

const [argument = "5"] = process.argv.slice(2);
if (argument.endsWith(".whl")) process.stdout.write(JSON.stringify(await measure(argument)));
else compare(Number(argument));
