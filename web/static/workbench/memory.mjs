// The view "Memory": what the memories hold after a run, as bytes and characters, as numbers, and as a picture.

import { MemoryImage } from "./image.mjs";
import { make } from "./dom.mjs";
import { MemoryPane } from "./memory_pane.mjs";
import { isShown } from "./tabs.mjs";

export class MemoryView {
  /** @type {MemoryPane[]} */ #panes = [];
  #current = false;

  /** @param {HTMLElement} host @param {import("./session.mjs").Session} session @param {import("./run.mjs").RunView} run */
  constructor(host, session, run) {
    this.session = session;
    this.run = run;
    this.note = make("p", { class: "state" });
    this.engine = make("select", { id: "memory-engine", onchange: () => this.#show() });
    this.add = make("button", { type: "button", onclick: () => this.#add() }, "One more beside");
    this.bar = make(
      "div",
      { class: "intake-row", hidden: true },
      make("label", { for: "memory-engine" }, "Memories of"),
      this.engine,
      make("span", { class: "buttons" }, this.add),
    );
    this.panes = make("div", { class: "panes" });
    host.replaceChildren(this.note, this.bar, this.panes);
    run.addEventListener("done", () => this.#reset());
    session.addEventListener("module", () => this.#reset());
    document.addEventListener("tab", () => this.#update());
  }

  #reset() {
    this.#current = false;
    this.#update();
  }

  #update() {
    if (!isShown("memory") || this.#current) return;
    this.#current = true;
    const { images } = this.run;
    const memories = this.session.contents?.memories.length ?? 0;
    this.note.textContent = images.length
      ? ""
      : memories
        ? "Run the module (in the view “Run”, also without a call): then its memories are here."
        : "The module has no memory.";
    this.bar.hidden = images.length === 0;
    const chosen = this.engine.value;
    this.engine.replaceChildren(...images.map(({ title }) => make("option", {}, title)));
    if (images.some(({ title }) => title === chosen)) this.engine.value = chosen;
    this.#show();
  }

  /** Gives each pane the memory that it showed, of the engine that is chosen. */
  #show() {
    const found = this.run.images.find(({ title }) => title === this.engine.value);
    if (!found) {
      this.#panes = [];
      this.panes.replaceChildren();
      return;
    }
    this.images = found.images.map((image) => new MemoryImage(image));
    this.#panes = this.#panes.filter((pane) => pane.element.isConnected);
    if (this.#panes.length === 0) {
      const first = found.images.filter(({ changed }) => changed.length).map(({ index }) => index);
      for (const index of (first.length ? first : [0]).slice(0, 2)) this.#add(index);
    }
    for (const pane of this.#panes) pane.show(this.images, this.#names());
  }

  #names() {
    const { contents } = this.session;
    const exported = new Map(
      contents?.exports.filter(({ kind }) => kind === "memory").map(({ index, name }) => [index, name]),
    );
    return (/** @type {number} */ index) => contents?.names.memories.get(index) ?? exported.get(index) ?? "";
  }

  /** @param {number} [index] the memory that it shows; the next one that is not there yet if it is left out */
  #add(index) {
    const images = this.images ?? [];
    const there = this.#panes.map((pane) => pane.index);
    const next =
      index
      ?? Math.max(
        0,
        images.findIndex((_image, k) => !there.includes(k)),
      );
    const pane = new MemoryPane(next);
    this.#panes.push(pane);
    this.panes.append(pane.element);
    pane.show(images, this.#names());
    return pane;
  }
}
