// A child process that runs programs lowered: each brings the lowered form of its module.

import { configure, implementation } from "../../polyfill/implementation.mjs";
import { lowererOf, runProgram } from "./harness.mjs";
import { serve } from "./lines.mjs";

await serve(({ programs }) => {
  configure({ lower: lowererOf(programs) });
  return { answers: programs.map((program) => runProgram(program, implementation)) };
});
