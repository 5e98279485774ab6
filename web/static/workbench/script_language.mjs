// JavaScript and Python for CodeMirror, as far as colours go.

import { StreamLanguage } from "../../vendor/codemirror.mjs";

const words = (/** @type {string} */ text) => new Set(text.split(" "));
const LANGUAGES = {
  JavaScript: {
    comment: "//",
    strings: /^(["'])(?:[^\\]|\\.)*?(?:\1|$)/,
    long: [
      { open: /^\/\*/, close: "*/", token: "comment" },
      { open: /^`/, close: "`", token: "string" },
    ],
    keywords: words(
      "async await break case catch class const continue default delete do else extends finally for function get if in instanceof let new of "
        + "return set static super switch this throw try typeof var void while with yield null undefined true false",
    ),
  },
  Python: {
    comment: "#",
    strings: /^[rbfu]{0,2}(["'])(?:[^\\]|\\.)*?(?:\1|$)/i,
    long: [
      { open: /^[rbfu]{0,2}"""/i, close: '"""', token: "string" },
      { open: /^[rbfu]{0,2}'''/i, close: "'''", token: "string" },
    ],
    keywords: words(
      "and as assert async await break case class continue def del elif else except finally for from global if import in is lambda match "
        + "nonlocal not or pass raise return try while with yield None True False",
    ),
  },
};
const NUMBER = /^(?:0[xob][\da-f_]+|\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?)n?/i;
const NAME = /^[\p{L}_$][\p{L}\p{N}_$]*/u;

/** @typedef {{ close: string, token: string }} Inside  a comment or a string that may go on in the next line */

/** @param {any} stream @param {{ inside: Inside | null }} state */
function rest(stream, state) {
  const { close, token } = /** @type {Inside} */ (state.inside);
  while (!stream.eol()) {
    if (stream.match(close)) {
      state.inside = null;
      break;
    }
    if (stream.next() === "\\") stream.next();
  }
  return token;
}

/** @param {import("./engine_table.mjs").Language} name */
export function scriptLanguage(name) {
  const { comment, strings, long, keywords } = LANGUAGES[name];
  return StreamLanguage.define({
    name: name.toLowerCase(),
    startState: () => ({ inside: /** @type {Inside | null} */ (null) }),
    token(stream, state) {
      if (state.inside) return rest(stream, state);
      if (stream.eatSpace()) return null;
      if (stream.match(comment)) {
        stream.skipToEnd();
        return "comment";
      }
      for (const { open, close, token } of long) {
        if (!stream.match(open)) continue;
        state.inside = { close, token };
        return rest(stream, state);
      }
      if (stream.match(strings)) return "string";
      if (stream.match(NUMBER)) return "number";
      const found = stream.match(NAME);
      if (found) return keywords.has(/** @type {RegExpMatchArray} */ (found)[0]) ? "controlKeyword" : null;
      stream.next();
      return null;
    },
    languageData: {
      commentTokens: { line: comment },
      closeBrackets: { brackets: ["(", "[", "{", '"', "'"] },
    },
  });
}
