// The text format for CodeMirror: highlighting, folding, and completion from the project's own table of instructions.

import { foldService, HighlightStyle, StreamLanguage, syntaxHighlighting, tags } from "../../vendor/codemirror.mjs";

/** Characters that are looked through for the end of a form. */
const FARTHEST = 200_000;
const WORD = /[^\s()";,]+/;
const FIELDS = new Set(
  (
    "module func param result local type import export table memory global data elem start tag rec sub final struct array field mut ref "
    + "null shared item offset declare then do catch catch_ref catch_all catch_all_ref pagesize align i8 i16 definition"
  ).split(" "),
);
const CONTROL = new Set(
  (
    "block loop if else end br br_if br_table return unreachable call call_indirect call_ref return_call return_call_indirect return_call_ref "
    + "try try_table throw throw_ref rethrow delegate nop drop select"
  ).split(" "),
);
const TYPE =
  /^(?:[if](?:32|64)|v128|(?:func|extern|any|eq|i31|struct|array|exn|null|nullfunc|nullextern|nullexn)ref|i8x16|i16x8|i32x4|i64x2|f32x4|f64x2)$/;
const NUMBER = /^[+-]?(?:0x[\da-f]|\d|inf$|nan)/i;
const MEMARG = /^(?:offset|align)=/;

/** @param {any} stream @param {{ depth: number }} state */
function token(stream, state) {
  if (state.depth > 0) return comment(stream, state);
  if (stream.eatSpace()) return null;
  if (stream.match(";;")) {
    stream.skipToEnd();
    return "comment";
  }
  if (stream.match("(;")) {
    state.depth = 1;
    return comment(stream, state);
  }
  if (stream.match(/^"(?:[^"\\]|\\.)*"?/)) return "string";
  if (stream.match(/^\(@[^\s()";]+/)) return "meta";
  if (stream.match(/^[()]/)) return "paren";
  if (stream.match(/^\$"(?:[^"\\]|\\.)*"?/)) return "variableName";
  const found = stream.match(WORD);
  if (!found) {
    stream.next();
    return null;
  }
  const word = /** @type {RegExpMatchArray} */ (found)[0];
  if (word.startsWith("$")) return "variableName";
  if (NUMBER.test(word)) return "number";
  if (TYPE.test(word)) return "typeName";
  if (CONTROL.has(word)) return "controlKeyword";
  if (FIELDS.has(word)) return "keyword";
  return MEMARG.test(word) ? "attributeName" : "operatorKeyword";
}

/** Comments nest. @param {any} stream @param {{ depth: number }} state */
function comment(stream, state) {
  while (!stream.eol() && state.depth > 0) {
    if (stream.match("(;")) state.depth += 1;
    else if (stream.match(";)")) state.depth -= 1;
    else stream.next();
  }
  return "comment";
}

const language = StreamLanguage.define({
  name: "wat",
  startState: () => ({ depth: 0 }),
  token,
  languageData: {
    commentTokens: { line: ";;", block: { open: "(;", close: ";)" } },
    closeBrackets: { brackets: ["(", '"'] },
  },
  tokenTable: { paren: tags.paren, controlKeyword: tags.controlKeyword, operatorKeyword: tags.operatorKeyword },
});

const style = HighlightStyle.define([
  { tag: tags.comment, class: "tok-comment" },
  { tag: tags.string, class: "tok-string" },
  { tag: tags.number, class: "tok-number" },
  { tag: tags.typeName, class: "tok-type" },
  { tag: tags.variableName, class: "tok-name" },
  { tag: tags.controlKeyword, class: "tok-control" },
  { tag: tags.keyword, class: "tok-keyword" },
  { tag: tags.operatorKeyword, class: "tok-instruction" },
  { tag: [tags.meta, tags.attributeName], class: "tok-meta" },
]);

/** What a text has that is no parenthesis of a form: strings and comments. */
const PIECES = /"(?:[^"\\\n]|\\.)*"|;;[^\n]*|\(;[\s\S]*?;\)|[()]/g;

/**
 * Where the last form ends that begins in a line and goes on behind it; null if there is none.
 * @param {string} text from the start of the line on
 * @param {number} lineLength
 * @returns {{ from: number, to: number } | null}
 */
export function foldable(text, lineLength) {
  /** @type {number[]} */
  const open = [];
  for (const { 0: piece, index } of text.matchAll(PIECES)) {
    if (index >= lineLength && open.length === 0) return null;
    if (piece === "(" && index < lineLength) open.push(index);
    else if (piece === "(") open.push(-1);
    else if (piece === ")") {
      const from = open.pop();
      const last = open.every((at) => at < (from ?? -1));
      if (from !== undefined && from >= 0 && index > lineLength && last) return { from: lineLength, to: index };
    }
  }
  return null;
}

const folding = foldService.of((state, start, end) => {
  const found = foldable(state.sliceDoc(start, start + FARTHEST), end - start);
  return found && { from: start + found.from, to: start + found.to };
});

/**
 * Completion of instructions by a table, and of keywords.
 * @param {{ name: string, immediates: string, type: string | null, feature: string }[]} instructions
 */
export function completionOf(instructions) {
  const options = [
    ...instructions.map(({ name, immediates, type, feature }) => ({
      label: name,
      type: "function",
      detail: [immediates === "none" ? "" : immediates.replaceAll("_", " "), type ?? ""].filter(Boolean).join("  "),
      info: feature ? `needs ${feature.replaceAll("_", " ")}` : undefined,
    })),
    ...[...FIELDS].map((label) => ({ label, type: "keyword" })),
  ];
  return (/** @type {any} */ context) => {
    const word = context.matchBefore(/[a-z][\w.]*$/);
    if (!word && !context.explicit) return null;
    return { from: word?.from ?? context.pos, options, validFor: /^[\w.]*$/ };
  };
}

/** Colours for languages. */
export const highlighting = syntaxHighlighting(style);

/** The extensions for the text format. */
export const wat = [language, highlighting, folding];
