export const about = {
  title: "es-module-lexer finds imports and exports",
  language: "C, wasi-sdk",
  packages: ["es-module-lexer"],
};

const SOURCES = [
  `import a, { b as c } from "x"; import * as all from 'y' with { type: "json" };
   export { c as default, all }; export * as ns from "z"; export class K {} export const [d, { e }] = f();`,
  "const t = `a ${ b + `${ import('in' + \"template\") }` } c`; /import('no')/.test(t); a / import.meta.url / b;",
  "import source m from 'm'; import defer * as n from 'n'; export async function* g() { yield await import(`x`) }",
  "// import 'no'\n/* import 'no' */ if (x) /re[/]gex/g.exec(y); x++ / 2; `${/}/}`; export default () => {}",
  "exports.a = 1; import('a', { with: { type: 'css' } }); export { x as 'a string' } from './\\u0061.js'",
];

async function lex(host, files) {
  const { init, parse } = await host.load("es-module-lexer");
  await init;
  const found = SOURCES.map((source) => parse(source));
  for (const file of files) found.push(parse(host.file(file).toString()));
  for (const wrong of ["import { a from 'x'", "export '", "`${", "import("]) {
    try {
      found.push(parse(wrong));
    } catch (error) {
      found.push(error.message);
    }
  }
  return found;
}

export const short = (host) => lex(host, []);
export const long = (host) =>
  lex(host, ["es-module-lexer/dist/lexer.minimal.js", "source-map/lib/source-map-consumer.js"]);
