// Records the run of a program, or only runs it.
//
//   node record.mjs --list
//     -> the programs as JSON, by name
//   node record.mjs NAME SCRIPT [--record OUT] [--every]
//     runs the function SCRIPT of programs/NAME.mjs, or of a file NAME that ends so -> a JSON object: seconds of the processor, result,
//     its digest and, if recorded into the folder OUT, crossings, events and modules.
//     --every takes digests at each return to the host.
//   PYTHON_PACKAGES names the folder of Python's packages, NPM_PACKAGES one with another node_modules than the
//   project's.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

import { fixEnvironment } from "./fixed.mjs";
import { Recorder } from "./recorder.mjs";

const PROGRAMS = new URL("../programs/", import.meta.url);

/** What a script of a program is given. */
class Host {
  #folder = process.env.NPM_PACKAGES;
  #python = process.env.PYTHON_PACKAGES ?? "";

  /** The bytes of a file in a folder with npm packages. */
  file(path) {
    return readFileSync(this.path(path));
  }

  /** The bytes of a file of a Python package. */
  python(path) {
    return readFileSync(join(this.#python, path));
  }

  /** What an npm package exports, or the file of one that was installed for this program alone. */
  async load(name) {
    return import(this.#folder === undefined ? name : pathToFileURL(this.path(name)));
  }

  /** Where a file in a folder with npm packages is. */
  path(path) {
    return join(this.#folder ?? fileURLToPath(new URL("../..", import.meta.url)), "node_modules", path);
  }
}

const LARGE = new URL("large/", PROGRAMS);

function programFile(name) {
  if (name.endsWith(".mjs")) return pathToFileURL(name);
  const file = new URL(`${name}.mjs`, PROGRAMS);
  return existsSync(file) ? file : new URL(`${name}.mjs`, LARGE);
}

async function list() {
  const programs = {};
  for (const folder of [PROGRAMS, LARGE]) {
    for (const file of readdirSync(folder).filter((file) => file.endsWith(".mjs"))) {
      const program = await import(new URL(file, folder).href);
      const scripts = ["short", "long"].filter((script) => script in program);
      programs[file.slice(0, -".mjs".length)] = { ...program.about, scripts, large: folder === LARGE };
    }
  }
  return programs;
}

function save(folder, recorder) {
  mkdirSync(folder, { recursive: true });
  const modules = {};
  for (const [digest, bytes] of recorder.modules) {
    writeFileSync(join(folder, `${digest}.wasm`), bytes);
    modules[digest] = bytes.length;
  }
  writeFileSync(join(folder, "events.gz"), gzipSync(recorder.events.join("\n"), { level: 6 }));
  return { crossings: recorder.crossings, events: recorder.events.length, modules };
}

async function run(name, script, folder, every) {
  const program = await import(programFile(name).href);
  const host = new Host();
  fixEnvironment();
  const quiet = program.about.quiet && new RegExp(program.about.quiet);
  const recorder = folder ? new Recorder({ every, quiet }) : undefined;
  recorder?.install();
  const start = process.cpuUsage();
  const result = await program[script](host);
  const { user, system } = process.cpuUsage(start);
  const seconds = (user + system) / 1e6;
  recorder?.finish();
  const text = JSON.stringify(result, (_, value) => (typeof value === "bigint" ? `${value}n` : value));
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 16);
  return { seconds, result: text.slice(0, 2000), digest, ...(recorder && save(folder, recorder)) };
}

const args = process.argv.slice(2);
const write = process.stdout.write.bind(process.stdout);
// what a program prints is no part of the answer
process.stdout.write = process.stderr.write.bind(process.stderr);
let answer;
if (args[0] === "--list") answer = await list();
else {
  const at = args.indexOf("--record");
  answer = await run(args[0], args[1], at > 0 && args[at + 1], args.includes("--every"));
}
write(`${JSON.stringify(answer)}\n`, () => process.exit(0));
