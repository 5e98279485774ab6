// A child process that runs programs on its own engine.

import { runProgram } from "./harness.mjs";
import { serve } from "./lines.mjs";

await serve(({ programs }) => ({ answers: programs.map((program) => runProgram(program, WebAssembly)) }));
