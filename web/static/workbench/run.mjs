// The view "Run": calls of exports, made on every engine at once, their results side by side.

import { make, say, shown } from "./dom.mjs";
import { ENGINES, Engine } from "./engines.mjs";
import { firstDifference, spelling, summary } from "./judging.mjs";
import { stubsOf, withAllMemories } from "./plan.mjs";
import { typedValue } from "./values.mjs";

const MOST_SHOWN = 12;

/** @typedef {{ export: string, arguments: string[] }} Asked */
/** @typedef {{ name: string, params: string[], results: string[] }} Callable */

let fields = 0;

export class RunView extends EventTarget {
  /** @type {Callable[]} */ #callables = [];
  /** @type {{ element: any, asked: () => Asked, call: () => import("./plan.mjs").Call }[]} */ #calls = [];
  /** The bytes that were run last. @type {Uint8Array | null} */ #ran = null;
  #module = "";

  /** @param {HTMLElement} host @param {import("./session.mjs").Session} session */
  constructor(host, session) {
    super();
    this.session = session;
    this.engines = ENGINES.map(({ name }) => new Engine(name, (engine) => this.#show(engine)));
    this.boxes = ENGINES.map(({ name, title }) => {
      const box = make("input", { type: "checkbox", checked: true, name });
      return { box, label: make("label", { class: "box" }, box, title) };
    });
    this.list = make("ol", { class: "calls" });
    this.add = make("button", { type: "button", onclick: () => this.#add().focus() }, "Add a call");
    this.go = make("button", { type: "submit" }, "Run");
    this.halt = make("button", { type: "button", disabled: true, onclick: () => this.stop() }, "Stop");
    this.note = make("p", { class: "state" });
    this.verdict = make("p", { class: "verdict", role: "status" });
    this.head = make("tr");
    this.rows = make("tbody");
    const table = make("table", { class: "outcomes" }, make("thead", {}, this.head), this.rows);
    this.results = make(
      "div",
      { class: "scroll tall", hidden: true, tabindex: "0", role: "region", "aria-label": "Results" },
      table,
    );
    const form = make(
      "form",
      { class: "card", "aria-label": "What to run" },
      this.note,
      this.list,
      make("div", { class: "boxes" }, ...this.boxes.map(({ label }) => label)),
      make("div", { class: "buttons" }, this.add, this.go, this.halt),
    );
    form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      void this.run();
    });
    host.replaceChildren(form, this.verdict, this.results);
    session.addEventListener("module", () => this.#reset());
    session.addEventListener("text", () => this.#suggest());
  }

  /** What is asked for now. @returns {Asked[]} */
  get asked() {
    return this.#calls.map((call) => call.asked());
  }

  /** Puts calls in the place of those that are there. @param {Asked[]} asked */
  ask(asked) {
    for (const { element } of this.#calls) element.remove();
    this.#calls = [];
    for (const one of asked) this.#add(one);
  }

  #reset() {
    const { contents } = this.session;
    if (!contents) return;
    this.#callables = contents.exports
      .filter(({ kind }) => kind === "func")
      .map(({ name, index }) => ({
        name,
        params: contents.functionType(index)?.params ?? [],
        results: contents.functionType(index)?.results ?? [],
      }));
    const none = this.#callables.length === 0;
    this.add.disabled = none;
    this.note.textContent = `${none ? "No function is exported: the instance is made, and no more." : ""}${
      contents.imports.length
        ? " Imports are stubs of their types: functions write down their arguments and return zeros."
        : ""
    }`.trim();
    const known = new Map(this.#callables.map((one) => [one.name, one.params.join()]));
    const kept = this.#module === signatureOf(this.#callables) ? this.asked.filter((one) => known.has(one.export)) : [];
    this.#module = signatureOf(this.#callables);
    this.ask(kept.length || none ? kept : [{ export: this.#callables[0].name, arguments: [] }]);
  }

  /** The call that an example comes with. */
  #suggest() {
    const { call } = this.session;
    if (call) this.ask([call]);
  }

  /** A row for a call. @param {Asked} [asked] @returns {any} its choice of an export */
  #add(asked) {
    const id = `call-${fields++}`;
    const inputs = make("span", { class: "arguments" });
    const choice = make("select", { id, "aria-label": "Export" });
    for (const [k, { name }] of this.#callables.entries()) choice.append(make("option", { value: k }, shown(name)));
    const chosen = () => this.#callables[Number(choice.value)];
    const parameters = (/** @type {string[]} */ given) =>
      inputs.replaceChildren(
        ...chosen().params.map((type, k) =>
          make(
            "label",
            {},
            `${type} `,
            make("input", {
              type: "text",
              "data-type": type,
              value: given[k] ?? (/^[if](32|64)$/.test(type) ? "0" : "null"),
              size: 10,
              autocomplete: "off",
              spellcheck: "false",
            }),
          ),
        ),
      );
    const values = () => [...inputs.querySelectorAll("input")];
    const remove = make("button", { type: "button", class: "link", "aria-label": "Remove this call" }, "remove");
    const element = make("li", {}, choice, inputs, remove);
    const row = {
      element,
      asked: () => ({ export: chosen().name, arguments: values().map(({ value }) => value) }),
      call: () => ({
        export: chosen().name,
        params: chosen().params,
        results: chosen().results,
        arguments: values().map((input) => argumentOf(input)),
      }),
    };
    remove.addEventListener("click", () => {
      element.remove();
      this.#calls.splice(this.#calls.indexOf(row), 1);
      this.add.focus();
    });
    choice.addEventListener("change", () => parameters([]));
    const index = this.#callables.findIndex(({ name }) => name === asked?.export);
    choice.value = String(Math.max(0, index));
    parameters(index >= 0 && asked ? asked.arguments : []);
    this.#calls.push(row);
    this.list.append(element);
    return choice;
  }

  /** @returns {import("./plan.mjs").Plan | null} */
  #plan() {
    const { bytes, contents } = this.session;
    if (!bytes || !contents) return null;
    try {
      const calls = this.#calls.map((row) => row.call());
      return { ...withAllMemories(bytes, contents), stubs: stubsOf(contents), calls };
    } catch (error) {
      this.verdict.textContent = error.message;
      return null;
    }
  }

  /** Makes the calls on the engines that are chosen. */
  async run() {
    const plan = this.#plan();
    if (!plan) return;
    const chosen = this.engines.filter((_engine, k) => this.boxes[k].box.checked);
    if (chosen.length === 0) {
      this.verdict.textContent = "Choose an engine at least.";
      return;
    }
    this.stop();
    this.chosen = chosen;
    this.calls = plan.calls;
    this.#ran = this.session.bytes;
    this.#frame();
    this.halt.disabled = false;
    const runs = chosen.map((engine) => engine.run(plan));
    this.verdict.textContent = "Running …";
    await Promise.all(runs);
    if (chosen !== this.chosen) return;
    this.halt.disabled = true;
    this.#judge();
    this.dispatchEvent(new Event("done"));
  }

  /** Ends all that runs. */
  stop() {
    for (const engine of this.engines) engine.stop();
  }

  /** The images of memories by engine, of the last run. @returns {{ title: string, images: import("./runner.mjs").Image[] }[]} */
  get images() {
    return ENGINES.flatMap(({ title }, k) => {
      const engine = this.engines[k];
      const { images } = engine.outcome;
      return this.chosen?.includes(engine) && images?.length && this.#ran === this.session.bytes
        ? [{ title, images }]
        : [];
    });
  }

  #titleOf(/** @type {Engine} */ engine) {
    return ENGINES.find(({ name }) => name === engine.name)?.title ?? "";
  }

  /** The table, empty: a row for the instance and each call, one for the memories. */
  #frame() {
    const engines = this.chosen ?? [];
    this.results.hidden = false;
    this.head.replaceChildren(
      ...["Step", ...engines.map((engine) => this.#titleOf(engine))].map((text) => make("th", { scope: "col" }, text)),
    );
    const calls = (this.calls ?? []).map(
      ({ export: name, arguments: given }) =>
        `${shown(name)}(${given.map((value) => summary({ values: [value], log: [], logged: 0, ms: 0 })).join(", ")})`,
    );
    const titles = ["make the instance", ...calls, "memories in the end"];
    this.rows.replaceChildren(
      ...titles.map((title) =>
        make(
          "tr",
          {},
          make("th", { scope: "row" }, title),
          ...engines.map(({ name }) => make("td", { "data-engine": name })),
        ),
      ),
    );
  }

  /** What is known of an engine now. @param {Engine} engine */
  #show(engine) {
    if (!this.chosen?.includes(engine)) return;
    const { steps, stage, broken, images, done } = engine.outcome;
    const cells = [...this.rows.querySelectorAll(`[data-engine="${engine.name}"]`)];
    for (const [k, cell] of cells.entries()) {
      const step = steps[k];
      cell.className = "";
      if (step) cell.replaceChildren(...contentOf(step, k === 0 ? "made" : summary(step)));
      else if (k === steps.length && !done) cell.textContent = stage || "running …";
      else if (k === steps.length && broken) cell.textContent = broken;
      else cell.textContent = "";
    }
    if (images?.length)
      cells.at(-1).textContent = images
        .map(({ index, byteLength }) => `memory ${index}: ${byteLength.toLocaleString("en")} bytes`)
        .join("; ");
    else if (images) cells.at(-1).textContent = "none";
  }

  /** Compares all engines with the first that is done, and marks where they differ first. */
  #judge() {
    const engines = this.chosen ?? [];
    const base = engines.find(({ outcome }) => !outcome.broken) ?? engines[0];
    const texts = [];
    for (const engine of engines) {
      if (engine === base) continue;
      const difference = firstDifference(base.outcome, engine.outcome);
      if (!difference) continue;
      const cell = this.rows.children[difference.step]?.querySelector(`[data-engine="${engine.name}"]`);
      cell?.classList.add("different");
      cell?.append(make("p", { class: "difference" }, `First difference: ${difference.text}`));
      texts.push(
        `${this.#titleOf(engine)}, ${this.rows.children[difference.step].firstChild.textContent}: ${difference.text}`,
      );
    }
    const broken = engines
      .filter(({ outcome }) => outcome.broken)
      .map((engine) => `${this.#titleOf(engine)}: ${engine.outcome.broken}`);
    const compared = engines.length - broken.length;
    const equal = texts.length
      ? ""
      : compared > 1
        ? `The same on ${compared} engines: results, errors, calls of imports, memories.`
        : compared
          ? "Done."
          : "";
    this.verdict.textContent = [
      equal,
      ...texts.map((text) => `Different. ${text}.`),
      ...broken.map((text) => `${text}.`),
    ]
      .filter(Boolean)
      .join(" ");
    this.verdict.classList.toggle("different", texts.length > 0);
    this.differences = texts;
    say("The run is over.");
  }
}

/** @param {Callable[]} callables */
const signatureOf = (callables) => JSON.stringify(callables);

/** @param {HTMLInputElement} input */
function argumentOf(input) {
  try {
    const value = typedValue(input.dataset.type ?? "", input.value);
    input.removeAttribute("aria-invalid");
    return value;
  } catch (error) {
    input.setAttribute("aria-invalid", "true");
    input.focus();
    throw error;
  }
}

/** @param {import("./runner.mjs").Step} step @param {string} short what came of it @returns {Node[]} */
function contentOf(step, short) {
  const parts = [
    make("code", {}, step.error ? step.error.name : short),
    make("span", { class: "ms" }, ` ${step.ms.toFixed(step.ms < 10 ? 2 : 0)} ms`),
  ];
  if (step.error) parts.push(make("span", { class: "message" }, step.error.message));
  if (step.logged) {
    const items = step.log.slice(0, MOST_SHOWN).map((one) => make("li", {}, shown(spelling(one))));
    const more = step.logged > MOST_SHOWN ? make("li", {}, `and ${step.logged - MOST_SHOWN} more`) : null;
    parts.push(make("ol", { class: "log", "aria-label": "Calls of imports" }, ...items, more));
  }
  return parts;
}
