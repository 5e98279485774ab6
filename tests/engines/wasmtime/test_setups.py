"""What has a say in how an instance is made is refused by name; globals of the host's float (EN-12, EN-14)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import WebAssembly, engines, wat2wasm
from pyjsapi.cli.main import main
from pyjsapi.snapshots import SnapshotError, restore, snapshot

TEXT = """(module (memory (export "memory") 1) (global $n (mut i32) (i32.const 1))
  (func (export "next") (param i32) (result i32)
    (global.set $n (i32.add (global.get $n) (local.get 0))) (global.get $n)))"""
CODE = wat2wasm(TEXT)
NAMED = r"the engine 'wasmtime' .* need engine='python'"


def test_overrides_of_memories_are_refused() -> None:
    module = WebAssembly.Module(CODE)
    with pytest.raises(WebAssembly.LinkError, match=NAMED):
        WebAssembly.Instance(module, memory_overrides={"memory": {"minimum": 3}})
    # The module is as good as before.
    made: Any = WebAssembly.Instance(module).exports
    assert made.next(1) == 2


def test_instances_from_snapshots_are_refused() -> None:
    module = WebAssembly.Module(CODE, engine="python")
    instance: Any = WebAssembly.Instance(module)
    instance.exports.next(5)
    taken = snapshot(instance)
    native: Any = WebAssembly.Instance(WebAssembly.Module(CODE))
    refused: list[Callable[[], object]] = [
        lambda: snapshot(native),
        lambda: restore(native, taken),
    ]
    for each in refused:
        with pytest.raises(SnapshotError, match="does not tell the state of instances"):
            each()
    assert native.exports.next(0) == 1


def test_the_command_that_goes_on_from_a_snapshot_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program, warm = tmp_path / "program.wat", tmp_path / "warm.snap"
    program.write_text(TEXT)
    with engines.using("python"):
        assert main(["snapshot", str(program), "-o", str(warm)]) == 0
    run = ["run", str(warm), "--invoke", "next", "3"]
    assert main([*run, "--engine", "wasmtime"]) == 1
    said = capsys.readouterr().err
    assert "the engine 'wasmtime' makes memories as the module says" in said
    assert "need engine='python'" in said
    with engines.using("python"):
        assert main(run) == 0
    assert capsys.readouterr().out == "4\n"


def _floating(type_: str) -> str:
    return f"""(module (global $g (import "e" "g") (mut {type_}))
      (func (export "get") (result {type_}) (global.get $g))
      (func (export "set") (param {type_}) (global.set $g (local.get 0))))"""


@pytest.mark.parametrize(
    ("type_", "value", "other"),
    [
        ("i32", 5, -6),
        ("i64", 1 << 62, -1),
        ("f32", 0.5, -1.5),
        ("f64", 0.1, float("inf")),
        ("externref", "text", None),
    ],
)
def test_a_mutable_global_of_the_host_is_taken_over(type_: str, value: Any, other: Any) -> None:
    global_ = WebAssembly.Global({"value": type_, "mutable": True}, value)
    data = wat2wasm(_floating(type_))
    first: Any = WebAssembly.Instance(WebAssembly.Module(data), {"e": {"g": global_}}).exports
    second: Any = WebAssembly.Instance(WebAssembly.Module(data), {"e": {"g": global_}}).exports
    # Code of the Python engine has the global of the native engine, too.
    module = WebAssembly.Module(data, engine="python")
    python: Any = WebAssembly.Instance(module, {"e": {"g": global_}}).exports
    parts = (first, second, python)
    assert [each.get() for each in parts] == [value] * 3
    for setter, given in ((first, other), (second, value), (python, other)):
        setter.set(given)
        assert [global_.value, *[each.get() for each in parts]] == [given] * 4
    global_.value = value
    assert [each.get() for each in parts] == [value] * 3


def test_a_mutable_global_of_the_python_engines_is_refused() -> None:
    global_ = WebAssembly.Global({"value": "i32", "mutable": True}, 5)
    data = wat2wasm(_floating("i32"))
    WebAssembly.Instance(WebAssembly.Module(data, engine="python"), {"e": {"g": global_}})
    with pytest.raises(WebAssembly.LinkError, match="the global belongs to the Python engine"):
        WebAssembly.Instance(WebAssembly.Module(data), {"e": {"g": global_}})
