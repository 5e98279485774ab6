export const about = {
  title: "Tree-sitter parses JavaScript",
  language: "C, Emscripten, two modules linked when they run",
  packages: ["web-tree-sitter", "tree-sitter-javascript"],
};

const SMALL = "const f = (a, b = 1) => { return a ** b ?? `t${a}`; }; // end\n";
const LARGE = `import x, { y as z } from "m"; export default class A extends B { #p = 1; static async *g() { yield* this.#p; } get q() { return /r[e]g/gi.test(s) ? <a b={1}>{c}</a> : null } }
for (const [k, { v }] of Object.entries(o)) { label: switch (k) { case 1: break label; default: try { throw new E(...args) } catch { delete o?.[k] } finally {} } }
let broken = { a: , b: function ( { };`;

async function parse(host, sources) {
  const { Language, Parser, Query } = await host.load("web-tree-sitter");
  await Parser.init();
  const language = await Language.load(host.file("tree-sitter-javascript/tree-sitter-javascript.wasm"));
  const parser = new Parser();
  parser.setLanguage(language);
  const query = new Query(language, '(identifier) @name ((string) @text (#match? @text "m"))');
  const found = [];
  for (const source of sources) {
    const tree = parser.parse(source);
    found.push(tree.rootNode.toString());
    found.push(query.captures(tree.rootNode).map(({ name, node }) => [name, node.text]));
    // what is parsed again keeps what did not change
    const at = source.indexOf("a");
    tree.edit({
      startIndex: at,
      oldEndIndex: at + 1,
      newEndIndex: at + 2,
      startPosition: { row: 0, column: at },
      oldEndPosition: { row: 0, column: at + 1 },
      newEndPosition: { row: 0, column: at + 2 },
    });
    const again = parser.parse(`${source.slice(0, at)}aa${source.slice(at + 1)}`, tree);
    found.push(again.rootNode.toString().length, tree.getChangedRanges(again).length);
    again.delete();
    tree.delete();
  }
  query.delete();
  parser.delete();
  return found;
}

export const short = (host) => parse(host, [SMALL]);
export const long = (host) => parse(host, [SMALL, LARGE]);
