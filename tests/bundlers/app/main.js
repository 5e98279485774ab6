// What each bundler gets: a program that uses the package as its README says.
import "@pyjsapi/polyfill/auto";
import { configure, implementation } from "@pyjsapi/polyfill/implementation";

/** The answer of a module with two memories, by a namespace: the global one, or the one that always lowers. */
globalThis.run = async (name, bytes, options) => {
  configure({ cache: false, ...options });
  const namespace = name === "global" ? WebAssembly : implementation;
  const { instance } = await namespace.instantiate(Uint8Array.from(bytes));
  return instance.exports.answer();
};
