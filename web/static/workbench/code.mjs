// The view "Code": a function as its instructions, which lead to what they name, beside the Python that it becomes.

import { make, shown } from "./dom.mjs";
import { ItemList } from "./overview.mjs";
import { isShown, showTab } from "./tabs.mjs";

/** Instructions that are shown at once; there is a button for the others. */
const MOST_LINES = 3000;

const offsetOf = (/** @type {{ offset: string }} */ { offset }) => Number.parseInt(offset, 16);

/** Tells its listeners "shown" when there are other instructions. */
export class CodeView extends EventTarget {
  #index = -1;
  /** The instruction that is marked. @type {number | null} */ #offset = null;
  /** Functions that were shown before this one. @type {number[]} */
  #before = [];
  #current = false;

  /** @param {HTMLElement} host @param {import("./session.mjs").Session} session @param {import("./overview.mjs").Overview} overview */
  constructor(host, session, overview) {
    super();
    this.session = session;
    this.overview = overview;
    this.list = new ItemList("Functions with code");
    this.title = make("h3", { tabindex: "-1" });
    this.back = make("button", { type: "button", hidden: true, onclick: () => this.#goBack() }, "Back");
    this.body = make("div", { class: "listing", tabindex: "0", role: "region", "aria-label": "Instructions" });
    this.source = make("pre", { class: "listing", tabindex: "0", role: "region", "aria-label": "Python source" });
    this.state = make("p", { role: "status" });
    host.replaceChildren(
      make(
        "div",
        { class: "code-columns" },
        this.list.element,
        make(
          "section",
          { class: "card" },
          make("div", { class: "card-top" }, this.title, make("span", { class: "buttons" }, this.back)),
          this.state,
          make("div", { class: "code-panes" }, this.body, this.source),
        ),
      ),
    );
    session.addEventListener("module", () => this.#reset());
    document.addEventListener("tab", () => this.update());
  }

  #reset() {
    const { contents } = this.session;
    if (!contents) return;
    this.#current = false;
    this.#before = [];
    this.#offset = null;
    if (this.#index >= contents.functions.length || this.#index < contents.importedFunctions) this.#index = -1;
    const indices = contents.bodies.map((_start, k) => k + contents.importedFunctions);
    this.list.show(
      indices.map((index) => ({
        key: `#${index}`,
        name: contents.functionName(index),
        text: contents.functionType(index)?.text ?? "?",
        open: () => this.open(index),
      })),
    );
    this.update();
  }

  /** Shows the function, if this view is in sight. */
  update() {
    const { contents } = this.session;
    if (!isShown("code") || this.#current || !contents) return;
    const first = contents.importedFunctions;
    if (contents.bodies.length === 0) this.#clear("The module has no functions with code.");
    else void this.#show(this.#index < 0 ? first : this.#index);
  }

  /** Shows a function in this view, with an instruction marked. @param {number} index @param {number | null} [offset] */
  open(index, offset = null) {
    this.#offset = offset;
    if (this.#index >= 0 && this.#index !== index) this.#before.push(this.#index);
    this.#index = index;
    this.#current = false;
    if (isShown("code")) this.update();
    else showTab("code", { focus: true });
  }

  #goBack() {
    this.#offset = null;
    this.#index = this.#before.pop() ?? this.#index;
    this.#current = false;
    this.update();
    this.title.focus();
  }

  /** @param {string} text */
  #clear(text) {
    this.#current = true;
    this.title.textContent = "";
    this.state.textContent = text;
    this.body.replaceChildren();
    this.source.replaceChildren();
  }

  /** @param {number} index */
  async #show(index) {
    this.#current = true;
    this.#index = index;
    this.back.hidden = this.#before.length === 0;
    const { bytes, contents, python } = this.session;
    if (!contents) return;
    this.title.textContent = `Function ${index}: ${shown(contents.functionName(index))}`;
    this.state.textContent = "Compiling …";
    let answer;
    try {
      answer = await python.ask("function", bytes, index);
    } catch (error) {
      answer = { error: error.message };
    }
    if (bytes !== this.session.bytes || index !== this.#index) return;
    if (answer.error) {
      const { textContent } = this.title;
      this.#clear(`It cannot be shown, the module is not valid: ${answer.error}`);
      this.title.textContent = textContent;
      return;
    }
    this.state.textContent = "";
    this.source.textContent = answer.source;
    const at = answer.lines.findIndex((/** @type {any} */ line) => offsetOf(line) === this.#offset);
    const most = at < MOST_LINES ? MOST_LINES : answer.lines.length;
    this.body.replaceChildren(make("pre", {}, answer.head.join("\n")), this.#lines(answer.lines, most));
    this.#mark(at);
    this.dispatchEvent(new Event("shown"));
  }

  /** The function that is shown, or -1. */
  get index() {
    return this.#index;
  }

  /** Brings an instruction into sight. @param {number} at */
  #mark(at) {
    if (at < 0) return;
    const item = this.body.querySelectorAll("li")[at];
    item.setAttribute("aria-current", "true");
    item.tabIndex = -1;
    item.scrollIntoView({ block: "nearest" });
    item.focus();
  }

  /** @param {any[]} lines @param {number} most @returns {HTMLElement} */
  #lines(lines, most) {
    const list = make("ol", { class: "instructions" });
    for (const line of lines.slice(0, most))
      list.append(make("li", {}, make("span", { class: "offset" }, line.offset), this.#text(line)));
    if (lines.length > most) {
      const more = make("button", { type: "button" }, `Show ${lines.length - most} more`);
      more.addEventListener("click", () => {
        list.replaceWith(this.#lines(lines, lines.length));
        this.dispatchEvent(new Event("shown"));
      });
      list.append(make("li", {}, more));
    }
    return list;
  }

  /** @param {{ text: string, kind?: string, index?: number }} line */
  #text({ text, kind, index }) {
    if (kind === undefined || index === undefined) return make("code", {}, text);
    const { contents } = this.session;
    if (kind === "func" && contents && index < contents.importedFunctions) {
      const { module, name } = contents.imports.filter((one) => one.kind === "func")[index];
      return make("code", { title: `imported: ${shown(module)} ${shown(name)}` }, text);
    }
    const indent = text.length - text.trimStart().length;
    const link = make(
      "button",
      { type: "button", class: "link", onclick: () => this.#follow(kind, index) },
      text.trimStart(),
    );
    return make("code", {}, " ".repeat(indent), link);
  }

  /** @param {string} kind @param {number} index */
  #follow(kind, index) {
    if (kind === "func") {
      this.open(index);
      this.title.focus();
      return;
    }
    showTab("module");
    this.overview.reveal(kind === "type" ? "types" : "datas", index);
  }
}
