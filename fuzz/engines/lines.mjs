// Lines of JSON over standard input and output.

import { readSync, writeSync } from "node:fs";

const decoder = new TextDecoder();
const chunk = Buffer.alloc(1 << 16);
let waiting = [];

/** The next line of standard input; undefined at its end. */
function readLine() {
  for (;;) {
    let count;
    try {
      count = readSync(0, chunk);
    } catch (error) {
      if (error.code === "EAGAIN") continue;
      if (error.code === "EOF") return undefined;
      throw error;
    }
    if (count === 0) return undefined;
    waiting.push(Buffer.from(chunk.subarray(0, count)));
    if (chunk[count - 1] === 10) {
      const line = decoder.decode(Buffer.concat(waiting));
      waiting = [];
      return line;
    }
  }
}

function writeLine(text) {
  const data = Buffer.from(`${text}\n`);
  for (let written = 0; written < data.length; ) {
    try {
      written += writeSync(1, data, written);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

/** Answers each line by one, until there is no more; what answers may be asynchronous. */
export async function serve(answer) {
  for (let line = readLine(); line !== undefined; line = readLine()) {
    writeLine(JSON.stringify(await answer(JSON.parse(line))));
  }
}
