// One memory: a picture of all of it, rows of bytes or numbers, search, and what lies at an address.

import { count } from "./binary.mjs";
import { make, shown } from "./dom.mjs";
import { typedAddress, VIEWS, wantedBytes } from "./image.mjs";
import { sizeText } from "./overview.mjs";
import { Rows } from "./rows.mjs";

/** @typedef {import("./image.mjs").MemoryImage} MemoryImage */
/** @typedef {import("./image.mjs").ViewName} ViewName */

const ROW = 16;
const PICTURE_WIDTH = 256;
const PICTURE_ROWS = 128;

let panes = 0;

const hex = (/** @type {number} */ value, digits = 2) => value.toString(16).padStart(digits, "0");

export class MemoryPane {
  /** @type {MemoryImage | null} */ image = null;
  /** @type {MemoryImage[]} */ images = [];
  /** @type {ViewName} */ #view = "bytes";
  /** The address that was gone to or found last. */ #address = 0;
  #marked = { at: -1, count: 0 };

  /** @param {number} index */
  constructor(index) {
    const id = `pane-${panes++}`;
    this.index = index;
    this.choice = make("select", { "aria-label": "Memory", onchange: () => this.#choose(Number(this.choice.value)) });
    this.view = make(
      "select",
      { "aria-label": "Shown as", onchange: () => this.#as(this.view.value) },
      ...Object.keys(VIEWS).map((name) => make("option", {}, name)),
    );
    this.address = make("input", {
      type: "text",
      size: 10,
      "aria-label": "Address",
      placeholder: "address",
      autocomplete: "off",
    });
    this.wanted = make("input", {
      type: "search",
      "aria-label": "Look for",
      placeholder: '"text", de ad, number',
      autocomplete: "off",
    });
    this.state = make("p", { class: "state", role: "status" });
    this.picture = make("canvas", { width: PICTURE_WIDTH, height: PICTURE_ROWS, class: "memory-picture", role: "img" });
    this.picture.addEventListener("click", (/** @type {MouseEvent} */ event) => this.#pointed(event));
    const list = make("div", { id, class: "hex" });
    const form = (/** @type {any} */ field, /** @type {string} */ text, /** @type {() => void} */ act) => {
      const element = make(
        "form",
        { class: "intake-row" },
        field,
        make("button", { type: "submit", class: "link" }, text),
      );
      element.addEventListener("submit", (/** @type {Event} */ event) => {
        event.preventDefault();
        act();
      });
      return element;
    };
    const small = (/** @type {string} */ text, /** @type {() => void} */ act) =>
      make("button", { type: "button", class: "link", onclick: act }, text);
    this.element = make(
      "section",
      { class: "card", "aria-label": "A memory" },
      make(
        "div",
        { class: "intake-row" },
        this.choice,
        this.view,
        small("close", () => this.element.remove()),
      ),
      make(
        "div",
        { class: "intake-row" },
        form(this.address, "go", () => this.#go()),
        form(this.wanted, "find", () => this.#find()),
      ),
      make(
        "div",
        { class: "intake-row" },
        small("follow the pointer here", () => this.#follow()),
        small("next change", () => this.#nextChange()),
      ),
      this.state,
      this.picture,
      list,
    );
    this.rows = new Rows(list, {
      label: "Bytes of the memory",
      render: (row, element) => this.#render(row, element),
      open: (row) => this.#put(row * ROW),
    });
  }

  /**
   * @param {MemoryImage[]} images
   * @param {import("./panes.mjs").About} about
   * @param {{ keep?: boolean }} [options] whether it stays where it is in its memory
   */
  show(images, { nameOf }, { keep = false } = {}) {
    this.images = images;
    this.choice.replaceChildren(
      ...images.map(({ image }, k) =>
        make(
          "option",
          { value: k },
          `memory ${image.index} ${shown(nameOf(image.index))} (${sizeText(image.byteLength)})`,
        ),
      ),
    );
    this.#choose(Math.min(this.index, images.length - 1), keep);
  }

  /** @param {number} index @param {boolean} [keep] */
  #choose(index, keep = false) {
    this.index = index;
    this.choice.value = String(index);
    this.image = this.images[index] ?? null;
    if (!this.image) return;
    const { image, length, changed } = this.image;
    const row = this.rows.current;
    this.rows.show(Math.ceil(length / ROW));
    const rest = image.byteLength > length ? ` Only the first ${sizeText(length)} are here.` : "";
    this.state.textContent = `${this.#marks()}${rest}`;
    this.#draw();
    if (keep) this.rows.select(row);
    else {
      this.#marked = { at: -1, count: 0 };
      this.#put(changed.list[0]?.[0] ?? 0);
    }
  }

  /** What is marked. */
  #marks() {
    const { changed, read, image } = /** @type {MemoryImage} */ (this.image);
    const told = changed.length ? `changed ${count(changed.total, "byte")}` : "changed nothing";
    const reads = image.read ? ` and read ${read.length ? count(read.total, "byte") : "nothing"}` : "";
    return `The last call ${told}${reads}${changed.length || read.length ? ", marked below" : ""}.`;
  }

  /** @param {ViewName} view */
  #as(view) {
    this.#view = view;
    this.rows.select(this.rows.current);
  }

  /** Brings an address into sight. @param {number} at */
  #put(at) {
    if (!this.image) return;
    this.#address = at;
    this.address.value = `0x${hex(at, 1)}`;
    this.rows.select(Math.floor(at / ROW));
  }

  #go() {
    const at = typedAddress(this.address.value);
    if (!this.image || at < 0) this.state.textContent = "An address is a number, as 1024 or 0x400.";
    else if (at >= this.image.length) this.state.textContent = `The memory ends at 0x${hex(this.image.length, 1)}.`;
    else {
      this.state.textContent = this.#told(at);
      this.#mark(at, 1);
    }
  }

  /** What lies at an address, in every form. @param {number} at */
  #told(at) {
    const bytes = this.image?.bytes(at, 8) ?? new Uint8Array();
    const view = new DataView(bytes.buffer);
    const forms = /** @type {ViewName[]} */ (["u32", "i64", "f32", "f64"]).filter(
      (name) => VIEWS[name].size <= bytes.length,
    );
    return `At 0x${hex(at, 1)}: ${forms.map((name) => `${name} ${VIEWS[name].read(view, 0)}`).join(", ")}`;
  }

  #find() {
    if (!this.image) return;
    try {
      const wanted = wantedBytes(this.wanted.value);
      const at = this.image.find(wanted, this.#address + 1);
      if (at < 0) this.state.textContent = "Not found.";
      else {
        this.state.textContent = `Found at 0x${hex(at, 1)}.`;
        this.#mark(at, wanted.length);
      }
    } catch (error) {
      this.state.textContent = error.message;
    }
  }

  /** Goes where the four bytes at the address point to. */
  #follow() {
    const at = typedAddress(this.address.value);
    const bytes = at < 0 ? new Uint8Array() : (this.image?.bytes(at, 4) ?? new Uint8Array());
    if (!this.image || bytes.length < 4) {
      this.state.textContent = "There are no four bytes at that address.";
      return;
    }
    const to = VIEWS.u32.read(new DataView(bytes.buffer), 0);
    if (to >= this.image.length)
      this.state.textContent = `What is at 0x${hex(at, 1)} points to 0x${hex(to, 1)}, behind the memory's end.`;
    else {
      this.state.textContent = `From 0x${hex(at, 1)}. ${this.#told(to)}`;
      this.#mark(to, 4);
    }
  }

  #nextChange() {
    const next = this.image?.changed.behind(this.#address);
    if (!next) this.state.textContent = "The last call changed nothing.";
    else {
      this.state.textContent = `${count(next[1], "byte")} from 0x${hex(next[0], 1)} on ${next[1] === 1 ? "was" : "were"} changed.`;
      this.#put(next[0]);
    }
  }

  /** Brings bytes into sight, and marks them. @param {number} at @param {number} count */
  goTo(at, count) {
    if (!this.image || at >= this.image.length) return;
    this.state.textContent = this.#told(at);
    this.#mark(at, count);
  }

  /** @param {number} at @param {number} count */
  #mark(at, count) {
    this.#marked = { at, count };
    this.#put(at);
  }

