// The same as `run_inside.mjs`, in a thread of Node.
import { Worker } from "node:worker_threads";

const worker = new Worker(new URL("./run_inside.mjs", import.meta.url), { argv: process.argv.slice(2) });
worker.on("error", (error) => {
  console.error(error);
  process.exitCode = 1;
});
