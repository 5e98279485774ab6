"""Programs of WASI, on PyPI's ``wasmtime`` and on ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

GUEST = r"""
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory"
    (func $mkdir (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "hello\n") (data (i32.const 16) "\40\00\00\00\06\00\00\00")
  (func $f (export "exit") (param i32) (call $exit (local.get 0)))
  (func (export "write") (param i32) (result i32 i32)
    (call $write (local.get 0) (i32.const 16) (i32.const 1) (i32.const 8))
    (i32.load (i32.const 8)))
  (func (export "read") (result i32 i32)
    (call $read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 8)) (i32.load (i32.const 8)))
  (func (export "args") (result i32 i32)
    (drop (call $args (i32.const 0) (i32.const 4)))
    (i32.load (i32.const 0)) (i32.load (i32.const 4)))
  (func (export "environ") (drop (call $environ (i32.const 0) (i32.const 100))))
  (func (export "prestat") (param i32) (result i32) (call $prestat (local.get 0) (i32.const 0)))
  (func (export "mkdir") (result i32) (call $mkdir (i32.const 3) (i32.const 64) (i32.const 5))))
"""


class Program:
    """An instance of the guest, with a configuration."""

    def __init__(self, world: Any, config: Any, text: str = GUEST) -> None:
        self.store = world.wasmtime.Store(world.engine)
        self.store.set_wasi(config)
        linker = world.wasmtime.Linker(world.engine)
        linker.define_wasi()
        instance = linker.instantiate(self.store, world.module(text))
        self.exports = instance.exports(self.store)

    def call(self, name: str, *arguments: int) -> Any:
        return self.exports[name](self.store, *arguments)


@pytest.fixture
def config(world: Any) -> Any:
    return world.wasmtime.WasiConfig()


@pytest.mark.parametrize("code", [0, 7, 125])
def test_exit_codes(world: Any, config: Any, code: int) -> None:
    program = Program(world, config)
    with pytest.raises(world.wasmtime.ExitTrap) as caught:
        program.call("exit", code)
    assert caught.value.code == code and caught.value.args == ()
    assert isinstance(caught.value, world.wasmtime.WasmtimeError)
    assert not isinstance(caught.value, world.wasmtime.Trap)
    assert str(caught.value).endswith(f"Caused by:\n    Exited with i32 exit status {code}\n")
    assert "<unknown>!f\n" in str(caught.value) or "!float" in str(caught.value)


@pytest.mark.parametrize("code", [126, 200, -1])
def test_exit_codes_that_are_none(world: Any, config: Any, code: int) -> None:
    program = Program(world, config)
    with pytest.raises(world.wasmtime.WasmtimeError, match="invalid exit status") as caught:
        program.call("exit", code)
    assert not isinstance(caught.value, world.wasmtime.ExitTrap)


def test_streams_of_nobody(world: Any, config: Any) -> None:
    program = Program(world, config)
    assert program.call("write", 1) == program.call("write", 2) == [0, 6]
    assert program.call("read") == [0, 0]


def test_output_to_callables(world: Any, config: Any) -> None:
    out: list[bytes] = []

    def take_three(data: bytes) -> int:
        out.append(data)
        return min(3, len(data))

    config.stdout_custom, config.stderr_custom = out.append, take_three
    program = Program(world, config)
    assert program.call("write", 1) == program.call("write", 2) == [0, 6]
    assert out == [b"hello\n", b"hello\n", b"lo\n"]


def test_callables_that_fail(world: Any, config: Any, capsys: pytest.CaptureFixture[str]) -> None:
    config.stdout_custom = lambda data: 1 // 0
    config.stderr_custom = lambda data: -28
    program = Program(world, config)
    assert program.call("write", 1)[0] == 29
    assert program.call("write", 2)[0] == 51
    assert "failed custom output, required to catch exception: " in capsys.readouterr().out


def test_files_as_streams(world: Any, config: Any, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"abcd")
    (tmp_path / "out").write_bytes(b"what was there before")
    config.stdin_file = tmp_path / "in"
    config.stdout_file = str(tmp_path / "out")
    config.stderr_file = str(tmp_path / "err")
    program = Program(world, config)
    assert program.call("read") == [0, 4]
    memory = program.exports["memory"]
    memory.write(program.store, b"wrote\n", 64)
    assert program.call("write", 1) == program.call("write", 2) == [0, 6]
    assert (tmp_path / "out").read_bytes() == (tmp_path / "err").read_bytes() == b"wrote\n"


def test_files_that_cannot_be_opened(world: Any, config: Any, tmp_path: Path) -> None:
    for name in ("stdin", "stdout", "stderr"):
        with pytest.raises(world.wasmtime.WasmtimeError, match=f"failed to set {name} file"):
            setattr(config, f"{name}_file", str(tmp_path / "none" / "x"))
    with pytest.raises(world.wasmtime.WasmtimeError, match="failed to add preopen dir"):
        config.preopen_dir(str(tmp_path / "none"), "/x")


def test_the_streams_of_the_process(
    world: Any, config: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    config.inherit_stdout()
    config.inherit_stderr()
    program = Program(world, config)
    assert program.call("write", 1) == program.call("write", 2) == [0, 6]
    assert capfd.readouterr() == ("hello\n", "hello\n")


def test_arguments_and_environment(world: Any, config: Any) -> None:
    config.argv = ["prog", "a"]
    config.env = [("A", "1"), ("BC", "2")]
    program = Program(world, config)
    assert program.call("args") == [2, 7]
    program.call("environ")
    memory = program.exports["memory"].read(program.store, 100, 109)
    assert sorted(memory.split(b"\0")) == [b"", b"A=1", b"BC=2"]
    with pytest.raises(AttributeError):
        world.wasmtime.WasiConfig().argv = ["a", 3]
    with pytest.raises(AttributeError):
        _ = config.argv


def test_directories(world: Any, config: Any, tmp_path: Path) -> None:
    config.preopen_dir(str(tmp_path), "/x")
    config.preopen_dir(str(tmp_path), "/x")
    program = Program(world, config)
    assert [program.call("prestat", fd) for fd in (3, 4, 5)] == [0, 0, 8]
    assert program.call("mkdir") == 0
    assert (tmp_path / "hello").is_dir()


def test_directories_that_are_only_read(world: Any, config: Any, tmp_path: Path) -> None:
    config.preopen_dir(str(tmp_path), "/x", False)
    assert Program(world, config).call("mkdir") != 0
    assert list(tmp_path.iterdir()) == []


def test_a_configuration_is_used_once(world: Any, config: Any) -> None:
    world.store.set_wasi(config)
    with pytest.raises(ValueError, match="already closed"):
        world.store.set_wasi(config)


def test_wasi_is_defined_once(world: Any) -> None:
    linker = world.wasmtime.Linker(world.engine)
    linker.define_wasi()
    with pytest.raises(
        world.wasmtime.WasmtimeError,
        match="import of `wasi_snapshot_preview1::args_get` defined twice",
    ):
        linker.define_wasi()


def test_each_instance_has_its_memory_and_all_one_output(world: Any, config: Any) -> None:
    out: list[bytes] = []
    config.stdout_custom = out.append
    store = world.wasmtime.Store(world.engine)
    store.set_wasi(config)
    linker = world.wasmtime.Linker(world.engine)
    linker.define_wasi()
    for word in ("hello", "other"):
        module = world.module(GUEST.replace('"hello', f'"{word}'))
        exports = linker.instantiate(store, module).exports(store)
        exports["write"](store, 1)
    assert out == [b"hello\n", b"other\n"]


def test_a_start_function_may_write(world: Any, config: Any) -> None:
    out: list[bytes] = []
    config.stdout_custom = out.append
    begin = "(func $begin (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8))))"
    text = GUEST.rstrip()[:-1] + begin + "(start $begin))"
    Program(world, config, text)
    assert out == [b"hello\n"]


def test_a_store_without_wasi_is_told(ours: Any) -> None:
    """PyPI's ends the process when the program calls."""
    linker = ours.Linker(engine := ours.Engine())
    linker.define_wasi()
    with pytest.raises(ours.WasmtimeError, match=r"`Store\.set_wasi` comes before"):
        linker.instantiate(ours.Store(engine), ours.Module(engine, GUEST))
