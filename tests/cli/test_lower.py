"""``pyjsapi lower``, run as a user runs it, and its result run by Node."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TWO = """(module (import "host" "log" (func $log (param i32)))
  (memory $a (export "a") 1) (memory $b (export "b") 1)
  (data (memory $b) (i32.const 5) "*")
  (func (export "answer") (call $log (i32.load8_u $b (i32.const 5)))))"""
CALL = """
import { compile, instantiate } from "./two.mjs";
const module = await compile();
for (const given of [undefined, module]) {
  const exports = await instantiate({ host: { log: (value) => console.log(value) } }, given);
  exports.answer();
  console.log(Object.keys(exports).join(), exports.b instanceof WebAssembly.Memory);
}
"""


def pyjsapi(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pyjsapi", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


def test_a_lowered_module_and_its_loader_run_in_node(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node")
    source = tmp_path / "two.wat"
    source.write_text(TWO)
    done = pyjsapi("lower", source, "-o", tmp_path / "two.wasm", "--loader", tmp_path / "two.mjs")
    assert done.returncode == 0, done.stderr
    packages = tmp_path / "node_modules" / "@pyjsapi"
    packages.mkdir(parents=True)
    (packages / "polyfill").symlink_to(ROOT / "polyfill")
    (tmp_path / "call.mjs").write_text(CALL)
    called = subprocess.run(
        [node, str(tmp_path / "call.mjs")], capture_output=True, text=True, check=False
    )
    assert called.stdout == "42\na,b,answer true\n" * 2, called.stderr


def test_a_module_that_needs_no_lowering_is_copied(tmp_path: Path) -> None:
    source = tmp_path / "one.wasm"
    source.write_bytes(b"\0asm\1\0\0\0")
    done = pyjsapi("lower", source, "-o", tmp_path / "out.wasm")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.wasm").read_bytes() == source.read_bytes()


@pytest.mark.parametrize(
    ("text", "options", "reason"),
    [
        ('(module (memory (export "m") i64 1))', ["--no-memory64"], "64-bit addresses"),
        ("(module (memory 1) (memory 1) (func (drop)))", [], "type mismatch"),
        ("(module (memory 1) (memory 1", [], "unexpected"),
    ],
)
def test_what_cannot_be_lowered_is_told_with_its_reason(
    tmp_path: Path, text: str, options: list[str], reason: str
) -> None:
    source = tmp_path / "bad.wat"
    source.write_text(text)
    done = pyjsapi("lower", source, "-o", tmp_path / "out.wasm", *options)
    assert done.returncode == 65
    assert reason in done.stderr
    assert not (tmp_path / "out.wasm").exists()
