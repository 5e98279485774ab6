// What programs of one memory can do wrong, by the global namespace: for Node's tests and the browsers'.

const module = (...sections) => Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections);
const TYPE = [1, 4, 1, 0x60, 0, 0];
const invalid = module(...TYPE, 3, 2, 1, 0, 10, 5, 1, 3, 0, 0x6a, 0x0b);
const importing = module(...TYPE, 2, 7, 1, 1, 97, 1, 98, 0, 0);
const trapping = module(...TYPE, 3, 2, 1, 0, 8, 1, 0, 10, 5, 1, 3, 0, 0, 0x0b);
const garbage = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const answer = (bytes, type = "application/wasm", status = 200) =>
  new Response(bytes, { status, headers: { "Content-Type": type } });

/** @type {Record<string, () => unknown>} */
const refusals = {
  "instantiate: invalid": () => WebAssembly.instantiate(invalid),
  "instantiate: garbage": () => WebAssembly.instantiate(garbage),
  "instantiate: empty": () => WebAssembly.instantiate(new Uint8Array(0)),
  "instantiate: no import object": () => WebAssembly.instantiate(importing),
  "instantiate: no namespace": () => WebAssembly.instantiate(importing, {}),
  "instantiate: no import": () => WebAssembly.instantiate(importing, { a: {} }),
  "instantiate: a number for imports": () => WebAssembly.instantiate(importing, 7),
  "instantiate: invalid, a number for imports": () => WebAssembly.instantiate(invalid, 7),
  "instantiate: a trap": () => WebAssembly.instantiate(trapping),
  "instantiate: a string": () => WebAssembly.instantiate("x"),
  "instantiate: nothing": () => WebAssembly.instantiate(),
  "instantiate a module: no import": () => WebAssembly.instantiate(new WebAssembly.Module(importing), { a: {} }),
  "instantiate a module: no import object": () => WebAssembly.instantiate(new WebAssembly.Module(importing)),
  "compile: invalid": () => WebAssembly.compile(invalid),
  "compile: a string": () => WebAssembly.compile("x"),
  "compile: nothing": () => WebAssembly.compile(),
  "Module: invalid": () => new WebAssembly.Module(invalid),
  "Module: nothing": () => new WebAssembly.Module(),
  "Module: called": () => WebAssembly.Module(invalid),
  "Instance: nothing": () => new WebAssembly.Instance(),
  "Instance: called": () => WebAssembly.Instance(),
  "Instance: no import": () => new WebAssembly.Instance(new WebAssembly.Module(importing), { a: {} }),
  "Instance: no import object": () => new WebAssembly.Instance(new WebAssembly.Module(importing)),
  "Instance: a trap": () => new WebAssembly.Instance(new WebAssembly.Module(trapping)),
  "Instance: an import throws undefined": () =>
    new WebAssembly.Instance(new WebAssembly.Module(importing), {
      get a() {
        throw undefined;
      },
    }),
  "validate: a string": () => WebAssembly.validate("x"),
  "compileStreaming: invalid": () => WebAssembly.compileStreaming(answer(invalid)),
  "compileStreaming: text": () => WebAssembly.compileStreaming(answer(invalid, "text/plain")),
  "compileStreaming: a number": () => WebAssembly.compileStreaming(7),
  "instantiateStreaming: invalid": () => WebAssembly.instantiateStreaming(answer(invalid)),
  "instantiateStreaming: garbage": () => WebAssembly.instantiateStreaming(answer(garbage)),
  "instantiateStreaming: text": () => WebAssembly.instantiateStreaming(answer(invalid, "text/plain")),
  "instantiateStreaming: not found": () => WebAssembly.instantiateStreaming(answer("", "application/wasm", 404)),
  "instantiateStreaming: no import": () => WebAssembly.instantiateStreaming(answer(importing), { a: {} }),
  "instantiateStreaming: a number for imports": () => WebAssembly.instantiateStreaming(answer(importing), 7),
  "instantiateStreaming: a number": () => WebAssembly.instantiateStreaming(7),
  "instantiateStreaming: a trap": () => WebAssembly.instantiateStreaming(answer(trapping)),
  "instantiateStreaming: rejected": () => WebAssembly.instantiateStreaming(Promise.reject(new RangeError("own"))),
  "exports of a number": () => WebAssembly.Module.exports(7),
  "customSections without a name": () => WebAssembly.Module.customSections(new WebAssembly.Module(importing)),
};

/** What each of them ends with; WebKit adds the expression that a program has called. */
export async function told() {
  const result = {};
  for (const [name, run] of Object.entries(refusals)) {
    try {
      result[name] = `a value: ${await run()}`;
    } catch (error) {
      result[name] = String(error).replace(/ \(evaluating '.*'\)$/s, "");
    }
  }
  return result;
}
