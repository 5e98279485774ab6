// Memories side by side: a pane for each that is looked at. The views "Memory" and those that step through a program have them.

import { make } from "./dom.mjs";
import { MemoryImage } from "./image.mjs";
import { MemoryPane } from "./memory_pane.mjs";

/** @typedef {import("./runner.mjs").Image} Image */
/**
 * @typedef {{ nameOf: (index: number) => string, pointerSize?: (index: number) => number, stepName?: (k: number) => string }} About
 *   what is known of memories by their indices in the module: names, and how many bytes an address has (4 if that is not said);
 *   and what a step is called, the making of the instance is the first
 */

/**
 * What a module says of its memories.
 * @param {import("./binary.mjs").Contents | null} contents
 * @param {{ export: string }[]} [calls] that were made
 * @returns {About}
 */
export const aboutOf = (contents, calls = []) => ({
  stepName: (k) => (k === 0 ? "making the instance" : `call ${k}${calls[k - 1] ? ` (${calls[k - 1].export})` : ""}`),
  nameOf: (index) => contents?.memoryName(index) ?? "",
  pointerSize: (index) => (contents?.memories[index]?.address === "i64" ? 8 : 4),
});

/** How many panes there are at first, if so many memories were changed. */
const AT_FIRST = 2;

export class Panes {
  /** @type {MemoryPane[]} */ #panes = [];
  /** @type {MemoryImage[]} */ #images = [];
  /** @type {About} */ #about = { nameOf: () => "" };

  constructor() {
    this.element = make("div", { class: "panes" });
  }

  /**
   * Shows memories: each pane the one that it showed before. With `keep` the places stay where they are, as while one
   * steps through a program; else each pane shows what was changed first. `changed` and `read` of an image are what
   * is marked in it; pages that it lacks are zero.
   * @param {(Image | MemoryImage)[]} images
   * @param {About} about
   * @param {{ keep?: boolean }} [options]
   */
  show(images, about, { keep = false } = {}) {
    this.#images = images.map((image) => (image instanceof MemoryImage ? image : new MemoryImage(image)));
    this.#about = about;
    this.#panes = this.#panes.filter((pane) => pane.element.isConnected);
    if (images.length === 0) this.clear();
    else if (this.#panes.length === 0) {
      const changed = this.#images.flatMap((image, k) => (image.changed.length ? [k] : []));
      for (const k of (changed.length ? changed : [0]).slice(0, AT_FIRST)) this.add(k);
    } else for (const pane of this.#panes) pane.show(this.#images, about, { keep });
  }

  /** Draws again what changes by itself. */
  refresh() {
    for (const pane of this.#panes) if (pane.element.isConnected) pane.refresh();
  }

  clear() {
    this.#panes = [];
    this.element.replaceChildren();
  }

  /** Opens one more pane. @param {number} [k] which image it shows; the next one that has no pane if it is left out */
  add(k) {
    const there = this.#panes.filter(({ element }) => element.isConnected).map((pane) => pane.index);
    const next = this.#images.findIndex((_image, at) => !there.includes(at));
    const pane = new MemoryPane(k ?? Math.max(0, next));
    this.#panes.push(pane);
    this.element.append(pane.element);
    pane.show(this.#images, this.#about);
    return pane;
  }

  /**
   * Brings bytes of a memory into sight and marks them, in a pane that has it or a new one.
   * @param {number} index of the memory in its module
   * @param {number} at
   * @param {number} [count]
   */
  goTo(index, at, count = 1) {
    const k = this.#images.findIndex(({ image }) => image.index === index);
    if (k < 0) return;
    const pane = this.#panes.find((one) => one.element.isConnected && one.index === k) ?? this.add(k);
    pane.goTo(at, count);
  }
}
