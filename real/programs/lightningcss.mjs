export const about = {
  title: "Lightning CSS minifies style sheets",
  language: "Rust, Node-API",
  packages: ["lightningcss-wasm"],
};

const SMALL = ".a { color: rgba(255, 0, 0, 0.5); margin: 0px 0px 0px 0px } .b { color: red; color: #ff0000 }";
const LARGE = `@import url("x.css") layer(base) screen; @charset "utf-8"; :root { --c: #FF00FF80; --s: calc(1px + 2px * 3) }
@media (min-width: 640px) and (width <= 1024px) { .a { &:hover > .b::before { content: "\\201C"; transform: translate(10px, 0) rotate(0.5turn) scale(1, 1) } } }
@supports (display: grid) { .g { display: grid; grid-template: "a b" 1fr "c d" minmax(0, 2fr) / auto repeat(3, 1fr); inset: 0 auto } }
@keyframes k { from { opacity: 0 } 50.00% { opacity: .5 } to { opacity: 1; background: linear-gradient(to right, oklch(60% 0.2 30), lab(50% 40 -20) 50%, transparent) } }
.x { transition: color 200ms ease-in-out 0s, opacity .3s cubic-bezier(0.25, 0.1, 0.25, 1); font: italic bold 12px/1.5 "Helvetica Neue", Arial, sans-serif; border: solid 1px currentColor; border-top-width: 0.50em }
.y:is(.p, .q):not(:first-child, [data-x="1" i]) { width: clamp(10px, 5vw + 1rem, max(20px, 30%)); user-select: none; mask: url(data:image/png;base64,AA==) center / cover no-repeat }`;

async function minify(host, sheets) {
  const { transform, transformStyleAttribute } = await host.load("lightningcss-wasm");
  const packed = sheets.map((code) => {
    const {
      code: out,
      map,
      warnings,
    } = transform({
      filename: "a.css",
      code: Buffer.from(code),
      minify: true,
      sourceMap: true,
      targets: { chrome: 80 << 16 },
    });
    return [Buffer.from(out).toString(), Buffer.from(map).toString(), warnings];
  });
  const attribute = transformStyleAttribute({ code: Buffer.from("color: blue; margin: 1px 1px"), minify: true });
  packed.push(Buffer.from(attribute.code).toString());
  try {
    transform({ filename: "b.css", code: Buffer.from(".a { color: } }") });
  } catch (error) {
    packed.push(error.message);
  }
  return packed;
}

export const short = (host) => minify(host, [SMALL]);
export const long = (host) => minify(host, [SMALL, LARGE]);
