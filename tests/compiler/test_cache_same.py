"""A program behaves the same without a cache, with an empty one, and where all is in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pyjsapi.compiler.cache import VARIABLE
from pyjsapi.text import wat2wasm

PADDING = "(func (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))" * 200
TEXT = f"""(module $named
  (type $unary (func (param i32) (result i32))) (type $pair (struct (field i32) (field (mut i64))))
  (import "host" "add" (func $add (param i32 i32) (result i32)))
  (import "host" "memory" (memory 1 4))
  (import "host" "limit" (global $limit i32))
  (table $t (export "table") 4 funcref) (elem (table $t) (i32.const 0) func $fails $twice)
  (tag $tag (export "tag") (param i32))
  (global $count (export "count") (mut i64) (i64.const -5))
  (global (export "pair") (ref $pair) (struct.new $pair (i32.const 1) (i64.const 2)))
  (data (i32.const 16) "some text") (data $passive "more")
  (func $fails (export "fails") (param $address i32) (result i32) (i32.load offset=65530 (local.get $address)))
  (func $twice (export "twice") (param $value i32) (result i32)
    (call $add (local.get $value) (local.get $value)))
  (func $indirect (export "indirect") (param i32 i32) (result i32)
    (call_indirect (type $unary) (local.get 0) (local.get 1)))
  (func $recurs (export "recurs") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $recurs (i32.sub (local.get 0) (i32.const 1)))))
      (else (global.get $limit))))
  (func (export "tail") (param i32) (result i32) (return_call $recurs (local.get 0)))
  (func (export "throws") (throw $tag (i32.const 7)))
  (func (export "init") (memory.init $passive (i32.const 0) (i32.const 0) (i32.const 5)))
  (func (export "grows") (result i32) (memory.grow (i32.const 1)))
  (func (export "fields") (result i64) (struct.get $pair 1 (struct.new $pair (i32.const 3) (i64.const 4))))
  {PADDING} (@custom "mine" "content"))"""
PROGRAM = """
import sys
from pyjsapi import WebAssembly
from pyjsapi.embedding.backtrace import backtrace_of

module = WebAssembly.Module(sys.stdin.buffer.read())
print(module, WebAssembly.Module.imports(module), WebAssembly.Module.exports(module))
print([bytes(each.mv) for each in WebAssembly.Module.customSections(module, "mine")])
memory = WebAssembly.Memory(initial=1, maximum=4)
host = {"add": lambda a, b: a + b if a else 1 // a, "memory": memory, "limit": 11}


def tried(what, call, *arguments):
    try:
        print(what, call(*arguments))
    except Exception as error:
        print(what, type(error).__name__, error)
        print(*getattr(error, "__notes__", ()))


for name in host:
    tried(name, WebAssembly.Instance, module, {"host": {**host, name: None}})
tried("size", WebAssembly.Instance, module, {"host": {**host, "memory": WebAssembly.Memory(initial=0)}})
for _ in range(2):
    exports = WebAssembly.Instance(module, {"host": host}).exports
    print(exports, exports.table.get(1) is exports.twice, bytes(memory.buffer.mv[16:25]))
    for name, *arguments in (
        ("fails", 0), ("fails", 3), ("fails", -1), ("twice", 4), ("twice", 0), ("indirect", 2, 0), ("indirect", 9, 1),
        ("indirect", 0, 1), ("indirect", 0, 2), ("indirect", 0, 9), ("recurs", 30), ("tail", 50), ("tail", 100_000_000),
        ("throws",), ("init",), ("grows",), ("fields",), ("fails", 65536), ("fails", 2_000_000),
    ):
        tried((name, arguments), exports[name], *arguments)
    print(exports.count.value, exports.fails.__signature__, exports.fails.__doc__)
"""


def output(cache: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=wat2wasm(TEXT),
        capture_output=True,
        env={VARIABLE: cache, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "0"},
        check=False,
    )
    assert not run.stderr, run.stderr.decode()
    return run.stdout.decode()


@pytest.mark.skipif(
    sys.platform == "emscripten", reason="it starts no processes and keeps no files"
)
def test_a_program_behaves_the_same_whatever_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "codes"
    without = output("0")
    assert "wasm-function" in without
    assert "WebAssembly calls, innermost first" in without
    first = output(str(folder))
    assert len(list(folder.iterdir())) == 1
    assert first == without
    assert output(str(folder)) == without
