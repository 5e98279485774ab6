// The same in a worker of any kind: it answers what it is sent.
import { configure, implementation } from "@pyjsapi/polyfill/implementation";

async function answer({ options, bytes }) {
  try {
    configure(options);
    const { instance } = await implementation.instantiate(Uint8Array.from(bytes));
    return { answer: instance.exports.answer() };
  } catch (error) {
    return { failure: String(error) };
  }
}

addEventListener("connect", ({ ports: [port] }) => {
  port.onmessage = async ({ data }) => port.postMessage(await answer(data));
});
addEventListener("message", async ({ data, source }) => (source ?? globalThis).postMessage(await answer(data)));
