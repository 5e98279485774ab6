// The view "Run": what is asked of the module, on every engine at once, and the results side by side.

import { readModule } from "./binary.mjs";
import { CallsForm } from "./calls.mjs";
import { make, shown } from "./dom.mjs";
import { ENGINES, rowOf } from "./engine_table.mjs";
import { Engine } from "./engines.mjs";
import { ImportsForm } from "./imports.mjs";
import { Lacking } from "./lacking.mjs";
import { stubsOf, withAllMemories } from "./plan.mjs";
import { withReads } from "./reads.mjs";
import { Results } from "./results.mjs";
import { ScriptForm } from "./script.mjs";
import { spelt } from "./values.mjs";

/**
 * @typedef {import("./calls.mjs").Asked} Asked
 * @typedef {{ calls: Asked[], script: import("./script.mjs").Script | null, imports: import("./imports.mjs").Imports | null }} Request
 */

const UNREAD = "Read what the link brought first, and say so: it runs with the rights of this page.";

export class RunView extends EventTarget {
  /** Whether the calls are made once more, to note what the last one reads. */ noteReads = false;
  /** There is code of somebody else's, from a link. */ #unread = false;
  /** The call that was filled in last because an example comes with it. @type {Asked | null} */ #suggested = null;
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
      const why = make("span", { class: "ms" });
      return { box, why, label: make("label", { class: "box" }, box, make("span", {}, title, why)) };
    });
    this.imports = new ImportsForm();
    this.script = new ScriptForm();
    for (const form of [this.imports, this.script]) form.addEventListener("change", () => this.#fit());
    const way = (/** @type {string} */ value, /** @type {boolean} */ checked) =>
      make("input", { type: "radio", name: "what-to-do", value, checked, onchange: () => this.#toggle() });
    this.byCalls = way("calls", true);
    this.byScript = way("script", false);
    this.read = make("input", { type: "checkbox" });
    this.foreign = make(
      "p",
      { class: "foreign", hidden: true },
      make(
        "label",
        { class: "box" },
        this.read,
        "This came with a link. I have read the script and the imports; they run with the rights of this page.",
      ),
    );
    this.form = new CallsForm();
    this.go = make("button", { type: "submit" }, "Run");
    this.halt = make("button", { type: "button", disabled: true, onclick: () => this.stop() }, "Stop");
    this.note = make("p", { class: "state" });
    const form = make(
      "form",
      { class: "card", "aria-label": "What to run" },
      this.note,
      make(
        "fieldset",
        { class: "choices" },
        make("legend", {}, "What to do"),
        make(
          "div",
          { class: "boxes" },
          make("label", { class: "box" }, this.byCalls, "calls of exports"),
          make("label", { class: "box" }, this.byScript, "a script"),
        ),
        this.form.element,
        this.script.element,
      ),
      this.imports.element,
      this.foreign,
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

  /** Puts calls in the place of what is there. @param {Asked[]} asked */
  ask(asked) {
    this.form.ask(asked);
    this.byCalls.checked = true;
    this.#toggle();
  }

  /** All that is asked for now, as it goes into links. @returns {Request} */
  get request() {
    return {
      calls: this.asked,
      script: this.byScript.checked ? this.script.asked : null,
      imports: this.imports.asked,
    };
  }

  /** Fills in what a link brought; code of others has to be read before it runs. @param {Request} request */
  fill({ calls, script, imports }) {
    this.ask(calls);
    this.imports.ask(imports);
    if (script) this.script.ask(script);
    this.byScript.checked = script !== null;
    this.#unread = script !== null || imports?.way === "hand";
    this.read.checked = false;
    this.#toggle();
  }

  #toggle() {
    this.form.element.hidden = this.byScript.checked || this.form.none;
    this.script.toggle(this.byScript.checked);
    this.#fit();
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
    this.imports.reset(contents);
    this.script.reset(this.form.callables[0]);
    this.#toggle();
    this.note.textContent = this.form.none ? "No function is exported: the instance is made, and no more." : "";
  }

  /** Which engines can do what is asked; the others are left out, and say why. */
  #fit() {
    this.foreign.hidden = !this.#unread || (!this.byScript.checked && this.imports.way !== "hand");
    for (const [k, row] of ENGINES.entries()) {
      const { box, why } = this.boxes[k];
      const reason = this.imports.why(row) || (this.byScript.checked ? this.script.why(row) : "");
      box.disabled = reason !== "";
      why.textContent = reason && `: ${reason}`;
    }
  }

  /** The call that an example comes with. */
  #suggest() {
    const { call } = this.session;
    if (call && call !== this.#suggested) this.ask([call]);
    this.#suggested = call;
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
      if (!this.foreign.hidden && !this.read.checked) {
        this.read.focus();
        throw new Error(UNREAD);
      }
      const whole = withAllMemories(bytes, contents);
      const imports = this.imports.checked;
      const script = this.byScript.checked ? this.script.checked : null;
      const calls = script ? [] : this.form.calls;
      const recording = this.noteReads && !script ? withReads(whole.bytes, readModule(whole.bytes)) : undefined;
      return { ...whole, recording, stubs: stubsOf(contents), calls, imports, script };
    } catch (error) {
      this.results.verdict.textContent = error.message;
      return null;
    }
  }

  /** Does on the engines that are chosen what is asked. */
  async run() {
    const plan = this.#plan();
    if (!plan) return;
    const chosen = this.engines.filter((_engine, k) => this.boxes[k].box.checked && !this.boxes[k].box.disabled);
    if (chosen.length === 0) {
      this.results.verdict.textContent = "Choose an engine at least, of those that can do it.";
      return;
    }
    this.stop();
    this.chosen = chosen;
    this.calls = plan.calls;
    this.titles = titlesOf(plan);
    if (plan.script) this.script.mark(undefined, "");
    this.shift = plan.shift;
    const { bytes, contents } = this.session;
    this.#ran = bytes;
    if (contents) this.results.frame(chosen, this.titles, { contents, shift: plan.shift });
    this.halt.disabled = false;
    await Promise.all(chosen.map((engine) => engine.run(plan)));
    if (chosen !== this.chosen) return;
    this.halt.disabled = true;
    const lacks = await this.lacking.of(chosen, rowOf, bytes, contents);
    if (chosen !== this.chosen) return;
    this.results.judge(lacks);
    const failed = plan.script && chosen.map(({ outcome }) => outcome.steps[1]?.error).find((error) => error?.line);
    if (failed) this.script.mark(failed.line, `${failed.name}: ${failed.message}`);
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
const titlesOf = ({ calls, script }) => [
  "make the instance",
  ...(script ? [`the script, in ${script.language}`] : []),
  ...calls.map(({ export: name, arguments: given }) => `${shown(name)}(${given.map(spelt).join(", ")})`),
];
