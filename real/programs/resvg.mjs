export const about = {
  title: "resvg renders an SVG",
  language: "Rust, wasm-bindgen",
  packages: ["@resvg/resvg-wasm"],
};

const SMALL = `<svg xmlns="http://www.w3.org/2000/svg" width="24" height="16" viewBox="0 0 48 32">
  <rect width="48" height="32" fill="#eef"/>
  <circle cx="16" cy="16" r="10.5" fill="teal" fill-opacity="0.7" stroke="black" stroke-width="2"/>
  <path d="M4 28 C 10 4, 30 4, 44 28 S 40 8 4 6" fill="none" stroke="rgb(200,50,20)" stroke-dasharray="4 2"/>
</svg>`;

const LARGE = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="60" height="40">
  <defs>
    <linearGradient id="g" gradientTransform="rotate(30)"><stop offset="0" stop-color="gold"/><stop offset="1" stop-color="#a0f8"/></linearGradient>
    <radialGradient id="r" fx="0.3"><stop offset="0.1" stop-color="white"/><stop offset="0.9" stop-color="navy"/></radialGradient>
    <pattern id="p" width="6" height="6" patternUnits="userSpaceOnUse"><path d="M0 0L6 6" stroke="green"/></pattern>
    <clipPath id="c"><circle cx="30" cy="20" r="18"/></clipPath>
    <mask id="m"><rect width="60" height="40" fill="url(#g)"/></mask>
    <filter id="f"><feGaussianBlur stdDeviation="1.5"/><feOffset dx="2"/><feColorMatrix type="hueRotate" values="90"/></filter>
  </defs>
  <style>.k { fill: url(#r); stroke: crimson } g > ellipse { opacity: .5 }</style>
  <g clip-path="url(#c)"><rect width="60" height="40" fill="url(#g)"/><rect x="5" y="5" width="50" height="30" rx="6" fill="url(#p)"/></g>
  <g mask="url(#m)" transform="translate(5 3) skewX(10) scale(.8)"><ellipse cx="30" cy="20" rx="20" ry="9" class="k"/></g>
  <polygon id="s" points="30,4 36,22 20,11 40,11 24,22" fill-rule="evenodd" fill="tomato" filter="url(#f)"/>
  <use xlink:href="#s" transform="rotate(40 30 20)" opacity="0.6"/>
  <path d="M2 38 A 9 5 20 1 0 30 30 Q 40 20 58 38 Z" stroke="black" stroke-width="1.3" stroke-linejoin="round" fill="none"/>
</svg>`;

async function render(host, pictures) {
  const { initWasm, Resvg } = await host.load("@resvg/resvg-wasm");
  await initWasm(host.file("@resvg/resvg-wasm/index_bg.wasm"));
  const rendered = pictures.map((picture) => {
    const image = new Resvg(picture, { fitTo: { mode: "original" }, font: { loadSystemFonts: false } }).render();
    return [image.width, image.height, Buffer.from(image.asPng()).toString("base64")];
  });
  try {
    new Resvg("<svg");
  } catch (error) {
    rendered.push(String(error));
  }
  return rendered;
}

export const short = (host) => render(host, [SMALL]);
export const long = (host) => render(host, [SMALL, LARGE]);
