// A picture of a memory: all of it, a dot for a word or for more where it is large, or a dot for each word, of which there is
// a part at a time. Dots are coloured by what they hold, or by when they were changed last. A cursor goes through them.

import { make } from "./dom.mjs";
import { SOME_CALL } from "./history.mjs";
import { ZEROS } from "./image.mjs";
import { PAGE } from "./runner.mjs";

/** @typedef {import("./image.mjs").MemoryImage} MemoryImage */

const WIDTH = 256;
const ROWS = 128;
const WORD = 4;
/** Bytes that are looked at for a dot that stands for very many. */
const SAMPLE = 64;
/** Calls that have a line of their own in the legend. */
const MOST_LISTED = 10;

// Colours are ABGR, as canvases have them where numbers are little endian.
const CHANGED = 0xff1e8cff;
const READ = 0xff6fc25a;
const ZERO = 0xff2b211b;
const TEXT = 0xffd9904a;
const OTHER = 0xff8c8c8c;
const CURSOR = 0xffff4fe0;

/** @param {number} colour */
const css = (colour) => `rgb(${colour & 0xff} ${(colour >> 8) & 0xff} ${(colour >> 16) & 0xff})`;

/** From blue for the first call to orange for the last. @param {number} call @param {number} calls */
function colourOfCall(call, calls) {
  if (call === SOME_CALL) return 0xffb0a0c8;
  const part = calls > 1 ? (call - 1) / (calls - 1) : 1;
  const [red, green, blue] = [70 + 185 * part, 110 + 30 * part, 230 - 200 * part].map(Math.round);
  return (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
}

/** Text is blue, zero dark, all else grey by how large its bytes are. @param {Uint8Array} bytes */
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

export class Picture {
  /** @type {MemoryImage | null} */ #image = null;
  /** @type {(k: number) => string} */ #stepName = String;
  /** The first address of the part that is shown. */ #start = 0;
  /** The address of the cursor. */ #cursor = 0;
  /** The picture without the cursor. */ #colours = new Uint32Array();

  /** @param {{ goTo: (at: number, size: number) => void }} told where somebody wants to go */
  constructor(told) {
    this.told = told;
    const select = (/** @type {string} */ label, /** @type {string[]} */ names) =>
      make(
        "select",
        { "aria-label": label, onchange: () => this.#draw() },
        ...names.map((name) => make("option", {}, name)),
      );
    this.by = select("Coloured by", ["what it holds", "when it changed"]);
    this.scale = select("Scale", ["all of it", "a dot a word"]);
    this.canvas = make("canvas", {
      width: WIDTH,
      height: ROWS,
      class: "memory-picture",
      role: "slider",
      tabindex: 0,
      "aria-valuemin": 0,
    });
    this.canvas.addEventListener("click", (/** @type {MouseEvent} */ event) => this.#pointed(event));
    this.canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
    for (const name of ["focus", "blur"]) this.canvas.addEventListener(name, () => this.#show());
    this.legend = make("ul", { class: "legend", "aria-label": "Colours" });
    this.part = make("span", { class: "part" });
    this.element = make(
      "div",
      {},
      make("div", { class: "intake-row" }, this.by, this.scale, this.part),
      this.canvas,
      this.legend,
    );
  }

  /** @param {MemoryImage} image @param {(k: number) => string} stepName */
  show(image, stepName) {
    this.#image = image;
    this.#stepName = stepName;
    this.#cursor = Math.min(this.#cursor, Math.max(0, image.length - 1));
    this.#draw();
  }

  get #words() {
    return this.scale.selectedIndex === 1;
  }

  /** How many bytes a dot stands for. */
  get #size() {
    return this.#words ? WORD : Math.max(WORD, Math.ceil((this.#image?.length ?? 0) / (WIDTH * ROWS)));
  }

  #draw() {
    const image = this.#image;
    if (!image) return;
    const size = this.#size;
    this.#start = this.#words ? this.#partOf(this.#cursor) : 0;
    const dots = Math.max(0, Math.min(WIDTH * ROWS, Math.ceil((image.length - this.#start) / size)));
    this.canvas.height = Math.max(1, Math.ceil(dots / WIDTH));
    this.#colours = new Uint32Array(WIDTH * this.canvas.height);
    const when = this.by.selectedIndex === 1;
    const calls = Math.max(1, (image.image.sizes?.length ?? 2) - 1);
    for (let dot = 0; dot < dots; dot++) {
      const at = this.#start + dot * size;
      this.#colours[dot] =
        (when && this.#calledAt(at, size, calls)) || (when ? this.#thereAt(at, size) : this.#holds(at, size));
    }
    if (!when) {
      this.#paint(image.read, READ, dots, size);
      this.#paint(image.changed, CHANGED, dots, size);
    }
    this.#tell(size, calls, when);
    this.#show();
  }

  /** Where the part begins that an address is in. @param {number} at */
  #partOf(at) {
    const whole = WIDTH * ROWS * WORD;
    return Math.floor(at / whole) * whole;
  }

  /** The bytes for a dot, without a copy. @param {number} at @param {number} size */
  #bytes(at, size) {
    const page = this.#image?.page(Math.floor(at / PAGE)) ?? ZEROS;
    return page === ZEROS
      ? ZEROS.subarray(0, 1)
      : page.subarray(at % PAGE, Math.min(PAGE, (at % PAGE) + Math.min(size, SAMPLE)));
  }

  /** @param {number} at @param {number} size */
  #holds(at, size) {
    return colourOf(this.#bytes(at, size));
  }

  /** @param {number} at @param {number} size */
  #thereAt(at, size) {
    return this.#holds(at, size) === ZERO ? ZERO : OTHER;
  }

  /** The colour for the last call that changed a word; 0 if none did. @param {number} at @param {number} size @param {number} calls */
  #calledAt(at, size, calls) {
    let last = 0;
    for (let word = at; word < at + size; word += WORD) {
      const page = this.#image?.when[Math.floor(word / PAGE)];
      if (!page) {
        word = (Math.floor(word / PAGE) + 1) * PAGE - WORD;
        continue;
      }
      const call = page[(word % PAGE) / WORD];
      if (call && (last === 0 || last === SOME_CALL || (call !== SOME_CALL && call > last))) last = call;
    }
    return last && colourOfCall(last, calls);
  }

  /** @param {import("./image.mjs").Ranges} ranges @param {number} colour @param {number} dots @param {number} size */
  #paint(ranges, colour, dots, size) {
    for (const [at, count] of ranges.list) {
      const first = Math.max(0, Math.floor((at - this.#start) / size));
      const last = Math.min(dots - 1, Math.floor((at + count - 1 - this.#start) / size));
      for (let dot = first; dot <= last; dot++) this.#colours[dot] = colour;
    }
  }

  /** Says what the picture is, and what its colours mean. @param {number} size @param {number} calls @param {boolean} when */
  #tell(size, calls, when) {
    const image = /** @type {MemoryImage} */ (this.#image);
    const what = this.#words ? "Words of the memory, a dot for each" : `The whole memory, a dot for ${size} bytes`;
    this.canvas.setAttribute(
      "aria-label",
      `${what}: ${image.used} of ${Math.ceil(image.length / PAGE)} pages hold something, ${image.changed.length} ranges were changed`,
    );
    this.canvas.title = "A click, or Enter, goes there; the arrows move the cursor.";
    this.canvas.setAttribute("aria-valuemax", String(Math.max(0, image.length - 1)));
    const end = Math.min(image.length, this.#start + WIDTH * ROWS * size);
    this.part.textContent = this.#words ? `0x${this.#start.toString(16)} to 0x${end.toString(16)}` : "";
    const lines = when ? this.#callLines(calls) : HELD;
    this.legend.replaceChildren(
      ...lines.map(([colour, text]) => {
        const swatch = make("span", { class: "swatch" });
        swatch.style.backgroundColor = css(colour);
        return make("li", {}, swatch, text);
      }),
    );
  }

  /** @param {number} calls @returns {[number, string][]} */
  #callLines(calls) {
    /** @type {[number, string][]} */
    const lines = [
      [ZERO, "zero, and never changed"],
      [OTHER, "there from the start"],
    ];
    const step = Math.max(1, Math.ceil(calls / MOST_LISTED));
    for (let call = 1; call <= calls; call += step) lines.push([colourOfCall(call, calls), this.#stepName(call)]);
    if ((calls - 1) % step) lines.push([colourOfCall(calls, calls), this.#stepName(calls)]);
    if (calls > 1) lines.push([colourOfCall(SOME_CALL, calls), "some call that was not looked at alone"]);
    return lines;
  }

  /** Puts the picture on the canvas, with the cursor. */
  #show() {
    const image = this.#image;
    const context = this.canvas.getContext("2d");
    if (!image || !context) return;
    const pixels = context.createImageData(WIDTH, this.canvas.height);
    const colours = new Uint32Array(pixels.data.buffer);
    colours.set(this.#colours);
    const dot = Math.floor((this.#cursor - this.#start) / this.#size);
    if (document.activeElement === this.canvas) this.#ring(colours, dot);
    context.putImageData(pixels, 0, 0);
    const bytes = [...image.bytes(this.#cursor, WORD)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    this.canvas.setAttribute("aria-valuenow", String(this.#cursor));
    this.canvas.setAttribute("aria-valuetext", `0x${this.#cursor.toString(16)}: ${bytes}${this.#whenText()}`);
  }

  /** When the word at the cursor was changed. */
  #whenText() {
    const call = this.#image?.when[Math.floor(this.#cursor / PAGE)]?.[Math.floor((this.#cursor % PAGE) / WORD)];
    if (!call) return "";
    return call === SOME_CALL ? ", changed by some call" : `, changed by ${this.#stepName(call)}`;
  }

  /** A ring around a dot. @param {Uint32Array} colours @param {number} dot */
  #ring(colours, dot) {
    for (const row of [-1, 0, 1]) {
      for (const column of [-1, 0, 1]) {
        const x = (dot % WIDTH) + column;
        const at = dot + row * WIDTH + column;
        if ((row || column) && x >= 0 && x < WIDTH && at >= 0 && at < colours.length) colours[at] = CURSOR;
      }
    }
  }

  /** @param {number} at */
  #moveTo(at) {
    const image = this.#image;
    if (!image) return;
    const size = this.#size;
    this.#cursor = Math.max(0, Math.min(Math.floor(at / size) * size, image.length - 1));
    if (this.#words && this.#partOf(this.#cursor) !== this.#start) this.#draw();
    else this.#show();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const size = this.#size;
    const row = WIDTH * size;
    const page = this.#words ? row * ROWS : row * 16;
    /** @type {Record<string, number>} */
    const to = {
      ArrowRight: this.#cursor + size,
      ArrowLeft: this.#cursor - size,
      ArrowDown: this.#cursor + row,
      ArrowUp: this.#cursor - row,
      PageDown: this.#cursor + page,
      PageUp: this.#cursor - page,
      Home: 0,
      End: this.#image?.length ?? 0,
    };
    if (event.key in to) this.#moveTo(to[event.key]);
    else if (event.key === "Enter") this.told.goTo(this.#cursor, size);
    else return;
    event.preventDefault();
  }

  /** @param {MouseEvent} event */
  #pointed(event) {
    const box = this.canvas.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * WIDTH);
    const y = Math.floor(((event.clientY - box.top) / box.height) * this.canvas.height);
    const at = this.#start + (y * WIDTH + x) * this.#size;
    if (!this.#image || at >= this.#image.length) return;
    this.#moveTo(at);
    this.told.goTo(at, this.#size);
  }
}

/** @type {[number, string][]} */
const HELD = [
  [ZERO, "zero"],
  [TEXT, "text"],
  [OTHER, "other bytes, lighter for larger ones"],
  [CHANGED, "changed by the last call"],
  [READ, "read by it"],
];
