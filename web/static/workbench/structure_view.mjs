// Structures at an address, as a tree: somebody describes them, opens what they are made of, and follows their pointers.

import { make } from "./dom.mjs";
import { hex } from "./hex_rows.mjs";
import { Rows } from "./rows.mjs";
import { Tree } from "./structure_tree.mjs";
import { arrayOf, parseStructures, pointerAt, StructureError, valueText } from "./structures.mjs";

/** @typedef {import("./structures.mjs").Type} Type */

const EXAMPLE = "struct node { u32 key; f32 x, y; char name[16]; ptr<node> next }";
const MOST_ELEMENTS = 10_000_000;
/** What was described last: a pane that is opened later begins with it. */
let described = "";

export class StructureView {
  /** @type {import("./image.mjs").MemoryImage | null} */ #image = null;
  /** @type {import("./structures.mjs").StructType[]} */ #types = [];
  /** @type {Tree | null} */ #tree = null;
  #pointerSize = 4;

  /**
   * @param {string} id
   * @param {{ address: () => number, mark: (at: number, count: number) => void,
   *   follow: (at: number, count: number, type: Type | null) => void, back: () => void }} told
   *   the address of the pane, what to mark, where a pointer leads, and that somebody wants back
   */
  constructor(id, told) {
    this.told = told;
    this.text = make(
      "textarea",
      {
        id: `${id}-text`,
        rows: 3,
        spellcheck: "false",
        autocomplete: "off",
        autocapitalize: "off",
        placeholder: EXAMPLE,
        "aria-describedby": `${id}-said`,
      },
      described,
    );
    this.which = make("select", { "aria-label": "Structure", hidden: true, onchange: () => this.#apply() });
    this.many = make("input", {
      type: "text",
      inputmode: "numeric",
      value: 1,
      "aria-label": "How many",
      autocomplete: "off",
    });
    this.said = make("p", { class: "said", id: `${id}-said`, role: "status" });
    const host = make("div", { id: `${id}-tree`, class: "structure hex", hidden: true });
    const form = make(
      "form",
      {},
      make("label", { for: `${id}-text` }, "Describe them"),
      this.text,
      make(
        "div",
        { class: "intake-row" },
        this.many,
        this.which,
        make("button", { type: "submit", class: "link" }, "show at the address"),
      ),
    );
    form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#describe();
    });
    this.element = make("details", { class: "structures" }, make("summary", {}, "Structures"), form, this.said, host);
    this.element.addEventListener("toggle", () => {
      if (!this.text.value) this.text.value = described;
    });
    this.host = host;
    this.rows = new Rows(host, {
      label: "Structures in the memory",
      tree: true,
      render: (index, row) => this.#render(index, row),
      open: (index, target) => this.#open(index, target),
      moved: (index) => this.#moved(index),
      key: (key, index) => this.#key(key, index),
    });
  }

  /** What is shown. @returns {import("./places.mjs").Place["value"]} */
  get value() {
    return this.#tree && { type: this.#tree.type, at: this.#tree.at };
  }

