export const about = {
  title: "Oniguruma finds patterns",
  language: "C, Emscripten",
  packages: ["vscode-oniguruma"],
};

const PATTERNS = [
  "\\b(if|else|while)\\b",
  "(?<word>[[:alpha:]_]\\w*)\\s*(?=\\()",
  '"(?:[^"\\\\]|\\\\.)*+"',
  "(?i:HELLO)|\\p{Lu}\\p{Ll}+",
  "(?<!\\.)\\d++(?:\\.\\d+)?(?:e[+-]?\\d+)?",
  "//.*$",
  "(?x) \\( (?: [^()] | \\g<0> )* \\)  # balanced",
  "(a+)+\\1z",
];
const MORE = [
  "\\G\\s+",
  "\\X",
  "[\\x{3040}-\\x{30ff}&&[^\\x{3042}]]",
  "(?~\\*/)\\*/",
  "(?:(a)|b)(?(1)c|d)",
  "\\R\\h+",
  "^\\s*+(?>ab|a)c",
  "(?<q>x)?\\k<q>",
];
const LINES = [
  'if (Foo.bar(12.5e3, "a \\"quoted\\" b")) { hello(); } // comment',
  "while x1 < 0x10 do f(g(h(1), 2), (3)) aaaaaaaaaz Ünïcode Ñandú 日本語ひらがな カタカナ",
  "\tc */ bd ac aac abc \r\n ff00 e\u0301 🐢👨‍👩‍👧",
];

async function scan(host, patterns) {
  const { loadWASM, OnigScanner, OnigString } = await host.load("vscode-oniguruma").then((m) => m.default ?? m);
  await loadWASM({ data: host.file("vscode-oniguruma/release/onig.wasm") });
  const found = [];
  for (const pattern of [...patterns, "(unclosed", "[z-a]"]) {
    let scanner;
    try {
      scanner = new OnigScanner([pattern]);
    } catch (error) {
      found.push(error.message);
      continue;
    }
    for (const line of LINES) {
      const match = scanner.findNextMatchSync(new OnigString(line), 0);
      found.push(match?.captureIndices.map(({ start, end }) => `${start}-${end}`).join());
    }
    scanner.dispose();
  }
  const all = new OnigScanner(patterns);
  for (const line of LINES) {
    const string = new OnigString(line);
    for (let at = 0; ; ) {
      const match = all.findNextMatchSync(string, at);
      if (match === null) break;
      found.push([match.index, match.captureIndices[0].start]);
      at = Math.max(match.captureIndices[0].end, at + 1);
    }
    string.dispose();
  }
  all.dispose();
  return found;
}

export const short = (host) => scan(host, PATTERNS);
export const long = (host) => scan(host, [...PATTERNS, ...MORE]);
