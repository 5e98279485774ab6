// Reads {cases, transcripts} as JSON from standard input and prints the expectations that are not met.
import { unmetExpectations } from "../../web/static/compare.mjs";

let text = "";
for await (const chunk of process.stdin) text += chunk;
const { cases, transcripts } = JSON.parse(text);
const unmet = cases.flatMap((case_) =>
  unmetExpectations(case_, transcripts[case_.id]).map((item) => ({ case: case_.id, ...item })),
);
console.log(JSON.stringify(unmet));
