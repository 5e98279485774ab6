"""fazflow-policy-gate: decisions about what agents do, in Rust, without any import."""

from fazflow_policy_gate import PolicyGate, PolicyGateError

gate = PolicyGate.load()
print(gate.artefato_hash, gate.version())
try:
    print(gate.load_bundle({"a.rego": "package a\nallow { true }"}))
    print(gate.evaluate({"input": 1}))
except PolicyGateError as error:
    print(error.codigo, error.detalhe)
