// The loader of modules of WebAssembly, in programs of Node of their own: one for many cases.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { namesOf } from "../../esm/names.mjs";
import { textOf, withoutSourcePhase } from "../../esm/text.mjs";

const LOADER = new URL("../../loader.mjs", import.meta.url).href;
const REGISTER = new URL("../../esm/register.mjs", import.meta.url).href;
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

const FILES = {
  counter: `(module (global $n (export "count") (mut i32) (i32.const 5)) (global (export "step") i64 (i64.const -2))
    (global (export "lanes") v128 (v128.const i64x2 1 2)) (memory (export "memory") 1)
    (func (export "inc") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))
    (func (export "not a name")) (func (export "default")))`,
  user: `(module (import "./counter.wasm" "count" (global $n (mut i32))) (import "./counter.wasm" "lanes" (global v128))
    (import "./counter.wasm" "inc" (func $inc (result i32))) (import "./log.mjs" "add" (func $add (param i32)))
    (export "inc" (func $inc)) (func $start (call $add (global.get $n))) (start $start))`,
  two: `(module (memory $a 1) (memory $b 1) (func (export "answer") (result i32)
    (i32.store $b (i32.const 0) (i32.const 42)) (i32.add (i32.load $a (i32.const 0)) (i32.load $b (i32.const 0)))))`,
  ringA: `(module (import "./ringB.wasm" "f" (func)) (func (export "g")))`,
  ringB: `(module (import "./ringA.wasm" "g" (func)) (func (export "f")))`,
  ringC: `(module (import "./ring.mjs" "number" (func $f (result i32))) (export "number" (func $f)))`,
  lacking: `(module (import "./log.mjs" "nothing" (func)))`,
  wrong: `(module (import "./log.mjs" "seen" (func)))`,
  reserved1: `(module (import "wasm-js:x" "f" (func)) (func (export "f")))`,
  reserved2: `(module (func (export "wasm:f")))`,
  reserved3: `(module (import "./log.mjs" "wasm:f" (func)))`,
};

const APP = `
import * as counter from "./counter.wasm";
import { inc } from "./user.wasm";
import { seen } from "./log.mjs";
import source again from "./counter.wasm";
import { number } from "./ring.mjs";
import { namespaceInstance } from "${REGISTER}";
const failure = async (url) => { try { await import(url); } catch (error) { return [error.name, error.message]; } };
const instance = namespaceInstance(counter);
const failures = {};
try { namespaceInstance({}); } catch (error) { failures.none = [error.name, error.message]; }
for (const name of ["ringA", "lacking", "wrong", "reserved1", "reserved2", "reserved3", "broken"]) {
  failures[name] = await failure("./" + name + ".wasm");
}
console.log(JSON.stringify({
  names: Object.keys(counter),
  step: String(counter.step),
  lanes: typeof counter.lanes,
  same: counter.inc === inc,
  inc: counter.inc(),
  count: instance.exports.count.value,
  seen,
  source: WebAssembly.Module.exports(again).length,
  identity: again === (await import.source("./counter.wasm")),
  number: number(),
  failures,
}));
`;

