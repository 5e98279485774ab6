"""cowboy-protocol-py: a codec of transactions, in Rust."""

import cowboy_protocol as cp

print(
    cp.provenance()["wasm_sha256"] if "wasm_sha256" in cp.provenance() else sorted(cp.provenance())
)
key = bytes(range(1, 33))
print(cp.address_from_private_key(key))
print(cp.sign(bytes(32), key).hex())
for call in (lambda: cp.signing_hash_hex("{}"), lambda: cp.decode_job_spec_to_json(b"\0")):
    try:
        print(call())
    except Exception as error:
        print(type(error).__name__, error)
