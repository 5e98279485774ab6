// The view "Memory": what the memories hold after a run, as bytes and characters, as numbers, and as a picture.

import { make } from "./dom.mjs";
import { aboutOf, Panes } from "./panes.mjs";
import { isShown } from "./tabs.mjs";
import { Threads } from "./threads.mjs";

const LIVE = "The workers, live";

export class MemoryView {
  #current = false;

  /** @param {HTMLElement} host @param {import("./session.mjs").Session} session @param {import("./run.mjs").RunView} run */
  constructor(host, session, run) {
    this.session = session;
    this.run = run;
    this.panes = new Panes();
    this.note = make("p", { class: "state" });
    this.engine = make("select", { id: "memory-engine", onchange: () => this.#show() });
    this.add = make("button", { type: "button", onclick: () => this.panes.add() }, "One more beside");
    this.reads = make("input", { type: "checkbox", onchange: () => this.#noteReads() });
    this.bar = make(
      "div",
      { class: "intake-row", hidden: true },
      make("label", { for: "memory-engine" }, "Memories of"),
      this.engine,
      make("span", { class: "buttons" }, this.add),
      make("label", { class: "box" }, this.reads, "mark what the last call reads (makes the calls once more)"),
    );
    this.threads = new Threads(session, (index, at, count) => this.panes.goTo(index, at, count));
    this.threads.addEventListener("start", () => this.#reset(LIVE));
    this.threads.addEventListener("look", () => {
      if (isShown("memory") && this.engine.value === LIVE) this.panes.refresh();
    });
    host.replaceChildren(this.threads.element, this.note, this.bar, this.panes.element);
    run.addEventListener("done", () => this.#reset());
    session.addEventListener("module", () => this.#reset());
    document.addEventListener("tab", () => this.#update());
  }

  #noteReads() {
    this.run.noteReads = this.reads.checked;
    if (this.reads.checked) void this.run.run();
  }

  /** @param {string} [wanted] whose memories are wanted now */
  #reset(wanted) {
    this.#current = false;
    this.#update(wanted);
  }

  /** The memories that there are, by whose they are. @returns {{ title: string, images: any[] }[]} */
  get #all() {
    const { images } = this.threads;
    return [...this.run.images, ...(images.length ? [{ title: LIVE, images }] : [])];
  }

  /** @param {string} [wanted] */
  #update(wanted) {
    if (!isShown("memory") || this.#current) return;
    this.#current = true;
    const images = this.#all;
    const memories = this.session.contents?.memories.length ?? 0;
    this.note.textContent = images.length
      ? ""
      : memories
        ? "Run the module (in the view “Run”, also without a call): then its memories are here."
        : "The module has no memory.";
    this.bar.hidden = images.length === 0;
    const chosen = wanted ?? this.engine.value;
    this.engine.replaceChildren(...images.map(({ title }) => make("option", {}, title)));
    if (images.some(({ title }) => title === chosen)) this.engine.value = chosen;
    this.#show();
  }

  /** Gives each pane the memory that it showed, of the engine that is chosen. */
  #show() {
    const found = this.#all.find(({ title }) => title === this.engine.value);
    this.panes.show(found?.images ?? [], aboutOf(this.session.contents, this.run.calls));
  }
}
