// What somebody chose on the page and finds again: filter, opened cases and hidden columns are in the address, so that a
// link shows the same; the theme is kept by the browser.

const TYPING_MS = 150;

/** The names in the address, beside `only`, `engine` and `demos`. */
const NAMES = /** @type {const} */ ({ words: "q", status: "status", open: "open", hidden: "hide" });

/** @typedef {{ words: string, status: string, open: string[], hidden: string[] }} State */

const listOf = (/** @type {string | null} */ text) => (text ?? "").split(",").filter(Boolean);

/**
 * What an address says.
 * @param {string} search the part of the address from "?" on
 * @returns {State}
 */
export function readState(search) {
  const given = new URLSearchParams(search);
  return {
    words: given.get(NAMES.words) ?? "",
    status: given.get(NAMES.status) ?? "all",
    open: listOf(given.get(NAMES.open)),
    hidden: listOf(given.get(NAMES.hidden)),
  };
}

/**
 * The part of an address from "?" on that says it, with what else was there; nothing is said of what is as it is at first.
 * @param {State} state
 * @param {string} search
 */
export function writeState(state, search) {
  const given = new URLSearchParams(search);
  const put = (/** @type {string} */ name, /** @type {string} */ value) =>
    value ? given.set(name, value) : given.delete(name);
  put(NAMES.words, state.words.trim());
  put(NAMES.status, state.status === "all" ? "" : state.status);
  put(NAMES.open, state.open.join(","));
  put(NAMES.hidden, state.hidden.join(","));
  const text = given.toString().replaceAll("%2C", ",");
  return text && `?${text}`;
}

let timer = 0;

/**
 * Puts it into the address; while somebody types, a little later, since browsers let a page do that so often only.
 * @param {State} state
 */
export function keepState(state, { typing = false } = {}) {
  clearTimeout(timer);
  const write = () =>
    history.replaceState(null, "", `${location.pathname}${writeState(state, location.search)}${location.hash}`);
  if (typing) timer = window.setTimeout(write, TYPING_MS);
  else write();
}

/** Light becomes dark, and dark light; `early.mjs` does the same when the page is opened again. */
export function switchTheme() {
  const { dataset } = document.documentElement;
  const dark = dataset.theme ? dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  dataset.theme = dark ? "light" : "dark";
  try {
    localStorage.setItem("pyjsapi.theme", dataset.theme);
  } catch {
    // It holds as long as the page is open.
  }
}
