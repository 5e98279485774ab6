"""opa-wasmtime: a host of Open Policy Agent."""

from pathlib import Path

from opa_wasmtime import OPAPolicy
from wasmtime import wat2wasm

Path("policy.wasm").write_bytes(
    wat2wasm(Path(__file__).parents[1].joinpath("policy.wat").read_text())
)
policy = OPAPolicy("policy.wasm", 4, 64, {"custom.twice": lambda given: [given, given]})
print(policy.entrypoints)
policy.set_data({"roles": {"alice": "admin"}})
for entrypoint in ("echo", "custom", "aborted"):
    try:
        print(policy.evaluate({"user": "alice", "n": [1, 2.5, None]}, entrypoint))
    except RuntimeError as error:
        print(error)
