// One memory: a picture of all of it, rows of bytes or numbers, structures, search, and what lies at an address.

import { count } from "./binary.mjs";
import { make, shown } from "./dom.mjs";
import { HexRows, hex } from "./hex_rows.mjs";
import { typedAddress, VIEWS, wantedBytes } from "./image.mjs";
import { growthText } from "./growth.mjs";
import { sizeText } from "./overview.mjs";
import { Picture } from "./picture.mjs";
import { Places } from "./places.mjs";
import { StructureView } from "./structure_view.mjs";
import { pointerAt } from "./structures.mjs";

/** @typedef {import("./image.mjs").MemoryImage} MemoryImage */
/** @typedef {import("./image.mjs").ViewName} ViewName */

let panes = 0;

/** @param {string} text @param {() => void} act */
const small = (text, act) => make("button", { type: "button", class: "link", onclick: act }, text);

/** @param {any} field @param {string} text @param {() => void} act */
function form(field, text, act) {
  const element = make("form", { class: "intake-row" }, field, make("button", { type: "submit", class: "link" }, text));
  element.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    act();
  });
  return element;
}

/** @param {string} type @param {string} label @param {string} placeholder @param {number} [size] */
const field = (type, label, placeholder, size) =>
  make("input", { type, size, "aria-label": label, placeholder, autocomplete: "off" });

export class MemoryPane {
  /** @type {MemoryImage | null} */ image = null;
  /** @type {MemoryImage[]} */ images = [];
  /** @type {import("./panes.mjs").About} */ about = { nameOf: () => "" };
  #places = new Places();

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
    this.address = field("text", "Address", "address", 12);
    this.wanted = field("search", "Look for", '"text", de ad, number');
    this.state = make("p", { class: "state", role: "status" });
    this.picture = new Picture({ goTo: (at, size) => this.goTo(at, size) });
    this.growth = make("p", { class: "growth" });
    this.backward = small("back", () => this.#turn(-1));
    this.forward = small("forward", () => this.#turn(1));
    const back = () => this.#turn(-1);
    this.hex = new HexRows(id, {
      back,
      moved: (at) => this.#moved(at),
      follow: (at, size) => this.#follow(at, size || this.pointerSize),
    });
    this.structures = new StructureView(id, {
      back,
      address: () => this.hex.address,
      mark: (at, size) => this.#mark(at, size),
      follow: (at, size, type) => this.#followed(at, size, type),
    });
    const row = (/** @type {any[]} */ ...parts) => make("div", { class: "intake-row" }, ...parts);
    this.element = make(
      "section",
      { class: "card", "aria-label": "A memory" },
      row(
        this.choice,
        this.view,
        small("close", () => this.element.remove()),
      ),
      row(
        form(this.address, "go", () => this.#go()),
        form(this.wanted, "find", () => this.#find()),
      ),
      row(
        this.backward,
        this.forward,
        small("follow the pointer here", () => this.#follow(typedAddress(this.address.value), this.pointerSize)),
        small("next change", () => this.#nextChange()),
      ),
      this.state,
      this.growth,
      this.picture.element,
      this.structures.element,
      this.hex.element,
    );
  }

  get pointerSize() {
    const { image } = this;
    return (image && this.about.pointerSize?.(image.image.index)) ?? 4;
  }

  /**
   * @param {MemoryImage[]} images
   * @param {import("./panes.mjs").About} about
   * @param {{ keep?: boolean }} [options] whether it stays where it is in its memory
   */
  show(images, about, { keep = false } = {}) {
    this.images = images;
    this.about = about;
    this.choice.replaceChildren(
      ...images.map(({ image }, k) =>
        make(
          "option",
          { value: k },
          `memory ${image.index} ${shown(about.nameOf(image.index))} (${sizeText(image.byteLength)})`,
        ),
      ),
    );
    if (!keep) this.#places = new Places();
    this.#choose(Math.min(this.index, images.length - 1), keep);
  }

  /** @param {number} index @param {boolean} [keep] */
  #choose(index, keep = false) {
    this.#take(index, keep);
    if (!this.image) return;
    if (keep) this.#buttons();
    else this.#visit(this.image.changed.list[0]?.[0] ?? 0, 0);
  }

  /** Shows another memory, or the same as it is now. @param {number} index @param {boolean} keep */
  #take(index, keep) {
    this.index = index;
    this.choice.value = String(index);
    this.image = this.images[index] ?? null;
    if (!this.image) return;
    const { image, length } = this.image;
    this.hex.show(this.image, keep);
    this.structures.show(this.image, this.pointerSize);
    const rest = image.byteLength > length ? ` Only the first ${sizeText(length)} are here.` : "";
    this.state.textContent = `${this.#marks()}${rest}`;
    this.#picture();
  }

  /** Draws again what is there, which may have changed. */
  refresh() {
    if (!this.image) return;
    this.hex.show(this.image, true);
    this.structures.show(this.image, this.pointerSize);
    this.#picture();
  }

  #picture() {
    if (!this.image) return;
    const stepName = (/** @type {number} */ k) => this.about.stepName?.(k) ?? `call ${k}`;
    this.growth.textContent = this.image.growth || growthText(this.image.image, stepName);
    this.picture.show(this.image, stepName);
  }

  /** What is marked. */
  #marks() {
    if (this.image?.live) return "Live: marked is what changed since the last look, and where somebody waits.";
    const { changed, read, image } = /** @type {MemoryImage} */ (this.image);
    const told = changed.length ? `changed ${count(changed.total, "byte")}` : "changed nothing";
    const reads = image.read ? ` and read ${read.length ? count(read.total, "byte") : "nothing"}` : "";
    const more = image.unread ? ` What it read is not known: ${image.unread}.` : "";
    return `The last call ${told}${reads}${changed.length || read.length ? ", marked below" : ""}.${more}`;
  }

  /** @param {ViewName} view */
  #as(view) {
    this.hex.view = view;
    this.hex.draw();
  }

