// Breakpoints in the view "Code": a mark before each instruction sets one, or takes it away; the place of the debugger is marked.

import { make } from "./dom.mjs";

export class ListingBreakpoints {
  /** The mark that the Tab key leads to. */
  #current = 0;

  /**
   * @param {import("./code.mjs").CodeView} code
   * @param {import("./debugging.mjs").Debugging} debugging
   * @param {(error: Error) => void} complain
   */
  constructor(code, debugging, complain) {
    this.code = code;
    this.debugging = debugging;
    this.complain = complain;
    /** @type {any[]} */ this.marks = [];
    code.addEventListener("shown", () => this.#put());
    debugging.addEventListener("breakpoints", () => this.#draw());
    debugging.addEventListener("state", () => this.#draw());
    code.body.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
  }

  #put() {
    this.#current = 0;
    const lines = [...this.code.body.querySelectorAll(".instructions li")];
    this.marks = [];
    for (const [k, line] of lines.entries()) {
      const offset = line.querySelector(".offset");
      if (!offset) continue;
      const mark = make("button", {
        type: "button",
        class: "mark",
        "aria-label": `Breakpoint at ${offset.textContent}`,
        tabindex: k === 0 ? "0" : "-1",
        onclick: () => void this.#toggle(k),
      });
      line.prepend(mark);
      this.marks.push(mark);
    }
    this.#draw();
  }

  /** @param {number} k */
  async #toggle(k) {
    this.#go(k);
    try {
      await this.debugging.toggle(this.code.index, k);
    } catch (error) {
      this.complain(error);
    }
  }

  #draw() {
    const [frame] = this.debugging.state?.frames ?? [];
    const here = frame?.kind === "wasm" && frame.function === this.code.index ? frame.instruction : -1;
    for (const [k, mark] of this.marks.entries()) {
      const breaks = this.debugging.at(this.code.index, k) !== undefined;
      mark.setAttribute("aria-pressed", String(breaks));
      mark.textContent = k === here ? "▶" : breaks ? "●" : "";
      mark.parentElement.classList.toggle("here", k === here);
    }
  }

  /** @param {number} k */
  #go(k) {
    this.marks[this.#current].tabIndex = -1;
    this.#current = k;
    this.marks[k].tabIndex = 0;
    this.marks[k].focus();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const at = this.marks.indexOf(event.target);
    if (at < 0) return;
    const last = this.marks.length - 1;
    /** @type {Record<string, number>} */
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: last };
    if (!(event.key in to)) return;
    event.preventDefault();
    this.#go(Math.max(0, Math.min(to[event.key], last)));
  }
}
