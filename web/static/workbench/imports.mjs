// What the module is given for its imports: stubs of their types, objects that somebody writes, or WASI.

import { make, shown } from "./dom.mjs";
import { mistakeIn } from "./hand.mjs";

/**
 * @typedef {import("./engine_table.mjs").Language} Language
 * @typedef {import("./engine_table.mjs").Row} Row
 * @typedef {import("./binary.mjs").Contents} Contents
 * @typedef {import("./plan.mjs").ByHand | import("./plan.mjs").Wasi} Imports
 * @typedef {Record<string, string>} Texts  by the name of the module
 */

export const WASI_MODULE = "wasi_snapshot_preview1";
/** Functions of a module that are written out to begin with. */
const MOST_WRITTEN = 40;
/** @type {Language[]} */
const LANGUAGES = ["JavaScript", "Python"];
const WAYS = { stubs: "stubs of their types", hand: "written by hand", wasi: "WASI, preview 1" };

let groups = 0;

/** Tells its listeners "change". */
export class ImportsForm extends EventTarget {
  /** @type {Record<Language, Texts>} */ #texts = { JavaScript: {}, Python: {} };
  /** @type {Contents | null} */ #contents = null;
  #names = "";
  /** @type {any[]} */ #fields = [];

  constructor() {
    super();
    const id = `imports-${groups++}`;
    const radio = (/** @type {keyof typeof WAYS} */ way) =>
      make("input", { type: "radio", name: id, value: way, checked: way === "stubs", onchange: () => this.#show() });
    this.ways = { stubs: radio("stubs"), hand: radio("hand"), wasi: radio("wasi") };
    const labels = Object.entries(WAYS).map(([way, text]) =>
      make("label", { class: "box" }, this.ways[/** @type {"hand"} */ (way)], text),
    );
    this.note = make("p", { class: "hint" });
    this.language = make(
      "select",
      { id: `${id}-language`, onchange: () => this.#show() },
      ...LANGUAGES.map((name) => make("option", {}, name)),
    );
    this.texts = make("div", { class: "texts" });
    this.hand = make(
      "div",
      {},
      make("p", { class: "intake-row" }, make("label", { for: `${id}-language` }, "Language"), this.language),
      this.texts,
    );
    const area = (/** @type {string} */ label, /** @type {string} */ name) => {
      const field = make("textarea", { id: `${id}-${name}`, rows: 2, spellcheck: "false", autocomplete: "off" });
      return { field, parts: [make("label", { for: `${id}-${name}` }, label), field] };
    };
    this.args = area("Arguments, one a line, the program's name first", "args");
    this.env = area("Environment, NAME=value, one a line", "env");
    this.stdin = area("Standard input", "stdin");
    this.args.field.value = "program";
    this.wasi = make("div", { class: "texts" }, ...this.args.parts, ...this.env.parts, ...this.stdin.parts);
    this.element = make(
      "fieldset",
      { class: "choices" },
      make("legend", {}, "Imports"),
      make("div", { class: "boxes" }, ...labels),
      this.note,
      this.hand,
      this.wasi,
    );
    this.#show();
  }

  /** @returns {keyof typeof WAYS} */
  get way() {
    return /** @type {any} */ (Object.values(this.ways).find((radio) => radio.checked)).value;
  }

  /** Is about another module; texts stay where the names of the imported modules do. @param {Contents} contents */
  reset(contents) {
    this.#contents = contents;
    const names = JSON.stringify(this.#modules());
    if (names !== this.#names) {
      this.#names = names;
      this.#texts = { JavaScript: {}, Python: {} };
      this.ways.stubs.checked = true;
    }
    this.element.hidden = contents.imports.length === 0;
    this.ways.wasi.disabled = !this.#modules().includes(WASI_MODULE);
    if (this.ways.wasi.disabled && this.ways.wasi.checked) this.ways.stubs.checked = true;
    this.#show();
  }

  /** What is asked for, as it goes into links; null where there are stubs alone. @returns {Imports | null} */
  get asked() {
    const { way } = this;
    if (way === "stubs" || this.element.hidden) return null;
    if (way === "hand") {
      this.#keep();
      const language = /** @type {Language} */ (this.language.value);
      return { way, language, texts: { ...this.#texts[language] } };
    }
    const lines = (/** @type {any} */ { field }) =>
      field.value.split("\n").filter((/** @type {string} */ one) => one !== "");
    const env = lines(this.env).map((/** @type {string} */ line) => {
      const at = line.indexOf("=");
      return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)];
    });
    return { way, args: lines(this.args), env: Object.fromEntries(env), stdin: this.stdin.field.value };
  }

  /** Puts what a link brought in the place of what is there. @param {Imports | null} asked */
  ask(asked) {
    this.ways[asked?.way ?? "stubs"].checked = true;
    if (asked?.way === "hand") {
      this.language.value = asked.language;
      this.#fields = [];
      this.#texts[asked.language] = { ...asked.texts };
    } else if (asked) {
      this.args.field.value = asked.args.join("\n");
      this.env.field.value = Object.entries(asked.env)
        .map(([name, value]) => `${name}=${value}`)
        .join("\n");
      this.stdin.field.value = asked.stdin;
    }
    this.#show();
  }

  /** What is asked for, to be run. Raises an Error for a text with a mistake, and brings it into focus. */
  get checked() {
    const { asked } = this;
    for (const { field, module } of this.#fields) {
      const mistake =
        asked?.way === "hand" && asked.language === "JavaScript" ? mistakeIn(field.value.trim() || "{}") : "";
      if (mistake) {
        field.setAttribute("aria-invalid", "true");
        field.focus();
        throw new Error(`imports of “${shown(module)}”: ${mistake}`);
      }
      field.removeAttribute("aria-invalid");
    }
    return asked;
  }

  /** Why an engine cannot do it, in words; empty if it can. @param {Row} row */
  why({ language }) {
    const { way } = this;
    if (this.element.hidden || way === "stubs") return "";
    if (way === "wasi") return language === "Python" ? "" : "has no WASI here";
    return language === this.language.value ? "" : `takes imports in ${language}`;
  }

  #modules() {
    return [...new Set(this.#contents?.imports.map(({ module }) => module))];
  }

  /** Remembers what was written. */
  #keep() {
    for (const { field, module, language } of this.#fields)
      this.#texts[/** @type {Language} */ (language)][module] = field.value;
  }

  #show() {
    this.#keep();
    const { way } = this;
    this.hand.hidden = way !== "hand";
    this.wasi.hidden = way !== "wasi";
    this.note.textContent = {
      stubs: "Functions write down their arguments and return zeros; memories and tables have their least size.",
      hand: "An object for each module. What is not in it stays a stub. In it, print writes into the log, and instance, exports and memory are there once the instance is.",
      wasi: "pyjsapi's WASI, where Python is: call _start. Time and randomness repeat, and its files are in a folder that is empty.",
    }[way];
    if (way === "hand") this.#showTexts();
    else this.#fields = [];
    this.dispatchEvent(new Event("change"));
  }

  #showTexts() {
    const language = /** @type {Language} */ (this.language.value);
    const texts = this.#texts[language];
    this.#fields = this.#modules().map((module, k) => {
      texts[module] ??= this.#template(module, language);
      const rows = Math.min(16, texts[module].split("\n").length + 1);
      const field = make("textarea", {
        id: `${this.language.id}-${k}`,
        rows,
        spellcheck: "false",
        autocomplete: "off",
      });
      field.value = texts[module];
      return { field, module, language };
    });
    this.texts.replaceChildren(
      ...this.#fields.flatMap(({ field, module }) => [
        make("label", { for: field.id }, `Imports of “${shown(module)}”, in ${language}`),
        field,
      ]),
    );
  }

  /** The stubs of a module's functions, written out. @param {string} module @param {Language} language */
  #template(module, language) {
    const { imports, types } = /** @type {Contents} */ (this.#contents);
    const functions = imports.filter((one) => one.module === module && one.kind === "func");
    const python = language === "Python";
    const lines = functions.slice(0, MOST_WRITTEN).map(({ name, type }) => {
      const { params = [], results = [], text = "" } = types[/** @type {number} */ (type)] ?? {};
      const given = params.map((_type, k) => (k < 26 ? String.fromCharCode(97 + k) : `p${k}`)).join(", ");
      const zeros = results.map((each) =>
        /^[if]/.test(each) ? (each === "i64" && !python ? "0n" : "0") : python ? "null" : "null",
      );
      const zero = zeros.length > 1 ? `[${zeros.join(", ")}]` : (zeros[0] ?? (python ? "None" : "undefined"));
      const key = JSON.stringify(name);
      return python
        ? `    ${key}: lambda ${given}: ${zero},  # ${text}`.replace("lambda :", "lambda:")
        : `  ${key}: (${given}) => ${zero}, // ${text}`;
    });
    return ["{", ...lines, "}"].join("\n");
  }
}
