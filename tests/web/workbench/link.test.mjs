// Links hold a module and what is asked of it.

import assert from "node:assert/strict";
import test from "node:test";

const { fragmentOf, sharedBy } = await import(`${process.env.STATIC}/workbench/link.mjs`);

const nothing = { script: null, imports: null };

test("a link holds a module or a text, and the calls", async () => {
  const calls = [{ export: "f", arguments: ["1", "nan"] }];
  const binary = { name: "ü.wasm", bytes: Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0), text: null, calls };
  assert.deepEqual(await sharedBy(await fragmentOf({ ...nothing, ...binary })), { ...nothing, ...binary });
  const text = { name: "t.wat", bytes: Uint8Array.of(1), text: "(module)", calls: [] };
  assert.deepEqual(await sharedBy(await fragmentOf({ ...nothing, ...text })), { ...nothing, ...text, bytes: null });
  assert.equal(await sharedBy(""), null);
});

test("a link that was cut anywhere is refused", async () => {
  const calls = [{ export: "f", arguments: [] }];
  const whole = await fragmentOf({ name: "m", bytes: null, text: "(module (func))", calls, ...nothing });
  for (let end = 4; end < whole.length; end++)
    await assert.rejects(sharedBy(whole.slice(0, end)), /cut off or changed/);
});

test("a script and imports come through, as texts; what is none of them is left out", async () => {
  const module = { name: "t.wat", bytes: null, text: "(module)", calls: [] };
  const script = { language: "Python", text: "print(1)" };
  for (const imports of [
    { way: "hand", language: "JavaScript", texts: { host: "{ f() {} }" } },
    { way: "wasi", args: ["p"], env: { A: "b" }, stdin: "in" },
  ]) {
    const shared = { ...module, script, imports };
    assert.deepEqual(await sharedBy(await fragmentOf(shared)), shared);
  }
  const strange = { ...module, script: { language: "Basic", text: 5 }, imports: { way: "magic" } };
  assert.deepEqual(await sharedBy(await fragmentOf(strange)), {
    ...module,
    script: { language: "JavaScript", text: "5" },
    imports: null,
  });
});

test("an address that was cut before its module says so; one of a newer page, too", async () => {
  assert.equal(await sharedBy(""), null);
  assert.equal(await sharedBy("#"), null);
  await assert.rejects(sharedBy("#m1"), /ends with “#m1”, which holds no module: the link was cut off/);
  await assert.rejects(sharedBy("#m2=abc"), /newer version/);
});
