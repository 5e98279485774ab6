// Where files are, and what is in them, in pages and in Node.

export const isNode = typeof process === "object" && typeof process.versions?.node === "string";

/** What relative URLs are relative to; a worker from a blob has nothing but its origin. */
function baseURL() {
  const { document, location, origin } = globalThis;
  return document?.baseURI ?? (location.protocol === "blob:" ? origin : location.href);
}

/** An address as an absolute URL; relative ones of Node are paths from the current folder. */
export function absoluteURL(address) {
  if (/^[a-z][a-z0-9+.-]+:/i.test(address)) return address;
  return new URL(address, isNode ? `file://${process.cwd()}/` : baseURL()).href;
}

/** A folder as an absolute URL that ends with a slash. */
export function folderURL(folder) {
  return absoluteURL(folder.endsWith("/") ? folder : `${folder}/`);
}

/** The folder as `loadPyodide` wants it: a path in Node. */
export function indexOf(folder) {
  return folder.startsWith("file:") ? decodeURIComponent(new URL(folder).pathname) : folder;
}

/** The bytes at an absolute URL. */
export async function readBytes(url) {
  if (isNode && url.startsWith("file:")) {
    const { readFile } = process.getBuiltinModule("node:fs/promises");
    return new Uint8Array(await readFile(new URL(url)));
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
