// The view "Module": what is in the module, from the binary alone.

import { count } from "./binary.mjs";
import { make, shown } from "./dom.mjs";
import { ENGINES, featuresByCode, featuresOf, isHere } from "./features.mjs";
import { Rows } from "./rows.mjs";
import { drawTreemap } from "./treemap.mjs";

/**
 * @typedef {import("./binary.mjs").Contents} Contents
 * @typedef {{ features: import("./features.mjs").Feature[], instructions: any[], examples: any[] }} Known
 * @typedef {{ key: string, name: string, text: string, open?: () => void }} Item
 */

const FILTER_FROM = 12;
const MOST_SECTIONS = 60;

let lists = 0;

/** A list with its title, how many there are, and words to filter by. */
export class ItemList {
  /** @param {string} title */
  constructor(title) {
    this.title = title;
    /** @type {Item[]} */ this.all = [];
    /** @type {Item[]} */ this.items = [];
    this.heading = make("h3", {}, title);
    this.filter = make("input", {
      type: "search",
      placeholder: "Filter",
      "aria-label": `Filter ${title.toLowerCase()}`,
      autocomplete: "off",
      oninput: () => this.apply(),
    });
    this.host = make("div", { id: `list-${lists++}` });
    this.rows = new Rows(this.host, {
      label: title,
      render: (index, row) => this.#render(this.items[index], row),
      open: (index) => this.items[index].open?.(),
    });
    this.element = make(
      "section",
      { class: "card" },
      make("div", { class: "card-top" }, this.heading, this.filter),
      this.host,
    );
  }

  /** @param {Item[]} items */
  show(items) {
    this.all = items;
    this.filter.value = "";
    this.filter.hidden = items.length < FILTER_FROM;
    this.element.hidden = items.length === 0;
    this.apply();
  }

  apply() {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (/** @type {Item} */ item) => {
      const text = `${item.key} ${item.name} ${item.text}`.toLowerCase();
      return words.every((/** @type {string} */ word) => text.includes(word));
    };
    this.items = words.length ? this.all.filter(fits) : this.all;
    const number = words.length ? `${this.items.length} of ${this.all.length}` : String(this.all.length);
    this.heading.textContent = `${this.title} (${number})`;
    this.rows.show(this.items.length);
    this.host.dataset.empty = String(this.items.length === 0);
  }

  /** @param {Item} item @param {HTMLElement} row */
  #render(item, row) {
    row.append(
      make("span", { class: "key" }, item.key),
      make("span", { class: "name", title: shown(item.name) }, shown(item.name)),
      make("code", { title: item.text }, item.text),
    );
  }
}

/** Limits for people: in bytes, where a page has a size. @param {Contents["memories"][number]} memory */
function bytesOf({ minimum, maximum, pageSizeLog2 }) {
  const size = (/** @type {bigint} */ pages) => sizeText(Number(pages) * 2 ** pageSizeLog2);
  return `${size(minimum)}${maximum === null ? ", may grow" : maximum === minimum ? "" : `, up to ${size(maximum)}`}`;
}

