// What differs between pages and Node (20.16 or newer): Node's own modules, where files are and what is in them.

const { process } = globalThis;

/** Whether this is Node, and not a page. */
export const isNode = typeof process?.versions?.node === "string";

/**
 * A module of Node's own, by its name with `node:`.
 * @type {(name: string) => any} what it is depends on the name
 */
export const builtin = (name) => process.getBuiltinModule(name);

/** What relative URLs are relative to; a worker from a blob has nothing but its origin. */
function baseURL() {
  if (isNode) return `file://${process.cwd()}/`;
  const { document, location, origin } = globalThis;
  return document?.baseURI ?? (location.protocol === "blob:" ? origin : location.href);
}

/**
 * An address as an absolute URL; relative ones of Node are paths from the current folder.
 * @param {string} address
 */
export function absoluteURL(address) {
  return /^[a-z][a-z0-9+.-]+:/i.test(address) ? address : new URL(address, baseURL()).href;
}

/**
 * A folder as an absolute URL that ends with a slash.
 * @param {string} folder
 */
export function folderURL(folder) {
  return absoluteURL(folder.endsWith("/") ? folder : `${folder}/`);
}

/**
 * The bytes at an absolute URL.
 * @param {string} url
 */
export async function readBytes(url) {
  if (isNode && url.startsWith("file:")) {
    return new Uint8Array(await builtin("node:fs/promises").readFile(new URL(url)));
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/**
 * The folder of this package as it was installed, as a URL; undefined in a bundle, which is elsewhere.
 * @param {() => URL} here makes the address of the asking module's folder. Comments in it keep Vite and webpack from taking
 *   that for a file to copy; in some forms of bundles a module has no address
 * @param {string} place of that folder in the package, with slashes around
 */
export function packageFrom(here, place) {
  try {
    const { href } = here();
    return href.endsWith(place) ? href.slice(0, 1 - place.length) : undefined;
  } catch {
    return undefined;
  }
}
