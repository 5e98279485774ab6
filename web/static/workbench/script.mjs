// A script against the instance, in JavaScript or Python, in an editor.

import { make } from "./dom.mjs";
import { mistakeIn } from "./script_run.mjs";

/**
 * @typedef {import("./engine_table.mjs").Language} Language
 * @typedef {{ language: Language, text: string }} Script
 */

/** @type {Language[]} */
const LANGUAGES = ["JavaScript", "Python"];
const NAMES = "instance, exports, module, memory, memories and WebAssembly are there; ";
const HELP = {
  JavaScript: `${NAMES}print and console.log write into the log, return gives a result, and await can be used.`,
  Python: `${NAMES}print writes into the log, and an expression at the end is the result.`,
};

let forms = 0;

/** Tells its listeners "change". */
export class ScriptForm extends EventTarget {
  /** @type {Record<Language, string | null>} */ #texts = { JavaScript: null, Python: null };
  /** @type {import("./editor.mjs").Editor | null} */ #editor = null;
  /** @type {Language} */ #shown = "JavaScript";
  #template = { JavaScript: "", Python: "" };

  constructor() {
    super();
    const id = `script-${forms++}`;
    this.language = make(
      "select",
      { id, onchange: () => void this.#show() },
      ...LANGUAGES.map((name) => make("option", {}, name)),
    );
    this.help = make("p", { class: "hint" });
    this.frame = make("div", { class: "editor small" });
    this.element = make(
      "div",
      { hidden: true },
      make("p", { class: "intake-row" }, make("label", { for: id }, "Language of the script"), this.language),
      this.help,
      this.frame,
    );
  }

  /** Offers a first script for another module. @param {import("./calls.mjs").Callable | undefined} callable */
  reset(callable) {
    const { name = "", params = [] } = callable ?? {};
    const given = (/** @type {boolean} */ big) =>
      params.map((type) => (type === "i64" && big ? "0n" : /^[if]/.test(type) ? "0" : "null")).join(", ");
    const key = JSON.stringify(name);
    this.#template = {
      JavaScript: callable ? `print(exports[${key}](${given(true)}));\n` : "print(instance);\n",
      Python: callable ? `print(exports[${key}](${given(false)}))\n` : "print(instance)\n",
    };
  }

  /** @returns {Script} */
  get asked() {
    this.#keep();
    const language = /** @type {Language} */ (this.language.value);
    return { language, text: this.#texts[language] ?? this.#template[language] };
  }

  /** Puts a script in the place of what is there. @param {Script} script */
  ask({ language, text }) {
    this.#keep();
    this.language.value = language;
    this.#texts[language] = text;
    if (this.#editor && this.#shown === language) this.#editor.show(text);
    void this.#show();
  }

  /** The script, to be run. Raises an Error for one with a mistake, and brings it into focus. */
  get checked() {
    const { asked } = this;
    const mistake = asked.language === "JavaScript" ? mistakeIn(asked.text) : "";
    if (!mistake) return asked;
    this.#editor?.view.focus();
    throw new Error(`the script: SyntaxError: ${mistake}`);
  }

  /** Why an engine cannot do it, in words; empty if it can. @param {import("./engine_table.mjs").Row} row */
  why({ language }) {
    return language === this.language.value ? "" : `takes scripts in ${language}`;
  }

  /** Marks where the script failed. @param {number | undefined} line @param {string} message */
  mark(line, message) {
    this.#editor?.mark(line === undefined ? [] : [{ line, column: 1, message }]);
  }

  /** Shows the form, or hides it. @param {boolean} shown */
  toggle(shown) {
    this.element.hidden = !shown;
    if (shown) void this.#show();
  }

  #keep() {
    if (this.#editor) this.#texts[this.#shown] = this.#editor.text;
  }

  async #show() {
    this.#keep();
    const language = /** @type {Language} */ (this.language.value);
    this.help.textContent = HELP[language];
    this.dispatchEvent(new Event("change"));
    if (this.element.hidden || (this.#editor && this.#shown === language)) return;
    const { scriptEditor } = await import("./editor.mjs");
    if (language !== this.language.value || (this.#editor && this.#shown === language)) return;
    this.#keep();
    this.#editor?.view.destroy();
    this.#shown = language;
    this.#editor = scriptEditor(this.frame, language);
    this.#editor.show(this.#texts[language] ?? this.#template[language]);
  }
}
