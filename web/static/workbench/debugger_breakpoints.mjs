// Breakpoints: those that are set, and a form for more.

import { breakpointText } from "./debugger_words.mjs";
import { make } from "./dom.mjs";

/** @typedef {import("./debugging.mjs").Spec} Spec */

const KINDS = {
  function: "a function",
  offset: "an address of code",
  line: "a line",
  watch: "bytes of a memory",
  import: "an import",
  trap: "traps",
  exception: "exceptions",
  growth: "growth of a memory",
};
/** What is asked for each kind: names of members, labels, and what stands there first. @type {Record<string, [string, string, string][]>} */
const FIELDS = {
  function: [["function", "name or index", ""]],
  offset: [["offset", "offset in the module", "0x"]],
  line: [
    ["line", "line", ""],
    ["file", "file (empty: the text)", ""],
  ],
  watch: [
    ["memory", "memory", "0"],
    ["address", "address", "0x0"],
    ["size", "bytes", "4"],
  ],
  import: [["import", "module.name (empty: all)", ""]],
};
/** Where the function's values are there to be computed with. */
const CONDITIONAL = new Set(["function", "offset", "line", "watch", "import"]);

export class BreakpointList {
  /** @param {import("./debugging.mjs").Debugging} debugging @param {(act: () => any) => Promise<void>} attempt */
  constructor(debugging, attempt) {
    this.debugging = debugging;
    this.attempt = attempt;
    this.list = make("ul", { class: "breakpoints" });
    this.kind = make(
      "select",
      { "aria-label": "Stop at", onchange: () => this.#fields() },
      ...Object.entries(KINDS).map(([value, text]) => make("option", { value }, text)),
    );
    this.fields = make("span", { class: "arguments" });
    const form = make(
      "form",
      { class: "intake-row", "aria-label": "Another breakpoint" },
      make("span", { class: "or" }, "stop at"),
      this.kind,
      this.fields,
      make("span", { class: "buttons" }, make("button", { type: "submit" }, "Add")),
    );
    form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      void attempt(() => this.#add());
    });
    this.element = make("section", { class: "card" }, make("h3", {}, "Breakpoints"), this.list, form);
    debugging.addEventListener("breakpoints", () => this.#show());
    debugging.addEventListener("phase", () => this.#show());
    this.#fields();
    this.#show();
  }

  #fields() {
    const { value } = this.kind;
    const inputs = (FIELDS[value] ?? []).map(([name, label, first]) =>
      make(
        "label",
        {},
        `${label} `,
        make("input", {
          type: "text",
          name,
          value: first,
          size: name === "memory" || name === "size" ? 4 : 12,
          autocomplete: "off",
          spellcheck: "false",
        }),
      ),
    );
    if (value === "watch")
      inputs.push(
        make(
          "select",
          { name: "access", "aria-label": "Access" },
          ...["writes", "reads", "reads and writes"].map((text) => make("option", {}, text)),
        ),
      );
    if (CONDITIONAL.has(value))
      inputs.push(
        make(
          "label",
          {},
          "if ",
          make("input", {
            type: "text",
            name: "condition",
            size: 14,
            placeholder: "$n == 3",
            autocomplete: "off",
            spellcheck: "false",
          }),
        ),
      );
    this.fields.replaceChildren(...inputs);
  }

  async #add() {
    const kind = this.kind.value;
    /** @type {any} */
    const spec = { kind: kind === "offset" ? "instruction" : kind };
    for (const { name, value } of this.fields.querySelectorAll("input")) if (value.trim()) spec[name] = value.trim();
    for (const { value } of this.fields.querySelectorAll("select")) {
      spec.reads = value.includes("reads");
      spec.writes = value.includes("writes");
    }
    for (const name of ["line", "memory", "size"]) if (name in spec) spec[name] = numberOf(spec[name]);
    if (kind === "line") spec.file ??= "";
    const made = await this.debugging.add(spec);
    if (!made.error) return;
    await this.debugging.remove(made);
    throw new Error(made.error);
  }

  #show() {
    const { breakpoints, phase } = this.debugging;
    const hits = this.debugging.state?.stop.breakpoints ?? [];
    const items = breakpoints.map((one) => {
      const text = breakpointText(one);
      const remove = () => void this.attempt(() => this.debugging.remove(one));
      return make(
        "li",
        { class: one.number !== null && hits.includes(one.number) ? "hit" : null },
        make("span", {}, one.number === null ? "" : `${one.number}. `, text),
        one.error ? make("span", { class: "no" }, ` ${one.error}`) : null,
        make(
          "button",
          {
            type: "button",
            class: "link",
            disabled: phase === "running" || phase === "starting",
            "aria-label": `Remove: ${text}`,
            onclick: remove,
          },
          "remove",
        ),
      );
    });
    this.list.replaceChildren(...(items.length ? items : [make("li", {}, "none")]));
  }
}

/** A whole number, or the text that is none: the debugger says what is wrong with it. @param {string} text */
function numberOf(text) {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : text;
}
