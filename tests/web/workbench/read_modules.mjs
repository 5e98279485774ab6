// What web/static/workbench reads in modules, as JSON. In: lines of a name and base64; the first is the table of instructions.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder] = process.argv.slice(2);
const { readModule } = await import(pathToFileURL(`${folder}/static/workbench/binary.mjs`).href);
const { featuresOf } = await import(pathToFileURL(`${folder}/static/workbench/features.mjs`).href);

const [codes, ...modules] = readFileSync(0, "utf-8").trimEnd().split("\n");
for (const line of modules) {
  const bytes = new Uint8Array(Buffer.from(line, "base64"));
  const contents = readModule(bytes);
  const features = [...(await featuresOf(bytes, contents, JSON.parse(codes)))].sort();
  const replacer = (_key, value) =>
    typeof value === "bigint"
      ? String(value)
      : value instanceof Map
        ? [...value]
        : value instanceof Set
          ? [...value]
          : value;
  console.log(JSON.stringify({ ...contents, features }, replacer));
}
