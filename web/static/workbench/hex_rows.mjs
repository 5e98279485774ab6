// The bytes of a memory in rows of sixteen, as bytes and characters or as numbers, with a cursor that the arrows move.

import { make } from "./dom.mjs";
import { VIEWS } from "./image.mjs";
import { Rows } from "./rows.mjs";

/** @typedef {import("./image.mjs").ViewName} ViewName */

export const ROW = 16;

export const hex = (/** @type {number | bigint} */ value, digits = 2) => value.toString(16).padStart(digits, "0");

export class HexRows {
  /** @type {import("./image.mjs").MemoryImage | null} */ image = null;
  /** @type {ViewName} */ view = "bytes";
  /** The address of the cursor. */ address = 0;
  /** @type {import("./places.mjs").Marked} */ marked = { at: -1, count: 0 };

  /**
   * @param {string} id
   * @param {{ moved: (at: number) => void, follow: (at: number, size: number) => void, back: () => void }} told
   *   where the cursor went, which pointer shall be followed (of the memory's own size if it is 0), and that somebody wants back
   */
  constructor(id, told) {
    this.told = told;
    this.element = make("div", { id, class: "hex" });
    this.rows = new Rows(this.element, {
      label: "Bytes of the memory",
      render: (row, element) => this.#render(row, element),
      open: (row, target) => this.#open(row, target),
      moved: (row) => this.#moveTo(row * ROW + (this.address % ROW)),
      key: (key) => this.#key(key),
    });
  }

  /** @param {import("./image.mjs").MemoryImage} image @param {boolean} keep whether it stays where it is */
  show(image, keep) {
    this.image = image;
    const count = Math.ceil(image.length / ROW);
    if (keep) this.rows.recount(count);
    else {
      this.marked = { at: -1, count: 0 };
      this.rows.show(count);
    }
  }

  /** Draws again. */
  draw() {
    this.rows.recount(this.rows.count);
  }

  /** Brings an address into sight. @param {number} at */
  select(at) {
    this.address = at;
    this.rows.select(Math.floor(at / ROW));
  }

  get #pointers() {
    return this.view.startsWith("ptr");
  }

  /** @param {number} at */
  #moveTo(at) {
    if (!this.image) return;
    this.select(Math.max(0, Math.min(at, this.image.length - 1)));
    this.told.moved(this.address);
  }

  /** @param {string} key */
  #key(key) {
    const { size } = VIEWS[this.view];
    const cursor = this.address - (this.address % size);
    if (key === "ArrowRight") this.#moveTo(cursor + size);
    else if (key === "ArrowLeft") this.#moveTo(cursor - size);
    else if (key === "Backspace") this.told.back();
    else return false;
    return true;
  }

  /** @param {number} row @param {HTMLElement | null} target */
  #open(row, target) {
    const { size } = VIEWS[this.view];
    if (!target) {
      this.told.follow(this.address, this.#pointers ? size : 0);
      return;
    }
    const cell = target.closest(".cell");
    this.#moveTo(cell instanceof HTMLElement ? Number(cell.dataset.at) : row * ROW);
    if (cell?.classList.contains("pointer")) this.told.follow(this.address, size);
  }

  /** @param {number} index @param {HTMLElement} row */
  #render(index, row) {
    const { image, marked } = this;
    if (!image) return;
    const start = index * ROW;
    const bytes = image.bytes(start, ROW);
    const { size, read } = VIEWS[this.view];
    const view = new DataView(bytes.buffer);
    row.append(make("span", { class: "offset" }, hex(start, 8)));
    for (let k = 0; k + size <= bytes.length; k += size) {
      const at = start + k;
      const value = read(view, k);
      const text = this.view === "bytes" ? hex(value) : this.#pointers ? `0x${hex(value)}` : String(value);
      const classes = [
        "cell",
        image.changed.has(at, size) && "changed",
        image.read.has(at, size) && "read",
        image.waited.has(at, size) && "waited",
        at < marked.at + marked.count && at + size > marked.at && "found",
        at <= this.address && this.address < at + size && "cursor",
        Number(value) === 0 && "zero",
        this.#pointers && Number(value) > 0 && Number(value) < image.length && "pointer",
      ];
      row.append(make("span", { class: classes.filter(Boolean).join(" "), "data-at": at }, text));
    }
    if (this.view === "bytes") row.append(make("span", { class: "characters" }, charactersOf(bytes)));
  }
}

/** @param {Uint8Array} bytes */
function charactersOf(bytes) {
  return Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join("");
}
