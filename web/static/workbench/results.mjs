// What came of a run: a column for each engine, a row for each step, and a sentence that says where they differ first.

import { make, shown } from "./dom.mjs";
import { rowOf } from "./engine_table.mjs";
import { speltFrame } from "./frames.mjs";
import { firstDifference, spelling, summary } from "./judging.mjs";

/** @typedef {import("./engines.mjs").Engine} Engine */
/** @typedef {import("./runner.mjs").Step} Step */

const MOST_SHOWN = 12;

const titleOf = (/** @type {Engine} */ { name }) => rowOf(name).title;

export class Results {
  /** @type {Engine[]} */ engines = [];
  /** Where engines differ, in words. @type {string[]} */ differences = [];

  /** @param {(index: number, offset: number) => void} openFunction shows an instruction of a function */
  constructor(openFunction) {
    this.openFunction = openFunction;
    this.verdict = make("p", { class: "verdict", role: "status" });
    this.head = make("tr");
    this.rows = make("tbody");
    const table = make("table", { class: "outcomes" }, make("thead", {}, this.head), this.rows);
    this.table = make(
      "div",
      { class: "scroll tall", hidden: true, tabindex: "0", role: "region", "aria-label": "Results" },
      table,
    );
  }

  /**
   * The table, empty.
   * @param {Engine[]} engines
   * @param {string[]} titles of the steps
   * @param {{ contents: import("./binary.mjs").Contents, shift: number }} module
   */
  frame(engines, titles, module) {
    this.engines = engines;
    this.module = module;
    this.table.hidden = false;
    this.head.replaceChildren(...["Step", ...engines.map(titleOf)].map((text) => make("th", { scope: "col" }, text)));
    const cells = () => engines.map(({ name }) => make("td", { "data-engine": name }));
    this.rows.replaceChildren(
      ...[...titles, "memories in the end"].map((title) =>
        make("tr", {}, make("th", { scope: "row" }, title), ...cells()),
      ),
    );
    this.verdict.classList.remove("different");
    this.verdict.textContent = "Running …";
  }

  /** What is known of an engine now. @param {Engine} engine */
  show(engine) {
    if (!this.engines.includes(engine)) return;
    const { steps, stage, broken, images, done } = engine.outcome;
    const cells = [...this.rows.querySelectorAll(`[data-engine="${engine.name}"]`)];
    for (const [k, cell] of cells.entries()) {
      const step = steps[k];
      cell.className = "";
      if (step)
        cell.replaceChildren(...contentOf(step, k === 0 ? "made" : summary(step)), ...this.#frames(engine, step));
      else if (k === steps.length && !done) cell.textContent = stage || "running …";
      else if (k === steps.length && broken) cell.textContent = broken;
      else cell.textContent = "";
    }
    if (images?.length) {
      const texts = images.map(
        ({ index, byteLength, seen }) =>
          `memory ${index}: ${byteLength.toLocaleString("en")} bytes${seen < byteLength ? ", of which the first 256 MiB are compared" : ""}`,
      );
      cells.at(-1).textContent = texts.join("; ");
    } else if (images) cells.at(-1).textContent = "none";
  }

  /** Where a trap was, the innermost call first; each leads to the instruction. @param {Engine} engine @param {Step} step */
  #frames({ name }, { error }) {
    const { module } = this;
    if (!error?.frames.length || !module) return [];
    const { original } = rowOf(name);
    const items = error.frames.slice(0, MOST_SHOWN).map((frame) => {
      if (!original) return make("li", {}, `${shown(speltFrame(frame, frame.name, 0))} of the lowered module`);
      const text = shown(speltFrame(frame, module.contents.functionName(frame.index), module.shift));
      if (frame.offset === null) return make("li", {}, text);
      const offset = frame.offset - module.shift;
      const open = () => this.openFunction(frame.index, offset);
      return make("li", {}, make("button", { type: "button", class: "link", onclick: open }, text));
    });
    const more = error.frames.length - MOST_SHOWN;
    const rest = more > 0 ? make("li", {}, `and ${more} more`) : null;
    return [make("ol", { class: "frames", "aria-label": "Frames, the innermost first" }, ...items, rest)];
  }

  /**
   * Compares all engines with the first that came so far, and marks where they differ first.
   * @param {Map<string, string>} lacks why engines could not make the instance, by name: they are not compared
   */
  judge(lacks) {
    const able = this.engines.filter(({ name }) => !lacks.has(name));
    const base = able.find(({ outcome }) => !outcome.broken) ?? able[0];
    this.differences = able.filter((engine) => engine !== base).flatMap((engine) => this.#compare(base, engine));
    for (const [name, why] of lacks) {
      const cell = this.rows.querySelector(`[data-engine="${name}"]`);
      cell.classList.add("lacking");
      cell.append(make("p", { class: "lack" }, `Not compared: ${why}`));
    }
    const broken = able.filter(({ outcome }) => outcome.broken);
    this.verdict.textContent = [
      this.#equal(able.length - broken.length),
      ...this.differences.map((text) => `Different. ${text}.`),
      ...reasonsOf(broken),
      ...this.engines
        .filter(({ name }) => lacks.has(name))
        .map((engine) => `${titleOf(engine)} is not compared: ${lacks.get(engine.name)}.`),
    ]
      .filter(Boolean)
      .join(" ");
    this.verdict.classList.toggle("different", this.differences.length > 0);
  }

  /** @param {Engine} base @param {Engine} engine @returns {string[]} */
  #compare(base, engine) {
    const difference = firstDifference(base.outcome, engine.outcome, {
      frames: rowOf(base.name).original && rowOf(engine.name).original,
    });
    if (!difference) return [];
    const row = this.rows.children[difference.step];
    const cell = row?.querySelector(`[data-engine="${engine.name}"]`);
    cell?.classList.add("different");
    cell?.append(make("p", { class: "difference" }, `First difference: ${difference.text}`));
    return [`${titleOf(engine)}, ${row?.firstChild.textContent}: ${difference.text}`];
  }

  /** @param {number} compared */
  #equal(compared) {
    if (this.differences.length || compared === 0) return "";
    return compared > 1 ? `The same on ${compared} engines: results, errors, calls of imports, memories.` : "Done.";
  }
}

/** Why engines did not come to an end, each reason once. @param {Engine[]} engines */
function reasonsOf(engines) {
  const reasons = new Set(engines.map(({ outcome }) => outcome.broken));
  return [...reasons].map((reason) => {
    const titles = engines.filter(({ outcome }) => outcome.broken === reason).map(titleOf);
    return `${titles.join("; ")}: ${reason}.`;
  });
}

/** @param {Step} step @param {string} short what came of it @returns {Node[]} */
function contentOf(step, short) {
  const parts = [
    make("code", {}, step.error ? step.error.name : short),
    make("span", { class: "ms" }, ` ${step.ms.toFixed(step.ms < 10 ? 2 : 0)} ms`),
  ];
  if (step.error)
    parts.push(
      make("span", { class: "message" }, `${step.error.line ? `line ${step.error.line}: ` : ""}${step.error.message}`),
    );
  if (step.logged) {
    const items = step.log.slice(0, MOST_SHOWN).map((one) => make("li", {}, shown(spelling(one))));
    const more = step.logged > MOST_SHOWN ? make("li", {}, `and ${step.logged - MOST_SHOWN} more`) : null;
    parts.push(make("ol", { class: "log", "aria-label": "Log" }, ...items, more));
  }
  return parts;
}
