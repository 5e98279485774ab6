// A text editor for the text format: CodeMirror, set up.

import * as cm from "../../vendor/codemirror.mjs";
import { scriptLanguage } from "./script_language.mjs";
import { completionOf, highlighting, wat } from "./wat.mjs";

/** @typedef {{ message: string, line: number, column: number }} Mistake  both from 1 */

const theme = cm.EditorView.theme({
  "&": { backgroundColor: "var(--card)", color: "var(--text)", fontSize: "13px", height: "100%" },
  ".cm-scroller": { fontFamily: "var(--mono)" },
  ".cm-gutters": { backgroundColor: "var(--paper)", color: "var(--dim)", borderColor: "var(--line)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--accent) 7%, transparent)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 25%, transparent) !important",
  },
  ".cm-tooltip, .cm-panels": { backgroundColor: "var(--card)", color: "var(--text)", border: "1px solid var(--line)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--card)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--paper)", color: "var(--dim)", border: "1px solid var(--line)" },
});

export class Editor {
  #editable = new cm.Compartment();

  /**
   * @param {HTMLElement} host
   * @param {{ label: string, extensions: any[], changed?: () => void, moved?: (line: number, column: number) => void }} options
   */
  constructor(host, { label, extensions, changed = () => {}, moved = () => {} }) {
    const listener = cm.EditorView.updateListener.of((update) => {
      if (update.docChanged && !this.setting) changed();
      if (update.selectionSet || update.docChanged) moved(...this.cursor);
    });
    this.setting = false;
    this.view = new cm.EditorView({
      parent: host,
      state: cm.EditorState.create({
        extensions: [
          cm.lineNumbers(),
          cm.foldGutter(),
          cm.codeFolding(),
          cm.lintGutter(),
          cm.highlightSpecialChars(),
          cm.highlightActiveLine(),
          cm.highlightActiveLineGutter(),
          cm.highlightSelectionMatches(),
          cm.drawSelection(),
          cm.history(),
          cm.bracketMatching(),
          cm.closeBrackets(),
          cm.keymap.of([
            ...cm.closeBracketsKeymap,
            ...cm.defaultKeymap,
            ...cm.searchKeymap,
            ...cm.historyKeymap,
            ...cm.foldKeymap,
            ...cm.completionKeymap,
            ...cm.lintKeymap,
          ]),
          cm.EditorView.contentAttributes.of({ "aria-label": label }),
          this.#editable.of(cm.EditorState.readOnly.of(false)),
          ...extensions,
          theme,
          listener,
        ],
      }),
    });
  }

  get text() {
    return this.view.state.doc.toString();
  }

  /** Line and column of the cursor, from 1. @returns {[number, number]} */
  get cursor() {
    const { head } = this.view.state.selection.main;
    const line = this.view.state.doc.lineAt(head);
    return [line.number, head - line.from + 1];
  }

  /** Puts a text in the place of what is there. @param {string} text */
  show(text) {
    this.setting = true;
    this.view.dispatch({
      changes: { from: 0, to: this.view.state.doc.length, insert: text },
      selection: { anchor: 0 },
    });
    this.setting = false;
    this.mark([]);
  }

  /** Shows mistakes at their places. @param {Mistake[]} mistakes */
  mark(mistakes) {
    const { doc } = this.view.state;
    const diagnostics = mistakes.map(({ message, line, column }) => {
      const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
      const from = Math.min(at.from + column - 1, at.to);
      const word = /^[^\s()]+/.exec(doc.sliceString(from, at.to));
      return {
        from,
        to: Math.min(from + (word ? word[0].length : 1), doc.length),
        severity: /** @type {const} */ ("error"),
        message,
      };
    });
    this.view.dispatch(cm.setDiagnostics(this.view.state, diagnostics));
  }

  /** Brings a place into sight and puts the cursor there. @param {number} line @param {number} column */
  goTo(line, column) {
    const at = this.view.state.doc.line(Math.min(line, this.view.state.doc.lines));
    this.view.dispatch({ selection: { anchor: Math.min(at.from + column - 1, at.to) }, scrollIntoView: true });
    this.view.focus();
  }
}

/**
 * An editor for the text format.
 * @param {HTMLElement} host
 * @param {{ instructions: any[], changed: () => void, moved: (line: number, column: number) => void, extensions: any[] }} options
 */
export const watEditor = (host, { instructions, extensions, ...listeners }) =>
  new Editor(host, {
    label: "Text of the module",
    extensions: [cm.autocompletion({ override: [completionOf(instructions)] }), wat, ...extensions],
    ...listeners,
  });

/** An editor for a script. @param {HTMLElement} host @param {import("./engine_table.mjs").Language} language */
export const scriptEditor = (host, language) =>
  new Editor(host, { label: `Script in ${language}`, extensions: [scriptLanguage(language), highlighting] });
