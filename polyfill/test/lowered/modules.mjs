// Modules for the tests: assembled and lowered by the package itself.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const OWN_PYTHON = `${ROOT}.venv/bin/python`;
const PROGRAM = `
import base64, json, sys
from pyjsapi.lowering import lower
from pyjsapi.text import wat2wasm

def encode(data):
    return base64.b64encode(data).decode("ascii")

made = []
for text in json.load(sys.stdin):
    data = wat2wasm(text)
    made.append({"bytes": encode(data), "lowered": encode(lower(data, memory64=False))})
json.dump(made, sys.stdout)
`;

const bytesOf = (base64) => new Uint8Array(Buffer.from(base64, "base64"));
const known = new Map();

/** Assembles texts; the results are the original bytes, whose lowered forms `lower` knows. */
export function assemble(...texts) {
  const python = existsSync(OWN_PYTHON) ? OWN_PYTHON : "python3";
  const output = execFileSync(python, ["-c", PROGRAM], { cwd: ROOT, input: JSON.stringify(texts) });
  return JSON.parse(output).map(({ bytes, lowered }) => {
    known.set(bytes, bytesOf(lowered));
    return bytesOf(bytes);
  });
}

/** The lowered form of what `assemble` made: the option `lower` of `configure`. */
export function lower(bytes) {
  return known.get(Buffer.from(bytes).toString("base64"));
}
