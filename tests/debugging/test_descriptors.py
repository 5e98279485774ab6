"""The debugger stops in code with custom descriptors and goes on to the same results."""

from __future__ import annotations

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.debugging import Debugger
from tests.debugging.conftest import at

TEXT = """(module
  (rec
    (type $a (descriptor $d) (struct (field i32)))
    (type $d (describes $a) (struct (field i32))))
  (global $one (ref (exact $d)) (struct.new $d (i32.const 10)))
  (global $two (ref (exact $d)) (struct.new $d (i32.const 20)))
  (func $go (export "go") (param $n i32) (result i32) (local $x (ref null (exact $a)))
    (local.set $x (struct.new_desc $a (local.get $n) (global.get $one)))
    (block $miss (result (ref null $a))
      (br_on_cast_desc_eq_fail $miss (ref null $a) (ref $a) (local.get $x) (global.get $two))
      (drop) (return (i32.const -1)))
    (drop)
    (local.set $x (ref.cast_desc_eq (ref (exact $a)) (local.get $x) (global.get $one)))
    (i32.add (struct.get $a 0 (local.get $x)) (struct.get $d 0 (ref.get_desc $a (local.get $x))))))"""


def test_it_stops_at_each_instruction_and_gives_the_same_result() -> None:
    module = WebAssembly.Module(wat2wasm(TEXT), features={"custom_descriptors": True})
    assert WebAssembly.Instance(module).exports.go(5) == 15
    debugger = Debugger(WebAssembly.Instance(module))
    try:
        debugger.call("go", [5])
        seen = set()
        for _ in range(40):
            state = debugger.step()
            seen.add(at(state)[2])
            if at(state)[0] == "end":
                break
        assert [one["value"] for one in state["outcome"]["results"]] == ["15"]
    finally:
        debugger.close()
    shown = " ".join(str(text) for text in seen)
    for name in ("struct.new_desc", "br_on_cast_desc_eq_fail", "ref.cast_desc_eq", "ref.get_desc"):
        assert name in shown
