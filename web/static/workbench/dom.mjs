// Elements in a word. Text is always text: nothing here reads markup.

/** @type {(selector: string, within?: ParentNode) => any} what is there is of the kind that the page's template says */
export const $ = (selector, within = document) => within.querySelector(selector);

/**
 * An element with attributes and children. Properties that begin with "on" are listeners, `false` and null leave an attribute out.
 * @param {string} name
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string | null | undefined)} children
 * @returns {any}
 */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Says something to those who see the page and to those who hear it. @param {string} text */
export function say(text) {
  $("#problem").textContent = "";
  $("#status").textContent = text;
}

/** Says what went wrong. @param {string} text */
export function complain(text) {
  $("#problem").textContent = text;
}

/** Lets the browser save bytes or text under a name. @param {string} name @param {BlobPart} content @param {string} type */
export function save(name, content, type) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Control characters would hide or turn a name around: they are shown as escapes. @param {string} name */
export const shown = (name) =>
  name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${/** @type {number} */ (c.codePointAt(0)).toString(16)}}`);
