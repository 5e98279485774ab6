// The view "Run": what is asked of the module, on every engine at once, and the results side by side.

import { readModule } from "./binary.mjs";
import { CallsForm } from "./calls.mjs";
import { make, shown } from "./dom.mjs";
import { ENGINES, rowOf } from "./engine_table.mjs";
import { Engine } from "./engines.mjs";
import { Lacking } from "./lacking.mjs";
import { stubsOf, withAllMemories } from "./plan.mjs";
import { withReads } from "./reads.mjs";
import { Results } from "./results.mjs";
import { spelt } from "./values.mjs";

/** @typedef {import("./calls.mjs").Asked} Asked */

export class RunView extends EventTarget {
  /** Whether the calls are made once more, to note what the last one reads. */ noteReads = false;
  /** The bytes that were run last. @type {Uint8Array | null} */ #ran = null;

  /**
   * @param {HTMLElement} host
   * @param {import("./session.mjs").Session} session
   * @param {import("./overview.mjs").Known} known
   * @param {(index: number, offset: number) => void} openFunction shows an instruction of a function
   */
  constructor(host, session, known, openFunction) {
    super();
    this.session = session;
    this.lacking = new Lacking(known);
    this.results = new Results(openFunction);
    this.engines = ENGINES.map(({ name }) => new Engine(name, (engine) => this.results.show(engine)));
    this.boxes = ENGINES.map(({ name, title, chosen }) => {
      const box = make("input", { type: "checkbox", checked: chosen, name });
      return { box, label: make("label", { class: "box" }, box, title) };
    });
    this.form = new CallsForm();
    this.go = make("button", { type: "submit" }, "Run");
    this.halt = make("button", { type: "button", disabled: true, onclick: () => this.stop() }, "Stop");
    this.note = make("p", { class: "state" });
    const form = make(
      "form",
      { class: "card", "aria-label": "What to run" },
      this.note,
      this.form.element,
      make("div", { class: "boxes" }, ...this.boxes.map(({ label }) => label)),
      make("div", { class: "buttons" }, this.go, this.halt),
    );
    form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      void this.run();
    });
    host.replaceChildren(form, this.results.verdict, this.results.table);
    session.addEventListener("module", () => this.#reset());
    session.addEventListener("text", () => this.#suggest());
  }

  /** The calls that are asked for now. @returns {Asked[]} */
  get asked() {
    return this.form.asked;
  }

  /** Puts calls in the place of those that are there. @param {Asked[]} asked */
  ask(asked) {
    this.form.ask(asked);
  }

  /** Whether what was run last, if anything was, is what is there now. */
  get isCurrent() {
    return this.#ran === null || this.#ran === this.session.bytes;
  }

  /** Where the engines of the last run differ, in words. */
  get differences() {
    return this.results.differences;
  }

  #reset() {
    const { contents } = this.session;
    if (!contents) return;
    this.form.reset(contents);
    const none = this.form.none ? "No function is exported: the instance is made, and no more." : "";
    const stubs = contents.imports.length
      ? "Imports are stubs of their types: functions write down their arguments and return zeros."
      : "";
    this.note.textContent = `${none} ${stubs}`.trim();
  }

  /** The call that an example comes with. */
  #suggest() {
    const { call } = this.session;
    if (call) this.ask([call]);
  }

  /** The plan for the module as it is, without exports for the run's sake. Raises an Error for what does not fit. */
  planAsIs() {
    const { bytes, contents } = this.session;
    if (!bytes || !contents) throw new Error("There is no module.");
    return { bytes, memories: [], stubs: stubsOf(contents), calls: this.form.calls };
  }

  /** @returns {import("./plan.mjs").Plan | null} */
  #plan() {
    const { bytes, contents } = this.session;
    if (!bytes || !contents) return null;
    try {
      const whole = withAllMemories(bytes, contents);
      const recording = this.noteReads ? withReads(whole.bytes, readModule(whole.bytes)) : undefined;
      return { ...whole, recording, stubs: stubsOf(contents), calls: this.form.calls };
    } catch (error) {
      this.results.verdict.textContent = error.message;
      return null;
    }
  }

  /** Does on the engines that are chosen what is asked. */
  async run() {
    const plan = this.#plan();
    if (!plan) return;
    const chosen = this.engines.filter((_engine, k) => this.boxes[k].box.checked);
    if (chosen.length === 0) {
      this.results.verdict.textContent = "Choose an engine at least.";
      return;
    }
    this.stop();
    this.chosen = chosen;
    this.calls = plan.calls;
    this.shift = plan.shift;
    const { bytes, contents } = this.session;
    this.#ran = bytes;
    if (contents) this.results.frame(chosen, titlesOf(plan), { contents, shift: plan.shift });
    this.halt.disabled = false;
    await Promise.all(chosen.map((engine) => engine.run(plan)));
    if (chosen !== this.chosen) return;
    this.halt.disabled = true;
    const lacks = await this.lacking.of(chosen, rowOf, bytes, contents);
    if (chosen !== this.chosen) return;
    this.results.judge(lacks);
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
}

/** The titles of a plan's steps. @param {import("./plan.mjs").Plan} plan */
const titlesOf = ({ calls }) => [
  "make the instance",
  ...calls.map(({ export: name, arguments: given }) => `${shown(name)}(${given.map(spelt).join(", ")})`),
];