  /** The cursor of the bytes went somewhere. @param {number} at */
  #moved(at) {
    this.address.value = `0x${hex(at, 1)}`;
    this.state.textContent = this.#told(at);
  }

  /** Marks bytes and brings them into sight. @param {number} at @param {number} size */
  #mark(at, size) {
    if (!this.image || at >= this.image.length) return;
    this.hex.marked = { at, count: size };
    this.hex.select(at);
    this.address.value = `0x${hex(at, 1)}`;
  }

  /**
   * Goes to a place, from which one can come back.
   * @param {number} at
   * @param {number} size how many bytes are marked
   */
  #visit(at, size) {
    this.#mark(at, size);
    this.#places.visit({ index: this.index, at, count: size, value: this.structures.value });
    this.#buttons();
  }

  #buttons() {
    this.backward.disabled = !this.#places.canGoBack;
    this.forward.disabled = !this.#places.canGoForward;
  }

  /** Goes back, or forward again. @param {1 | -1} by */
  #turn(by) {
    const place = this.#places.go(by);
    if (!place) {
      this.state.textContent = by < 0 ? "This is where it began." : "There is nothing later.";
      return;
    }
    if (place.index !== this.index) this.#take(place.index, false);
    if (place.value) this.structures.place(place.value.type, place.value.at);
    this.#mark(place.at, place.count);
    this.state.textContent = this.#told(place.at);
    this.#buttons();
  }

  #go() {
    const at = typedAddress(this.address.value);
    if (!this.image || at < 0) this.state.textContent = "An address is a number, as 1024 or 0x400.";
    else if (at >= this.image.length) this.state.textContent = `The memory ends at 0x${hex(this.image.length, 1)}.`;
    else {
      this.state.textContent = this.#told(at);
      this.#visit(at, 1);
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
      const at = this.image.find(wanted, this.hex.address + 1);
      if (at < 0) this.state.textContent = "Not found.";
      else {
        this.state.textContent = `Found at 0x${hex(at, 1)}.`;
        this.#visit(at, wanted.length);
      }
    } catch (error) {
      this.state.textContent = error.message;
    }
  }

  /** Goes where the bytes at an address point to. @param {number} at @param {number} size */
  #follow(at, size) {
    const to = this.image && at >= 0 ? pointerAt(this.image, at, size) : null;
    if (!this.image || to === null)
      this.state.textContent = `There are no ${size === 8 ? "eight" : "four"} bytes at that address.`;
    else if (to >= this.image.length)
      this.state.textContent = `What is at 0x${hex(at, 1)} points to 0x${hex(to, 1)}, behind the memory's end.`;
    else {
      this.#visit(to, size);
      this.state.textContent = `From 0x${hex(at, 1)}. ${this.#told(to)}`;
    }
  }

  /**
   * A pointer of a structure was followed.
   * @param {number} at where it leads
   * @param {number} size
   * @param {import("./structures.mjs").Type | null} type what is there
   */
  #followed(at, size, type) {
    this.#places.note(this.structures.value);
    if (type && type.kind !== "number") this.structures.place(type, at);
    this.#visit(at, size);
    this.state.textContent = this.#told(at);
  }

  #nextChange() {
    const next = this.image?.changed.behind(this.hex.address);
    if (!next) this.state.textContent = "The last call changed nothing.";
    else {
      this.state.textContent = `${count(next[1], "byte")} from 0x${hex(next[0], 1)} on ${next[1] === 1 ? "was" : "were"} changed.`;
      this.#visit(next[0], 0);
    }
  }

  /** Brings bytes into sight, and marks them. @param {number} at @param {number} count */
  goTo(at, count) {
    if (!this.image || at >= this.image.length) return;
    this.state.textContent = this.#told(at);
    this.#visit(at, count);
  }
}
