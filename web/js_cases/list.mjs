// Prints every JavaScript case as JSON: what web/js_catalogue.py checks and assembles. Arguments: files (default: all).

import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { Description } from "../static/describe.mjs";

const folder = new URL("./", import.meta.url);

/** The files of cases, in order. */
export async function caseFiles() {
  return (await readdir(folder)).filter((name) => /^\d+-.*\.mjs$/.test(name)).sort();
}

/** `expect` as steps: {name, expect} or {name, outcome}, as in the cases of web/cases. */
function stepsOf(expected) {
  const description = new Description(undefined, { identity: false });
  return Object.entries(expected).map(([name, value]) => {
    const entry = description.entry(value, name);
    return "value" in entry ? { name, expect: entry.value } : { name, outcome: entry };
  });
}

const isUsed = (name, source) => ['"', "'", "`"].some((quote) => source.includes(`${quote}${name}${quote}`));

function listed(file, { group, modules = {}, cases }) {
  return cases.map((definition) => {
    const source = String(definition.run);
    const used = Object.entries(modules).filter(([name]) => isUsed(name, source));
    return {
      id: definition.id,
      title: definition.title,
      group,
      file,
      covers: definition.covers,
      needs: definition.needs ?? [],
      modules: { ...Object.fromEntries(used), ...definition.modules },
      steps: stepsOf(definition.expect),
      source,
    };
  });
}

/** Every case of these files, as plain JSON. */
export async function listCases(files) {
  const definitions = await Promise.all(files.map((file) => import(new URL(file, folder))));
  return definitions.flatMap((definition, k) => listed(files[k], definition));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = process.argv.length > 2 ? process.argv.slice(2) : await caseFiles();
  console.log(JSON.stringify(await listCases(files)));
}
