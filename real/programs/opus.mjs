import { fill, makeRandom } from "../recording/fixed.mjs";

export const about = {
  title: "Opus decodes packets",
  language: "C, Emscripten, SIMD",
  packages: ["opus-decoder"],
};

// The first byte of a packet chooses SILK, hybrid or CELT, the bandwidth and the length; any bytes behind it are sound.
const HEADS = [0x08, 0x64, 0xf8];
const MORE = [0x00, 0x48, 0x5c, 0x70, 0x80, 0x9c, 0xbc, 0xe0, 0xfc, 0xfd, 0xff];

async function decode(host, heads, length) {
  const { OpusDecoder } = await host.load("opus-decoder");
  const decoder = new OpusDecoder({ sampleRate: 48000, channels: 2 });
  await decoder.ready;
  const random = makeRandom(12345);
  const decoded = [];
  for (const head of heads) {
    const packet = fill(random, new Uint8Array(length));
    packet[0] = head;
    const { channelData, samplesDecoded, errors } = decoder.decodeFrame(packet);
    const samples = Array.from(channelData[0] ?? []).filter((_, k) => k % 97 === 0);
    decoded.push([samplesDecoded, samples, errors.map((error) => error.message)]);
  }
  decoder.free();
  return decoded;
}

export const short = (host) => decode(host, HEADS.slice(0, 2), 30);
export const long = (host) => decode(host, [...HEADS, ...MORE], 60);
