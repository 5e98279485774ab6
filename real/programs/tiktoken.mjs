export const about = {
  title: "tiktoken splits text into tokens",
  language: "Rust, wasm-bindgen",
  packages: ["@dqbd/tiktoken"],
};

const TEXTS = [
  "hello world",
  "The quick brown fox's 12345 tests\n\n  don't\tstop; naïve café — 日本語 🐢!",
  'fn main() { println!("{}", 1 << 20); } // <|endoftext|>',
];

async function split(host, count, texts) {
  const { init, Tiktoken } = await host.load("@dqbd/tiktoken/lite/init");
  await init((imports) => WebAssembly.instantiate(host.file("@dqbd/tiktoken/lite/tiktoken_bg.wasm"), imports));
  const model = JSON.parse(host.file("@dqbd/tiktoken/encoders/cl100k_base.json"));
  // the first ranks are a vocabulary as well: parsing all of them takes long
  const line = model.bpe_ranks.split("\n")[0].split(" ");
  const ranks = [...line.slice(0, 2), ...line.slice(2, 2 + count)].join(" ");
  const encoder = new Tiktoken(ranks, { "<|endoftext|>": count }, model.pat_str);
  const found = texts.map((text) => {
    const tokens = encoder.encode(text, "all");
    const back = new TextDecoder().decode(encoder.decode(tokens));
    if (back !== text) throw new Error(`${back} is not ${text}`);
    return [...tokens];
  });
  found.push([...encoder.encode_ordinary("plain <|endoftext|>")]);
  try {
    encoder.encode("not allowed: <|endoftext|>");
  } catch (error) {
    found.push(String(error));
  }
  encoder.free();
  return found;
}

export const short = (host) => split(host, 1000, TEXTS);
export const long = (host) =>
  split(host, 20000, [...TEXTS, host.file("@dqbd/tiktoken/README.md").toString().slice(0, 2000)]);