  /** @param {import("./image.mjs").MemoryImage} image @param {number} pointerSize */
  show(image, pointerSize) {
    this.#image = image;
    const other = pointerSize !== this.#pointerSize;
    this.#pointerSize = pointerSize;
    if (!this.#tree) return;
    if (other) this.#forget();
    else {
      this.#tree.memory = image;
      this.rows.recount(this.#tree.count);
    }
  }

  #forget() {
    this.#tree = null;
    this.host.hidden = true;
    this.said.textContent = "Addresses of this memory have another size: describe the structures again.";
  }

  /** Shows a value. @param {Type} type @param {number} at */
  place(type, at) {
    if (!this.#image) return;
    this.#tree = new Tree(this.#image, type, at, `0x${hex(at, 1)}`);
    this.host.hidden = false;
    this.said.textContent = `${type.name} at 0x${hex(at, 1)}: ${type.size.toLocaleString("en")} bytes.`;
    this.rows.show(this.#tree.count);
  }

  /** Reads what somebody wrote. */
  #describe() {
    const { value } = this.text;
    try {
      this.#types = parseStructures(value, { pointerSize: this.#pointerSize });
    } catch (error) {
      if (!(error instanceof StructureError)) throw error;
      this.said.textContent = error.message;
      this.said.classList.add("wrong");
      this.text.setAttribute("aria-invalid", "true");
      this.text.focus();
      this.text.setSelectionRange(error.at, error.at + 1);
      return;
    }
    described = value;
    this.text.removeAttribute("aria-invalid");
    this.said.classList.remove("wrong");
    const chosen = this.which.value;
    this.which.replaceChildren(...this.#types.map(({ name }) => make("option", {}, name)));
    this.which.value = this.#types.some(({ name }) => name === chosen) ? chosen : this.#types.at(-1)?.name;
    this.which.hidden = this.#types.length === 1;
    this.#apply();
  }

  #apply() {
    const type = this.#types[this.which.selectedIndex];
    if (!type) return;
    const many = Math.max(1, Math.min(MOST_ELEMENTS, Math.floor(Number(this.many.value)) || 1));
    this.many.value = many;
    const at = this.told.address();
    this.place(many === 1 ? type : arrayOf(type, many), at);
    this.told.mark(at, type.size * many);
  }

  /** @param {number} index */
  #moved(index) {
    const row = this.#tree?.row(index);
    if (row && row.at >= 0) this.told.mark(row.at, row.type.size);
  }

  /** Where the pointer of a row leads, if it is one that can be followed. @param {number} index */
  #target(index) {
    const row = this.#tree?.row(index);
    if (!row || row.at < 0 || row.type.kind !== "pointer" || !this.#image) return null;
    const to = pointerAt(this.#image, row.at, row.type.size);
    return to !== null && to !== 0 && to < this.#image.length ? { to, type: row.type.to } : null;
  }

  /** @param {number} index @param {HTMLElement | null} target what was clicked; null for the key Enter */
  #open(index, target) {
    const found = !target || target.classList.contains("pointer") ? this.#target(index) : null;
    if (found) this.told.follow(found.to, found.type?.size || 1, found.type);
    else {
      this.#moved(index);
      this.#toggle(index);
    }
  }

  /** @param {number} index */
  #toggle(index) {
    if (!this.#tree) return;
    this.#tree.toggle(index);
    this.rows.recount(this.#tree.count);
  }

  /** @param {string} key @param {number} index */
  #key(key, index) {
    const row = this.#tree?.row(index);
    if (key === "Backspace") this.told.back();
    else if (key === "ArrowRight" && row?.opens && !row.open) this.#toggle(index);
    else if (key === "ArrowLeft" && row?.open) this.#toggle(index);
    else if (key === "ArrowRight" && row?.open) this.#select(index + 1);
    else if (key === "ArrowLeft" && row && row.parent >= 0) this.#select(row.parent);
    else return false;
    return true;
  }

  /** @param {number} index */
  #select(index) {
    this.rows.select(index);
    this.#moved(index);
  }

  /** @param {number} index @param {HTMLElement} element */
  #render(index, element) {
    const row = this.#tree?.row(index);
    const image = this.#image;
    if (!row || !image) return;
    const { type, at, name, depth } = row;
    element.setAttribute("aria-level", String(depth + 1));
    element.setAttribute("aria-posinset", String(row.position));
    element.setAttribute("aria-setsize", String(row.siblings));
    if (row.opens) element.setAttribute("aria-expanded", String(row.open));
    const classes = ["cell", this.#target(index) && "pointer"];
    if (at >= 0 && image.changed.has(at, Math.max(1, type.size))) classes.push("changed");
    if (at >= 0 && image.read.has(at, Math.max(1, type.size))) classes.push("read");
    element.append(
      make("span", { class: "offset" }, at < 0 ? "" : hex(at, 8)),
      make(
        "span",
        { class: "twig", style: `padding-left: ${depth * 14}px` },
        `${row.opens ? (row.open ? "▾" : "▸") : " "} ${name}`,
      ),
      make("span", { class: "type" }, type.name),
      make("span", { class: classes.filter(Boolean).join(" ") }, at < 0 ? "nowhere" : valueText(image, type, at)),
    );
  }
}
