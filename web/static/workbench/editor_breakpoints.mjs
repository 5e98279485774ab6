// Breakpoints in the editor: a gutter that takes them by a click, F9 at the cursor, and the line where the debugger is.

import * as cm from "../../vendor/codemirror.mjs";
import { make } from "./dom.mjs";

/** @typedef {import("./debugging.mjs").Debugging} Debugging */
/** @typedef {{ breaks: Set<number>, here: number }} Marked  lines */

/** @type {import("@codemirror/state").StateEffectType<Marked>} */
const marked = cm.StateEffect.define();

const lines = cm.StateField.define({
  create: () => /** @type {Marked} */ ({ breaks: new Set(), here: 0 }),
  update(value, { effects }) {
    return effects.find((one) => one.is(marked))?.value ?? value;
  },
});

class Mark extends cm.GutterMarker {
  /** @param {string} text @param {string} name */
  constructor(text, name) {
    super();
    this.text = text;
    this.name = name;
  }

  /** @param {Mark} other */
  eq(other) {
    return this.text === other.text && this.name === other.name;
  }

  toDOM() {
    return make("span", { class: this.name }, this.text);
  }
}

/** @param {number} line @param {Marked} found */
function markOf(line, { breaks, here }) {
  if (!breaks.has(line) && line !== here) return null;
  return new Mark(line === here ? "▶" : "●", breaks.has(line) ? "breaks" : "");
}

const highlighted = cm.EditorView.decorations.compute([lines, "doc"], (state) => {
  const { here } = state.field(lines);
  if (here < 1 || here > state.doc.lines) return cm.Decoration.none;
  return cm.Decoration.set([cm.Decoration.line({ class: "cm-here" }).range(state.doc.line(here).from)]);
});

/** @param {Debugging} debugging @returns {Marked} */
function markedBy({ breakpoints, state }) {
  const breaks = breakpoints
    .filter(({ spec }) => spec.kind === "line" && spec.file === "")
    .map(({ spec }) => spec.line);
  const place = state?.frames[0]?.place;
  return { breaks: new Set(breaks), here: place && (place.file === "" || place.file === "text") ? place.line : 0 };
}

/**
 * What an editor needs for it.
 * @param {Debugging} debugging
 * @param {(error: Error) => void} complain
 */
export function lineBreakpoints(debugging, complain) {
  const toggle = (/** @type {any} */ view, /** @type {number} */ position) => {
    debugging.toggleLine("", view.state.doc.lineAt(position).number).catch(complain);
    return true;
  };
  const gutter = cm.gutter({
    class: "cm-breakpoints",
    renderEmptyElements: true,
    lineMarker: (view, { from }) => markOf(view.state.doc.lineAt(from).number, view.state.field(lines)),
    lineMarkerChange: ({ startState, state }) => startState.field(lines) !== state.field(lines),
    domEventHandlers: { mousedown: (view, { from }) => toggle(view, from) },
  });
  const follows = cm.EditorView.updateListener.of(({ docChanged, changes, startState, state }) => {
    if (!docChanged) return;
    // Lines move with their text, unless all of it was replaced.
    if (changes.touchesRange(0, startState.doc.length) === "cover") return;
    for (const { spec } of debugging.breakpoints) {
      if (spec.kind !== "line" || spec.file !== "" || spec.line > startState.doc.lines) continue;
      spec.line = state.doc.lineAt(changes.mapPos(startState.doc.line(spec.line).from, 1)).number;
    }
  });
  const listens = cm.ViewPlugin.define((view) => {
    const draw = () => view.dispatch({ effects: marked.of(markedBy(debugging)) });
    debugging.addEventListener("breakpoints", draw);
    debugging.addEventListener("state", draw);
    queueMicrotask(draw);
    return {
      update({ docChanged }) {
        if (docChanged) queueMicrotask(draw);
      },
    };
  });
  const key = cm.keymap.of([{ key: "F9", run: (view) => toggle(view, view.state.selection.main.head) }]);
  return [lines, gutter, highlighted, follows, listens, key];
}