  /** @param {number} index @param {HTMLElement} row */
  #render(index, row) {
    const { image } = this;
    if (!image) return;
    const at = index * ROW;
    const bytes = image.bytes(at, ROW);
    const { size, read } = VIEWS[this.#view];
    const view = new DataView(bytes.buffer);
    row.append(make("span", { class: "offset" }, hex(at, 8)));
    for (let k = 0; k + size <= bytes.length; k += size) {
      const value = read(view, k);
      const cell = make("span", { class: "cell" }, this.#view === "bytes" ? hex(Number(value)) : String(value));
      if (image.changed.has(k + at, size)) cell.classList.add("changed");
      if (image.read.has(k + at, size)) cell.classList.add("read");
      if (k + at < this.#marked.at + this.#marked.count && k + at + size > this.#marked.at) cell.classList.add("found");
      if (Number(value) === 0) cell.classList.add("zero");
      row.append(cell);
    }
    if (this.#view === "bytes") row.append(make("span", { class: "characters" }, charactersOf(bytes)));
  }

  /** How many bytes a dot of the picture stands for. */
  get #scale() {
    return Math.max(4, Math.ceil((this.image?.length ?? 0) / (PICTURE_WIDTH * PICTURE_ROWS)));
  }

  /** All of the memory: a dot for a word, or for more where it is large; by what it holds, and what was changed. */
  #draw() {
    const { image } = this;
    const context = this.picture.getContext("2d");
    if (!image || !context) return;
    const scale = this.#scale;
    const dots = Math.ceil(image.length / scale);
    const rows = Math.max(1, Math.ceil(dots / PICTURE_WIDTH));
    this.picture.height = rows;
    const pixels = context.createImageData(PICTURE_WIDTH, rows);
    const colours = new Uint32Array(pixels.data.buffer);
    for (let dot = 0; dot < dots; dot++) colours[dot] = colourOf(image.bytes(dot * scale, Math.min(scale, 64)));
    for (const [start, count] of image.image.changed) {
      for (let dot = Math.floor(start / scale); dot * scale < start + count; dot++) colours[dot] = CHANGED;
    }
    context.putImageData(pixels, 0, 0);
    const used = Object.keys(image.image.pages).length;
    this.picture.setAttribute(
      "aria-label",
      `The whole memory, a dot for ${scale} bytes: ${used} of ${Math.ceil(image.length / 65536)} pages hold something, ${image.image.changed.length} ranges were changed`,
    );
    this.picture.title = `A dot stands for ${scale} bytes: dark is zero, blue is text, grey other bytes, orange what the last call changed. A click goes there.`;
  }

  /** @param {MouseEvent} event */
  #pointed(event) {
    const box = this.picture.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * PICTURE_WIDTH);
    const y = Math.floor(((event.clientY - box.top) / box.height) * this.picture.height);
    const at = (y * PICTURE_WIDTH + x) * this.#scale;
    if (this.image && at < this.image.length) this.#mark(at, this.#scale);
  }
}

const CHANGED = 0xff1e8cff;
const ZERO = 0xff2b211b;
const TEXT = 0xffd9904a;

/** Text is blue, zero dark, all else grey by how large its bytes are. The numbers are ABGR. @param {Uint8Array} bytes */
function colourOf(bytes) {
  let [sum, letters] = [0, 0];
  for (const byte of bytes) {
    sum += byte;
    if (byte >= 0x20 && byte < 0x7f) letters += 1;
  }
  if (sum === 0) return ZERO;
  if (letters === bytes.length) return TEXT;
  const grey = 90 + Math.floor((sum / bytes.length) * 0.6);
  return (0xff000000 | (grey << 16) | (grey << 8) | grey) >>> 0;
}

/** @param {Uint8Array} bytes */
function charactersOf(bytes) {
  return Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join("");
}
