// Runs scripts inside Pyodide under Node, with memories that JavaScript can have:
// `node run_scripts.mjs LINK STATE`, a JSON list of { name, text } on standard input, and on standard output a JSON list of
// { name, failures, passed, assertions }. LINK is 'native' or 'proxy'; with STATE 'moved' every memory is in JavaScript
// from the start, with 'heap' in Python.
import { readFileSync } from "node:fs";
import { startLink } from "../../polyfill/test/python/linked.mjs";

const [kind, state] = process.argv.slice(2);
const scripts = JSON.parse(readFileSync(0, "utf-8"));
const { define, exported, link } = await startLink(kind);
define(`
from pyjsapi.bridge.memory.linked import make_memory, move_to_javascript
from pyjsapi.wast.runner import run_text

def memory(type_, limits):
    made = make_memory(type_, limits)
    if ${state === "moved" ? "True" : "False"} and type_.page_size_log2 == 16:
        move_to_javascript(made)
    return made

def run(script):
    result = run_text(script["text"], script["name"], make_memory=memory)
    failures = [[failure.line, str(failure)] for failure in result.failures]
    return {
        "name": script["name"], "failures": failures,
        "passed": result.passed, "assertions": result.assertions,
    }
`);
const run = exported("run", "J", "J");
const results = scripts.map((script) => run(script));
process.stdout.write(JSON.stringify({ results, live: link.live }));
