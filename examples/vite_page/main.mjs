// The global WebAssembly runs modules with several memories from here on. Browsers that can by themselves go on as before;
// for others a module is lowered to one memory each, in a worker that starts Pyodide (public/pyodide) the first time.
import "@pyjsapi/polyfill/auto";

const [input, button, output] = ["input", "button", "output"].map((name) => document.querySelector(name));

const { instance } = await WebAssembly.instantiateStreaming(fetch("turn.wasm"));
const { in: source, out: target, turn } = instance.exports;

button.addEventListener("click", () => {
  const { read, written } = new TextEncoder().encodeInto(input.value, new Uint8Array(source.buffer));
  turn(written);
  output.value = new TextDecoder().decode(new Uint8Array(target.buffer, 0, written));
  if (read < input.value.length) output.value += " …"; // the memory has one page
});
button.disabled = false;
