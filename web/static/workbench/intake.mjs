// How a module comes in: as a file, as text or base64, from an address of the same origin. What it is gets a sentence.

/** @typedef {{ name: string, bytes: Uint8Array | null, text: string | null }} Given  bytes of a binary module, or a text */

/** What was given is nothing that can be shown; the message is for people. */
export class Refused extends Error {}

const NEITHER = "is neither a module, nor the text of one, nor base64 of one.";
const MAGIC = [0x00, 0x61, 0x73, 0x6d];
const MAGIC_IN_BASE64 = "AGFz";
const COMPONENT_LAYER = 1;
const MOST_BYTES = 256 * 1024 * 1024;
const BASE64 = /^(?:data:[\w/+.;=-]*;base64,)?([A-Za-z0-9+/_\-\s]+={0,2}\s*)$/;
/** Files that people have and that are no modules, by their first bytes. @type {[number[], string][]} */
const OTHERS = [
  [[0x50, 0x4b, 0x03, 0x04], "a ZIP archive: take the module out of it"],
  [[0x1f, 0x8b], "compressed with gzip: decompress it first"],
  [[0x28, 0xb5, 0x2f, 0xfd], "compressed with zstd: decompress it first"],
  [[0x7f, 0x45, 0x4c, 0x46], "a program for Linux (ELF), not for WebAssembly"],
  [[0x4d, 0x5a], "a program for Windows, not for WebAssembly"],
  [[0xcf, 0xfa, 0xed, 0xfe], "a program for macOS, not for WebAssembly"],
  [[0x42, 0x43, 0xc0, 0xde], "LLVM bitcode: compile and link it to WebAssembly first"],
  [[0x21, 0x3c, 0x61, 0x72, 0x63, 0x68, 0x3e], "an archive of object files: link it to a module first"],
];

/** @param {Uint8Array} bytes @param {number[]} start */
const begins = (bytes, start) => start.every((byte, k) => bytes[k] === byte);

/** @param {string} text */
function bytesOfBase64(text) {
  const plain = text.replace(/\s/g, "").replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(plain), (character) => character.charCodeAt(0));
}

/**
 * What bytes are: a binary module, or the text of one. Raises `Refused` for all else.
 * @param {Uint8Array} bytes
 * @param {string} name
 * @returns {Given}
 */
export function given(bytes, name) {
  if (bytes.length === 0) throw new Refused(`${name} is empty.`);
  if (bytes.length > MOST_BYTES) {
    throw new Refused(`${name} has ${bytes.length.toLocaleString("en")} bytes; more than 256 MiB are not read here.`);
  }
  if (begins(bytes, MAGIC)) {
    if (bytes.length < 8) throw new Refused(`${name} is cut off: it ends within the first 8 bytes of a module.`);
    const version = bytes[4] + 256 * bytes[5];
    const layer = bytes[6] + 256 * bytes[7];
    if (layer === COMPONENT_LAYER) {
      throw new Refused(
        `${name} is a component, not a module. Take the modules out of it (wasm-tools component unbundle).`,
      );
    }
    if (version !== 1 || layer !== 0) {
      throw new Refused(`${name} is of version ${version} of the binary format; only version 1 exists.`);
    }
    return { name, bytes, text: null };
  }
  const other = OTHERS.find(([start]) => begins(bytes, start));
  if (other) throw new Refused(`${name} is no module; it is ${other[1]}.`);
  const text = decoded(bytes);
  if (text === null) {
    const first = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw new Refused(`${name} is no module: a module begins with the bytes 00 61 73 6d, this file with ${first}.`);
  }
  return givenText(text, name);
}

/** @param {Uint8Array} bytes */
function decoded(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/**
 * What a text is: that of a module, or base64 of a binary one. Raises `Refused` for all else.
 * @param {string} text
 * @param {string} name
 * @returns {Given}
 */
export function givenText(text, name) {
  if (!text.trim()) throw new Refused(`${name} is empty.`);
  const base64 = BASE64.exec(text.trim());
  if (base64) {
    if (!base64[1].replace(/\s/g, "").startsWith(MAGIC_IN_BASE64)) throw new Refused(`${name} ${NEITHER}`);
    let bytes;
    try {
      bytes = bytesOfBase64(base64[1]);
    } catch {
      throw new Refused(`${name} begins as base64 of a module, but is cut off, or a character is missing.`);
    }
    if (!begins(bytes, MAGIC)) throw new Refused(`${name} ${NEITHER}`);
    return given(bytes, name);
  }
  if (/^\s*<(?:!doctype|html)/i.test(text)) {
    throw new Refused(`${name} is a page of HTML: an address that does not exist often gives one.`);
  }
  if (!text.includes("(")) throw new Refused(`${name} ${NEITHER}`);
  return { name, bytes: null, text };
}

/** @param {File} file */
export async function givenFile(file) {
  if (file.size > MOST_BYTES) {
    throw new Refused(`${file.name} has ${file.size.toLocaleString("en")} bytes; more than 256 MiB are not read here.`);
  }
  let buffer;
  try {
    buffer = await file.arrayBuffer();
  } catch {
    throw new Refused(`${file.name} cannot be read. If it is a folder, open the file that is in it.`);
  }
  return given(new Uint8Array(buffer), file.name);
}

/** @param {string} address relative to the page; of the same origin */
export async function givenAddress(address) {
  let url;
  try {
    url = new URL(address, document.baseURI);
  } catch {
    throw new Refused(`${address} is no address.`);
  }
  if (url.origin !== location.origin) {
    throw new Refused(
      `${url.href} is of another origin than this page (${location.origin}): download it and drop it here.`,
    );
  }
  let response;
  try {
    response = await fetch(url);
  } catch {
    throw new Refused(`${url.href} cannot be reached.`);
  }
  if (!response.ok)
    throw new Refused(`${url.href}: the server answers ${response.status} ${response.statusText}`.trim());
  return given(new Uint8Array(await response.arrayBuffer()), url.pathname.split("/").pop() || url.pathname);
}
