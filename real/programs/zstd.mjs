export const about = {
  title: "Zstandard packs and unpacks",
  language: "C, Emscripten",
  packages: ["@bokuweb/zstd-wasm"],
};

function texts() {
  const words = "the quick brown fox jumps over the lazy dog and runs away from 1234567890 bears".split(" ");
  let state = 7;
  const word = () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return words[state % words.length];
  };
  return [
    new Uint8Array(0),
    new TextEncoder().encode("a".repeat(5000)),
    new TextEncoder().encode(Array.from({ length: 300 }, word).join(" ")),
    Uint8Array.from({ length: 500 }, (_, k) => (k * k * 7919) >> 5),
  ];
}

async function roundTrips(host, levels) {
  const zstd = await host.load("@bokuweb/zstd-wasm");
  await zstd.init();
  const sizes = [];
  for (const text of texts()) {
    for (const level of levels) {
      const packed = zstd.compress(text, level);
      sizes.push(packed.length);
      if (Buffer.compare(zstd.decompress(packed), text) !== 0) throw new Error("not the same");
    }
  }
  return sizes;
}

export const short = (host) => roundTrips(host, [1, 10]);
export const long = (host) => roundTrips(host, [1, 3, 5, 7, 10, 13, 16, 19, 22]);