/** @param {number} bytes */
export function sizeText(bytes) {
  if (bytes < 1024) return count(bytes, "byte");
  const units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
  let size = bytes / 1024;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${size >= 100 || Number.isInteger(size) ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

/** What shows a module's contents. */
export class Overview {
  #shown = 0;

  /**
   * @param {HTMLElement} host
   * @param {Known} known
   * @param {{ openFunction: (index: number) => void, validate: (bytes: Uint8Array) => Promise<{ error?: string }> }} actions
   */
  constructor(host, known, actions) {
    this.known = known;
    this.actions = actions;
    /** @type {Record<number, string>} */
    this.featureOfCode = featuresByCode(known.instructions);
    this.facts = make("dl", { class: "facts" });
    this.sections = make("section", { class: "card wide" });
    this.features = make("section", { class: "card wide" });
    this.lists = {
      imports: new ItemList("Imports"),
      exports: new ItemList("Exports"),
      memories: new ItemList("Memories, tables, globals, tags"),
      functions: new ItemList("Functions"),
      datas: new ItemList("Data segments"),
      types: new ItemList("Types"),
    };
    const grid = make("div", { class: "cards" }, this.sections, this.features);
    grid.append(...Object.values(this.lists).map(({ element }) => element));
    host.replaceChildren(this.facts, grid);
  }

  /** @param {Uint8Array} bytes @param {Contents} contents */
  show(bytes, contents) {
    this.#shown += 1;
    this.#showFacts(contents, bytes);
    this.#showSections(contents);
    this.#showLists(contents);
    void this.#showFeatures(bytes, contents, this.#shown);
  }

  /** @param {Contents} contents @param {Uint8Array} bytes */
  #showFacts(contents, bytes) {
    const facts = [
      ["Size", sizeText(contents.size)],
      ["Name", shown(contents.names.module)],
      [
        "Functions",
        `${contents.functions.length.toLocaleString("en")}, of which ${contents.importedFunctions} imported`,
      ],
      ["Start function", contents.start === null ? "" : shown(contents.functionName(contents.start))],
      ["Element segments", contents.elements ? String(contents.elements) : ""],
    ];
    this.facts.replaceChildren(
      ...facts
        .filter(([, value]) => value !== "")
        .map(([key, value]) => make("div", {}, make("dt", {}, key), make("dd", {}, value))),
      this.#validity(bytes),
    );
  }

  /** A button that asks whether the module is valid, and the answers. @param {Uint8Array} bytes */
  #validity(bytes) {
    const answer = make("dd", {});
    const ask = make("button", { type: "button", class: "link" }, "ask pyjsapi and this browser");
    ask.addEventListener("click", async () => {
      answer.textContent = "asking …";
      try {
        const here = await WebAssembly.compile(/** @type {Uint8Array<ArrayBuffer>} */ (bytes)).then(
          () => "this browser: yes",
          (error) => `this browser: no, ${error.message}`,
        );
        const { error } = await this.actions.validate(bytes);
        answer.textContent = `pyjsapi: ${error ? `no, ${error}` : "yes"}; ${here}`;
      } catch (error) {
        answer.textContent = error.message;
      }
    });
    answer.append(ask);
    return make("div", {}, make("dt", {}, "Valid"), answer);
  }

  /** @param {Contents} contents */
  #showSections({ sections, size }) {
    const parts = sections.map((section) => ({
      title: shown(section.title || section.name),
      size: section.offset + section.size - section.start,
      hue: (section.id * 47 + 250) % 360,
    }));
    const rows = parts.slice(0, MOST_SECTIONS).map((part, k) => {
      const { title, name, start } = sections[k];
      return make(
        "tr",
        {},
        make("th", { scope: "row" }, title ? `${name} “${part.title}”` : name),
        make("td", {}, `0x${start.toString(16)}`),
        make("td", {}, part.size.toLocaleString("en")),
        make("td", {}, `${((100 * part.size) / size).toFixed(1)} %`),
      );
    });
    const heads = ["Section", "At", "Bytes", "Share"].map((text) => make("th", { scope: "col" }, text));
    const more =
      parts.length > MOST_SECTIONS ? make("p", {}, `and ${parts.length - MOST_SECTIONS} sections more`) : null;
    const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows));
    this.sections.replaceChildren(
      make("h3", {}, `Sections (${sections.length})`),
      make(
        "div",
        { class: "sections" },
        drawTreemap(parts.slice(0, MOST_SECTIONS)),
        make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of sections" }, table, more),
      ),
    );
  }

  /** @param {Contents} contents */
  #showLists(contents) {
    const { lists } = this;
    lists.imports.show(contents.imports.map(({ module, name, text }) => ({ key: module, name, text })));
    lists.exports.show(
      contents.exports.map((each) => ({
        key: each.kind,
        name: each.name,
        text: this.#typeOf(contents, each),
        open: this.#opening(contents, each),
      })),
    );
    lists.memories.show(this.#declared(contents));
    lists.functions.show(
      contents.functions.map((_type, index) => ({
        key: `#${index}`,
        name: contents.functionName(index),
        text: contents.functionType(index)?.text ?? "?",
        open: this.#opening(contents, { kind: "func", index }),
      })),
    );
    lists.datas.show(
      contents.datas.map(({ mode, memory, address, start, size }, k) => ({
        key: `#${k}`,
        name: `${size.toLocaleString("en")} bytes at 0x${start.toString(16)} of the file`,
        text: mode === "passive" ? "passive" : `memory ${memory}, address ${address ?? "computed"}`,
      })),
    );
    lists.types.show(contents.types.map(({ kind, text }, k) => ({ key: `#${k}`, name: kind, text })));
  }

  /** Brings a type or a data segment into sight. @param {"types" | "datas"} list @param {number} index */
  reveal(list, index) {
    const { filter, rows, element } = this.lists[list];
    if (filter.value) this.lists[list].show(this.lists[list].all);
    element.scrollIntoView({ block: "center" });
    rows.host.focus();
    rows.select(index);
  }

  /** @param {Contents} contents @param {{ kind: string, index: number }} what */
  #opening(contents, { kind, index }) {
    if (kind !== "func" || index < contents.importedFunctions) return undefined;
    return () => this.actions.openFunction(index);
  }

  /** @param {Contents} contents @param {{ kind: string, index: number }} what */
  #typeOf(contents, { kind, index }) {
    if (kind === "func") return contents.functionType(index)?.text ?? "?";
    if (kind === "tag") return contents.types[contents.tags[index]]?.text ?? "?";
    const of = { memory: contents.memories, table: contents.tables, global: contents.globals }[kind];
    return of?.[index]?.text ?? "?";
  }

  /** @param {Contents} contents @returns {Item[]} */
  #declared(contents) {
    return [
      ...contents.memories.map((memory, k) => ({
        key: `memory ${k}`,
        name: `${contents.names.memories.get(k) ?? ""} ${bytesOf(memory)}`.trim(),
        text: memory.text,
      })),
      ...contents.tables.map(({ text }, k) => ({ key: `table ${k}`, name: "", text })),
      ...contents.globals.map(({ text }, k) => ({ key: `global ${k}`, name: "", text })),
      ...contents.tags.map((type, k) => ({ key: `tag ${k}`, name: "", text: contents.types[type]?.text ?? "?" })),
    ];
  }

  /** @param {Uint8Array} bytes @param {Contents} contents @param {number} turn */
  async #showFeatures(bytes, contents, turn) {
    const heading = make("h3", {}, "Features");
    const note = make("p", {}, "Looking at the code …");
    this.features.replaceChildren(heading, note);
    const used = await featuresOf(bytes, contents, this.featureOfCode, (done) => {
      if (turn === this.#shown)
        note.textContent = `Looking at the code: ${done} of ${contents.bodies.length} functions …`;
    });
    if (turn !== this.#shown) return;
    const rows = this.known.features.filter(({ name }) => used.has(name));
    if (rows.length === 0) {
      note.textContent = "None beyond WebAssembly 1.0: every engine has what this module needs.";
      return;
    }
    heading.textContent = `Features (${rows.length})`;
    const yes = (/** @type {string} */ text) =>
      make("td", { class: text ? "yes" : "no" }, text ? `since ${text}` : "no");
    const table = make(
      "table",
      {},
      make(
        "thead",
        {},
        make(
          "tr",
          {},
          ...["Feature", "pyjsapi", "Here", ...Object.values(ENGINES)].map((text) =>
            make("th", { scope: "col" }, text),
          ),
        ),
      ),
      make(
        "tbody",
        {},
        ...rows.map((feature) => {
          const here = isHere(feature);
          return make(
            "tr",
            {},
            make("th", { scope: "row" }, feature.title),
            make("td", { class: "yes" }, "yes"),
            make("td", { class: here ? "yes" : "no" }, here ? "yes" : "no"),
            ...Object.keys(ENGINES).map((engine) => yes(feature.first[engine])),
          );
        }),
      ),
    );
    note.replaceWith(
      make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of features" }, table),
    );
  }
}
