"""opa-py-wasm: a host of Open Policy Agent, with pools, deadlines and limits of memory."""

from concurrent.futures import ThreadPoolExecutor

from opapywasm import OpaWasmError, OpaWasmPolicy, PolicyConfig
from wasmtime import wat2wasm

with open(__file__.replace("drivers/opapywasm.py", "policy.wat")) as file:
    data = bytes(wat2wasm(file.read()))
config = PolicyConfig(pool_size=2, default_entrypoint="echo", eval_timeout_seconds=120.0)
policy = OpaWasmPolicy.from_wasm_bytes(data, config=config)
policy.register_builtin("custom.twice", lambda given: [given, given])
policy.set_data({"roles": {"alice": "admin"}})
for entrypoint in ("echo", "custom", "aborted"):
    try:
        print(policy.evaluate_raw({"user": "alice"}, entrypoint=entrypoint))
    except OpaWasmError as error:
        print(type(error).__name__, error)
with ThreadPoolExecutor(4) as threads:
    print(list(threads.map(lambda n: policy.evaluate({"n": n}), range(8))))
policy.close()
