// The code that is debugged, as instructions and as lines of its source: the place is marked, Enter or a click sets breakpoints.

import { make, shown } from "./dom.mjs";
import { Rows } from "./rows.mjs";

/** @typedef {import("./debugging.mjs").Frame} Frame */
/** @typedef {(act: () => any) => Promise<void>} Try */

const hex = (/** @type {number} */ value) => value.toString(16).padStart(6, "0");

/** The mark of a row, for eyes and ears. @param {boolean} here @param {boolean} breaks */
function markOf(here, breaks) {
  const said = [here ? "here" : "", breaks ? "breakpoint" : ""].filter(Boolean).join(", ");
  return make(
    "span",
    { class: `mark${breaks ? " breaks" : ""}`, role: said ? "img" : null, "aria-label": said || null },
    here ? "▶" : breaks ? "●" : "",
  );
}

/** A list of rows with marks, of which one is where execution is. */
class Pane {
  #here = -1;

  /** @param {string} title @param {string} id @param {(row: number) => any} toggle @param {Try} attempt */
  constructor(title, id, toggle, attempt) {
    this.heading = make("h3", {}, title);
    this.note = make("p", { class: "state" });
    this.list = make("div", { id, class: "debug-code" });
    this.rows = new Rows(this.list, {
      label: title,
      render: (index, row) => this.render(index, row),
      open: (index) => void attempt(() => toggle(index)),
    });
    this.element = make("section", { class: "card" }, this.heading, this.note, this.list);
  }

  get here() {
    return this.#here;
  }

  /** @param {number} _index @param {HTMLElement} _row */
  render(_index, _row) {}

  /** Marks a row as the place and brings it into sight; -1 for none. @param {number} row */
  goTo(row) {
    this.#here = row;
    this.rows.select(row < 0 ? this.rows.current : row);
  }

  redraw() {
    this.rows.select(this.rows.current);
  }
}

export class CodePane extends Pane {
  /** @type {any[]} */ #lines = [];
  #shown = "";
  #index = -1;

  /** @param {import("./debugging.mjs").Debugging} debugging @param {Try} attempt */
  constructor(debugging, attempt) {
    super("Instructions", "debug-code", (row) => debugging.toggle(this.#index, row), attempt);
    this.debugging = debugging;
    debugging.addEventListener("breakpoints", () => this.redraw());
  }

  focus() {
    this.list.focus();
  }

  clear() {
    this.#lines = [];
    this.#shown = "";
    this.#index = -1;
    this.heading.textContent = "Instructions";
    this.rows.show(0);
  }

  /** @param {Frame | null} frame */
  async show(frame) {
    if (!frame || frame.kind === "host") {
      this.goTo(-1);
      return;
    }
    const key = `${frame.instance}:${frame.function}`;
    if (key !== this.#shown) {
      const command = { do: "disassemble", function: frame.function, instance: frame.instance };
      const answer = await this.debugging.look(command);
      if (answer === null) return;
      this.#lines = answer.instructions;
      this.#shown = key;
      this.#index = frame.function;
      this.heading.textContent = `Function ${frame.function}${frame.name ? `: ${shown(frame.name)}` : ""}`;
      this.rows.show(this.#lines.length);
    }
    this.goTo(frame.instruction);
  }

  /** @param {number} index @param {HTMLElement} row */
  render(index, row) {
    const { offset, text } = this.#lines[index];
    const breaks = this.debugging.at(this.#index, index) !== undefined;
    row.classList.toggle("here", index === this.here);
    row.append(
      markOf(index === this.here, breaks),
      make("span", { class: "offset" }, hex(offset)),
      make("span", { class: "number" }, String(index)),
      make("code", {}, shown(text)),
    );
  }
}

export class SourcePane extends Pane {
  /** @type {string[]} */ #lines = [];
  /** The file that is shown. @type {string | null} */ #file = null;

  /** @param {import("./debugging.mjs").Debugging} debugging @param {Try} attempt */
  constructor(debugging, attempt) {
    super("Source", "debug-source", (row) => debugging.toggleLine(this.#file ?? "", row + 1), attempt);
    this.debugging = debugging;
    this.files = make("input", { type: "file", multiple: true, onchange: () => void attempt(() => this.#bring()) });
    this.element.append(make("label", { class: "files" }, "Bring source files, or a source map (.map): ", this.files));
    debugging.addEventListener("breakpoints", () => this.redraw());
  }

  async #bring() {
    for (const file of this.files.files) this.debugging.files.set(file.name, await file.text());
    this.note.textContent = `${[...this.debugging.files.keys()].map(shown).join(", ")}: a source map is used when the debugger starts anew.`;
    this.#file = null;
    if (this.frame) await this.show(this.frame, this.number ?? 0);
  }

  clear() {
    this.#lines = [];
    this.#file = null;
    this.frame = null;
    this.note.textContent = "";
    this.heading.textContent = "Source";
    this.rows.show(0);
    this.list.hidden = true;
  }

  /** @param {Frame | null} frame @param {number} number */
  async show(frame, number) {
    this.frame = frame;
    this.number = number;
    const place = frame?.place ?? null;
    if (place === null) {
      this.goTo(-1);
      return;
    }
    if (place.file !== this.#file) {
      const lines = await this.#linesOf(place.file, number);
      this.#file = place.file;
      this.#lines = lines ?? [];
      this.heading.textContent = titleOf(place.file);
      this.note.textContent = lines ? "" : `${shown(place.file)} is not here; bring it to see line ${place.line}.`;
      this.list.hidden = !lines;
      this.rows.show(this.#lines.length);
    }
    if (place.line <= this.#lines.length) this.goTo(place.line - 1);
    else if (this.list.hidden)
      this.note.textContent = `${shown(place.file)} is not here; bring it to see line ${place.line}.`;
  }

  /** @param {string} file @param {number} frame @returns {Promise<string[] | null>} */
  async #linesOf(file, frame) {
    const brought = this.debugging.files.get(file.split("/").at(-1) ?? "");
    if (brought !== undefined) return brought.split(/\r?\n/);
    return (await this.debugging.look({ do: "source", file, frame }))?.lines ?? null;
  }

  /** @param {number} index @param {HTMLElement} row */
  render(index, row) {
    const breaks = this.debugging.atLine(this.#file ?? "", index + 1) !== undefined;
    row.classList.toggle("here", index === this.here);
    row.append(
      markOf(index === this.here, breaks),
      make("span", { class: "number" }, String(index + 1)),
      make("code", {}, shown((this.#lines[index] ?? "").replaceAll("\t", "    "))),
    );
  }
}

/** @param {string} file */
const titleOf = (file) => (file === "" ? "Text" : file === "text" ? "Text, as it is printed" : shown(file));
