// Time, chance, the environment and the garbage collector, the same in every run.

import nodeCrypto from "node:crypto";

const START = Date.UTC(2024, 1, 29, 12, 34, 56, 789);

/** Bytes that look random: xorshift32 from a fixed seed. */
export function makeRandom(seed = 0x2545f491) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Fill a typed array with the next bytes of `random`. */
export function fill(random, array) {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  for (let k = 0; k < bytes.length; k++) bytes[k] = random() >>> 8;
  return array;
}

/**
 * Let time pass a millisecond at each look, make chance repeatable, hide the environment and the arguments, and run no
 * finalisers.
 */
export function fixEnvironment() {
  const random = makeRandom();
  let looks = 0;
  const now = () => START + looks++;
  const RealDate = Date;
  Object.assign(globalThis, {
    // biome-ignore lint/suspicious/noShadowRestrictedNames: it takes that one's place, and its name
    Date: class Date extends RealDate {
      /** @param {[]} parts whatever `Date` takes */
      constructor(...parts) {
        if (parts.length === 0) super(now());
        else super(...parts);
      }
      static now() {
        return now();
      }
    },
    FinalizationRegistry: class {
      register() {}
      unregister() {}
    },
  });
  performance.now = () => looks++;
  Math.random = () => random() / 2 ** 32;
  const crypto = { getRandomValues: (array) => fill(random, array) };
  Object.defineProperty(globalThis, "crypto", { value: crypto, configurable: true });
  nodeCrypto.randomFillSync = (array) => fill(random, array);
  nodeCrypto.randomBytes = (count) => fill(random, Buffer.alloc(count));
  for (const name of Object.keys(process.env)) delete process.env[name];
  process.env.TZ = "UTC";
  process.argv.splice(1, Infinity, "/program");
}
