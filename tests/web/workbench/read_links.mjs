// Reads fragments as the page does. In: a list of them as JSON. Out: what each holds, bytes as base64.

import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const [folder] = process.argv.slice(2);
const { sharedBy } = await import(pathToFileURL(`${folder}/static/workbench/link.mjs`).href);
const found = [];
for (const fragment of JSON.parse(await text(process.stdin))) {
  const { bytes, ...shared } = await sharedBy(fragment);
  found.push({ ...shared, bytes: Buffer.from(bytes).toString("base64") });
}
process.stdout.write(JSON.stringify(found));