describe("modules of WebAssembly", () => {
  let folder = "";
  const at = (/** @type {string} */ name) => join(folder, name);

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "loader-"));
    const script = `import json, sys, pathlib
from pyjsapi import wat2wasm
for name, text in json.load(sys.stdin).items(): pathlib.Path(sys.argv[1], name + ".wasm").write_bytes(wat2wasm(text))`;
    execFileSync(join(ROOT, ".venv/bin/python"), ["-c", script, folder], { cwd: ROOT, input: JSON.stringify(FILES) });
    writeFileSync(at("broken.wasm"), "\0asm nothing");
    writeFileSync(at("log.mjs"), "export const seen = [];\nexport const add = (n) => void seen.push(n);\n");
    writeFileSync(at("ring.mjs"), 'export { number } from "./late.mjs";\nimport "./ringC.wasm";\n');
    writeFileSync(at("late.mjs"), "export function number() { return 7; }\n");
    writeFileSync(at("app.mjs"), APP);
    writeFileSync(at("two.mjs"), 'import { answer } from "./two.wasm";\nconsole.log(answer());\n');
  });

  after(() => rmSync(folder, { recursive: true }));

  function run(/** @type {string[]} */ ...given) {
    const done = spawnSync(process.execPath, ["--no-warnings", ...given], { cwd: folder, encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
    return done.stdout;
  }

  test("are modules of JavaScript", () => {
    const { failures, ...found } = JSON.parse(run("--import", LOADER, "app.mjs"));
    assert.deepEqual(found, {
      names: ["count", "default", "inc", "lanes", "memory", "not a name", "step"],
      step: "-2",
      lanes: "undefined",
      same: true,
      inc: 6,
      count: 6,
      seen: [5],
      source: 7,
      identity: true,
      number: 7,
    });
    assert.equal(failures.none[0], "TypeError");
    assert.equal(failures.ringA[0], "LinkError");
    assert.match(failures.ringA[1], /ringB\.wasm: Import "\.\/ringA\.wasm" "g": .* is not instantiated yet/);
    assert.equal(failures.lacking[0], "SyntaxError");
    assert.match(failures.lacking[1], /nothing/);
    assert.deepEqual([failures.wrong[0], failures.broken[0]], ["LinkError", "CompileError"]);
    assert.match(failures.broken[1], /broken\.wasm: /);
    for (const name of ["reserved1", "reserved2"]) {
      assert.equal(failures[name][0], "LinkError");
      assert.match(failures[name][1], /names that begin with "wasm:" or "wasm-js:" are reserved/);
    }
    assert.equal(failures.reserved3[0], "LinkError");
  });

  test("run in another namespace where one is given", () => {
    writeFileSync(
      at("own.mjs"),
      `import { registerLoader } from "${REGISTER}";
const Module = class extends WebAssembly.Module {};
registerLoader();
registerLoader({ WebAssembly: { ...Object.getOwnPropertyDescriptors, Module, Instance: WebAssembly.Instance,
  Global: WebAssembly.Global, CompileError: WebAssembly.CompileError, LinkError: WebAssembly.LinkError } });
globalThis.Own = Module;`,
    );
    writeFileSync(at("check.mjs"), 'import source m from "./counter.wasm";\nconsole.log(m instanceof Own);\n');
    assert.equal(run("--import", "./own.mjs", "check.mjs"), "true\n");
  });
});

describe("texts", () => {
  test("have names as literals alone", () => {
    const text = 'x" } from "y"; globalThis.broken = 1; //';
    const bytes = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
    const name = [...new TextEncoder().encode(text)];
    const section = [1, name.length, ...name, 0, 0];
    bytes.push(7, section.length, ...section);
    assert.deepEqual(namesOf(Uint8Array.from(bytes)), { imports: [], exports: [text] });
    assert.ok(textOf(Uint8Array.from(bytes), "file:///m.wasm").includes(`export { e0 as ${JSON.stringify(text)} };`));
  });

  test("of what is no module ask the engine", () => {
    for (const bytes of [[], [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 7, 5, 1, 1, 0xff, 0, 0]]) {
      assert.match(
        textOf(Uint8Array.from(bytes), "file:///m.wasm"),
        /instantiate\(import\.meta\.url, namespace, \[\]\)/,
      );
    }
  });

  test("lose the source phase", () => {
    assert.equal(
      withoutSourcePhase("import source x from './a.wasm';\nimport source from 'b';\nimport.source(y)"),
      "import x from 'source:./a.wasm';\nimport source from 'b';\n"
        + 'globalThis[Symbol.for("@pyjsapi/polyfill.source")](import.meta, y)',
    );
    assert.equal(withoutSourcePhase("import source from './a.mjs'"), "import source from './a.mjs'");
  });
});
