export const about = {
  title: "esbuild compiles TypeScript",
  language: "Go",
  install: { "esbuild-wasm": "0.28.2" },
};

const SMALL = "enum E { A, B = 5 } export const f = (x: number = E.B) => x ?? 1 ** 2;";
const LARGE = `import a, { type T, b as c } from "./x"; export * from "y";
@dec class K<T> extends a.B implements T { static #p = 1; declare q: string; constructor(private r = K.#p) { super(); } get s() { return this?.r ?? c\`t\${this.s}\`; } }
async function* g({ x, ...rest }: any) { for await (const y of rest) yield* y ||= x; using z = f(); }
namespace N { export const m = <const>["a"]; } const j = <div {...N} key="k">{j}</div>; label: while (true) { if (a) break label; else continue; }`;

async function transform(host, jobs) {
  // it is made for browsers
  globalThis.self = globalThis;
  const esbuild = await host.load("esbuild-wasm/esm/browser.js");
  const wasmModule = new WebAssembly.Module(host.file("esbuild-wasm/esbuild.wasm"));
  await esbuild.initialize({ wasmModule, worker: false });
  const results = [];
  for (const [source, options] of jobs) {
    try {
      results.push((await esbuild.transform(source, options)).code);
    } catch (error) {
      results.push(error.message);
    }
  }
  return results;
}

export const short = (host) => transform(host, [[SMALL, { loader: "ts", minify: true }]]);
export const long = (host) =>
  transform(host, [
    [SMALL, { loader: "ts", format: "cjs" }],
    [LARGE, { loader: "tsx", target: "es2018", sourcemap: "inline" }],
    [LARGE, { loader: "tsx", minify: true, jsx: "automatic" }],
    ["a { color: #ff0000; & b { margin: 0px } }", { loader: "css", minify: true, target: "chrome80" }],
    ["let = ;", { loader: "js" }],
  ]);
