export const about = {
  title: "libsodium hashes, seals and signs",
  language: "C, Emscripten",
  packages: ["libsodium-wrappers"],
};

const hex = (bytes) => Buffer.from(bytes).toString("hex");

async function few(host) {
  const sodium = (await host.load("libsodium-wrappers")).default;
  await sodium.ready;
  const key = Uint8Array.from({ length: 32 }, (_, k) => k);
  const nonce = Uint8Array.from({ length: 24 }, (_, k) => 255 - k);
  const message = "a message of some length, which crosses a block".repeat(3);
  const box = sodium.crypto_secretbox_easy(message, nonce, key);
  if (hex(sodium.crypto_secretbox_open_easy(box, nonce, key)) !== hex(Buffer.from(message)))
    throw new Error("not opened");
  const results = [
    sodium.crypto_generichash(32, message, null),
    sodium.crypto_hash(message),
    sodium.crypto_shorthash(message, key.subarray(0, 16)),
    box,
    sodium.randombytes_buf(40),
  ];
  try {
    sodium.crypto_secretbox_open_easy(box.fill(0, 3, 5), nonce, key);
  } catch (error) {
    results.push(Buffer.from(error.message));
  }
  return [sodium, key, nonce, message, results];
}

export async function short(host) {
  return (await few(host))[4].map(hex);
}

export async function long(host) {
  const [sodium, key, nonce, message, results] = await few(host);
  const signer = sodium.crypto_sign_seed_keypair(key);
  const signature = sodium.crypto_sign_detached(message, signer.privateKey);
  if (!sodium.crypto_sign_verify_detached(signature, message, signer.publicKey)) throw new Error("not verified");
  if (sodium.crypto_sign_verify_detached(signature, "another", signer.publicKey)) throw new Error("verified");
  const one = sodium.crypto_box_seed_keypair(key);
  const other = sodium.crypto_box_seed_keypair(key.map((b) => b ^ 1));
  const box = sodium.crypto_box_easy(message, nonce, other.publicKey, one.privateKey);
  results.push(
    signature,
    box,
    sodium.crypto_box_open_easy(box, nonce, one.publicKey, other.privateKey),
    sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(message, "data", null, nonce, key),
    sodium.crypto_kdf_derive_from_key(32, 5, "context_", key),
  );
  return results.map(hex);
}
