// Windows into the memories where the debugger has stopped: they follow what instructions read and write.

import { make } from "./dom.mjs";
import { sizeText } from "./overview.mjs";

/** @typedef {import("./debugging.mjs").Access} Access */
/** @typedef {import("./debugging.mjs").State} State */

const ROW = 16;
const ROWS = 8;
const SIZE = ROW * ROWS;
/** Memories that have a window from the beginning. */
const MOST_AT_FIRST = 4;

const hex = (/** @type {number} */ value, digits = 2) => value.toString(16).padStart(digits, "0");

export class MemoryWindows {
  /** @type {MemoryWindow[]} */ #windows = [];
  #module = "";

  /** @param {import("./debugging.mjs").Debugging} debugging */
  constructor(debugging) {
    this.debugging = debugging;
    this.add = make("button", { type: "button", onclick: () => void this.#add(0) }, "One more window");
    this.windows = make("div", { class: "panes" });
    this.element = make(
      "section",
      { class: "card", hidden: true },
      make("div", { class: "card-top" }, make("h3", {}, "Memories"), make("span", { class: "buttons" }, this.add)),
      this.windows,
    );
  }

  /** @param {State | null} state @param {Access[]} accesses what the next instruction reads and writes */
  async show(state, accesses) {
    this.state = state;
    this.accesses = accesses;
    const memories = state?.memories ?? [];
    this.element.hidden = memories.length === 0;
    const module = `${this.debugging.session.name}/${memories.length}`;
    if (memories.length && module !== this.#module) {
      this.#module = module;
      this.#windows = [];
      this.windows.replaceChildren();
      for (let index = 0; index < Math.min(memories.length, MOST_AT_FIRST); index++) this.#make(index);
    }
    for (const each of this.#windows) await each.show(memories, accesses);
  }

  /** @param {number} index */
  #make(index) {
    const made = new MemoryWindow(this.debugging, index, () => {
      this.#windows = this.#windows.filter((one) => one !== made);
    });
    this.#windows.push(made);
    this.windows.append(made.element);
    return made;
  }

  /** @param {number} index */
  async #add(index) {
    await this.#make(index).show(this.state?.memories ?? [], this.accesses ?? []);
  }
}

let windows = 0;

class MemoryWindow {
  #address = 0;
  /** What was there when it was shown last, and where. */
  #before = { memory: -1, address: -1, bytes: "" };

  /** @param {import("./debugging.mjs").Debugging} debugging @param {number} memory @param {() => void} closed */
  constructor(debugging, memory, closed) {
    this.debugging = debugging;
    this.memory = memory;
    this.choice = make("select", { "aria-label": "Memory", onchange: () => void this.#choose() });
    const id = `window-${windows++}`;
    this.address = make("input", {
      id,
      type: "text",
      size: 10,
      value: "0x0",
      autocomplete: "off",
      onchange: () => void this.#go(),
    });
    this.follow = make("input", { type: "checkbox", checked: true });
    this.note = make("p", { class: "state", role: "status" });
    this.bytes = make("pre", { class: "bytes", tabindex: "0", role: "region", "aria-label": "Bytes" });
    this.element = make(
      "section",
      { class: "window" },
      make(
        "div",
        { class: "intake-row" },
        this.choice,
        make("label", { for: id }, "address"),
        this.address,
        make("label", { class: "box" }, this.follow, "follow reads and writes"),
        make(
          "button",
          {
            type: "button",
            class: "link",
            onclick: () => {
              this.element.remove();
              closed();
            },
          },
          "close",
        ),
      ),
      this.note,
      this.bytes,
    );
  }

  async #choose() {
    this.memory = Number(this.choice.value);
    this.#address = 0;
    await this.#draw();
  }

  async #go() {
    const address = Number(this.address.value);
    const length = this.memories?.[this.memory] ?? 0;
    if (!Number.isSafeInteger(address) || address < 0 || address > length) {
      this.note.textContent = `An address is a number up to ${length}, as 0x10.`;
      return;
    }
    this.follow.checked = false;
    this.#address = address - (address % ROW);
    await this.#draw();
  }

  /** @param {number[]} memories @param {Access[]} accesses */
  async show(memories, accesses) {
    this.memories = memories;
    this.accesses = accesses.filter(({ memory }) => memory === this.memory);
    this.choice.replaceChildren(
      ...memories.map((length, index) => make("option", { value: index }, `memory ${index} (${sizeText(length)})`)),
    );
    this.choice.value = String(this.memory);
    if (memories.length) await this.#draw();
  }

  async #draw() {
    const [access] = this.accesses ?? [];
    const inside = (/** @type {Access} */ one) => one.address >= this.#address && one.address < this.#address + SIZE;
    const length = this.memories?.[this.memory] ?? 0;
    if (this.follow.checked && access && !inside(access) && access.address < length)
      this.#address = Math.max(0, access.address - (access.address % ROW) - 2 * ROW);
    const address = this.#address;
    const answer = await this.debugging.look({ do: "memory", memory: this.memory, address, count: SIZE });
    if (answer === null) return;
    this.address.value = `0x${hex(address, 1)}`;
    const before = this.#before;
    const comparable = before.memory === this.memory && before.address === address;
    const changed = (/** @type {number} */ k) =>
      comparable && before.bytes.slice(2 * k, 2 * k + 2) !== answer.bytes.slice(2 * k, 2 * k + 2);
    this.#before = { memory: this.memory, address, bytes: answer.bytes };
    this.note.textContent = (this.accesses ?? []).map(accessText).join("; ");
    this.bytes.replaceChildren(...rowsOf(answer.bytes, address, changed, this.accesses ?? []));
  }
}

/** @param {Access} access */
const accessText = ({ address, size, reads, writes }) =>
  `next ${reads && writes ? "reads and writes" : writes ? "writes" : "reads"} ${size} byte${size === 1 ? "" : "s"} at 0x${hex(address, 1)}`;

/** @param {string} digits @param {number} start @param {(k: number) => boolean} changed @param {Access[]} accesses */
function rowsOf(digits, start, changed, accesses) {
  const rows = [];
  for (let row = 0; row < digits.length / 2; row += ROW) {
    const cells = [];
    let characters = "";
    for (let k = row; k < Math.min(row + ROW, digits.length / 2); k++) {
      const pair = digits.slice(2 * k, 2 * k + 2);
      const code = Number.parseInt(pair, 16);
      const marked = accesses.some(({ address, size }) => start + k >= address && start + k < address + size);
      const classes = [code ? "" : "zero", changed(k) ? "changed" : "", marked ? "found" : ""]
        .filter(Boolean)
        .join(" ");
      cells.push(" ", make("span", { class: classes || null }, pair));
      characters += code >= 32 && code < 127 ? String.fromCharCode(code) : ".";
    }
    rows.push(make("span", { class: "offset" }, hex(start + row, 8)), ...cells, `  ${characters}\n`);
  }
  return rows;
}
