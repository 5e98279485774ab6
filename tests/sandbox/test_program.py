"""Programs of WASI in a sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pyjsapi import RangeError, WebAssembly, wat2wasm
from pyjsapi.sandbox import Sandbox, SandboxError

WASI = "wasi_snapshot_preview1"
IMPORTS = f"""
  (import "{WASI}" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "{WASI}" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "{WASI}" "proc_exit" (func $exit (param i32)))
  (import "{WASI}" "random_get" (func $random (param i32 i32) (result i32)))
  (import "{WASI}" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "{WASI}" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "{WASI}" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "{WASI}" "path_symlink" (func $link (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)"""


def program(body: str) -> bytes:
    return wat2wasm(f'(module {IMPORTS} (func (export "_start") {body}))')


# Reads 100 bytes to 1000 and writes them to both outputs, then ends with 3.
COPY = program("""
  (i32.store (i32.const 0) (i32.const 1000)) (i32.store (i32.const 4) (i32.const 100))
  (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4)))
  (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
  (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 16)))
  (call $exit (i32.const 3))""")
# Writes the time, then four random bytes; between them waits for 10^18 ns.
CHANCE = program("""
  (i32.store (i32.const 0) (i32.const 1000)) (i32.store (i32.const 4) (i32.const 20))
  (drop (call $clock (i32.const 0) (i64.const 1) (i32.const 1000)))
  (i32.store (i32.const 216) (i32.const 1)) (i64.store (i32.const 224) (i64.const 1000000000000000000))
  (drop (call $poll (i32.const 200) (i32.const 300) (i32.const 1) (i32.const 400)))
  (drop (call $clock (i32.const 1) (i64.const 1) (i32.const 1008)))
  (drop (call $random (i32.const 1016) (i32.const 4)))
  (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))""")
LOOP = program("(loop (br 0))")
FLOOD = program("""(local $n i32)
  (i32.store (i32.const 4) (i32.const 65536))
  (loop
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br_if 0 (i32.eqz (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))
  (call $exit (local.get $n))""")
# Creates "made", and a link "out" to "../../etc/passwd".
MAKES = wat2wasm(f"""(module {IMPORTS} (data (i32.const 0) "made../../etc/passwdout")
  (func (export "_start")
    (if (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 1) (i64.const 64)
        (i64.const 0) (i32.const 0) (i32.const 100)) (then (call $exit (i32.const 1))))
    (if (call $link (i32.const 4) (i32.const 16) (i32.const 3) (i32.const 20) (i32.const 3))
      (then (call $exit (i32.const 2))))))""")


def test_i15_3_streams_are_text_and_the_code_is_given() -> None:
    done = Sandbox.program(COPY, fuel=1000).run(stdin="hé")
    assert (done.stdout, done.stderr, done.exit_code) == ("hé", "hé", 3)
    assert done.fuel_used in range(10, 100)
    assert Sandbox.program(COPY).run() == Sandbox.program(COPY).run(stdin="")


def test_i15_3_runs_with_a_seed_are_the_same() -> None:
    chance = Sandbox.program(CHANCE, seed=7)
    first = chance.run()
    assert chance.run() == first
    assert Sandbox.program(CHANCE, seed=8).run() != first


@pytest.mark.parametrize(
    ("options", "error"),
    [({"fuel": 1000}, WebAssembly.OutOfFuel), ({"deadline": 0.05}, WebAssembly.DeadlineExceeded)],
)
def test_i15_3_a_program_that_does_not_end(
    options: dict[str, float], error: type[Exception]
) -> None:
    endless = Sandbox.program(LOOP, **options)  # type: ignore[arg-type]
    for _ in range(2):
        with pytest.raises(error):
            endless.run()


def test_i15_3_a_program_calls_the_host_so_often() -> None:
    with pytest.raises(WebAssembly.OutOfHostCalls):
        Sandbox.program(FLOOD, max_host_calls=3).run()
    assert Sandbox.program(COPY, max_host_calls=10).run(stdin="ab").stdout == "ab"


def test_i15_3_output_has_an_end() -> None:
    done = Sandbox.program(FLOOD).run()
    assert (done.exit_code, len(done.stdout)) == (17, 1 << 20)


def test_i15_3_files_are_those_of_the_run() -> None:
    made = Sandbox.program(MAKES, files={"in/a.txt": "é", "b": b"\xff"})
    for _ in range(2):
        done = made.run()
        assert done.exit_code == 0
        assert done.files == {"in/a.txt": "é".encode(), "b": b"\xff", "made": b""}


def test_i15_3_without_files_there_is_nothing() -> None:
    assert Sandbox.program(MAKES).run().exit_code == 1


def test_i15_3_files_outside_are_refused() -> None:
    with pytest.raises(ValueError, match="files: "):
        Sandbox.program(MAKES, files={"../a": ""})


def test_i15_3_directories_that_are_given(tmp_path: Path) -> None:
    assert Sandbox.program(MAKES, directories={"/x": tmp_path}).run().exit_code == 0
    assert (tmp_path / "made").exists()


def test_i15_3_what_is_no_program() -> None:
    with pytest.raises(SandboxError, match=r"program\.wasm is no program: it exports no _start"):
        Sandbox.program(wat2wasm("(module)"))


def test_i15_3_memory_is_bounded() -> None:
    with pytest.raises(RangeError):
        Sandbox.program(COPY, max_memory_bytes=1 << 16).run()


# Writes 100 bytes to a file again and again until that fails, ends with the errno.
FILLS = wat2wasm(f"""(module {IMPORTS} (data (i32.const 0) "made")
  (func (export "_start") (local $errno i32)
    (if (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 1) (i64.const 64)
        (i64.const 0) (i32.const 0) (i32.const 100)) (then (call $exit (i32.const 1))))
    (i32.store (i32.const 12) (i32.const 100))
    (loop
      (local.set $errno
        (call $write (i32.load (i32.const 100)) (i32.const 8) (i32.const 1) (i32.const 16)))
      (br_if 0 (i32.eqz (local.get $errno))))
    (call $exit (local.get $errno))))""")
QUOTA = 19


def test_i15_2_what_a_program_writes_has_an_end(tmp_path: Path) -> None:
    done = Sandbox.program(FILLS, files={}, max_written_bytes=1050).run()
    assert (done.exit_code, {name: len(data) for name, data in done.files.items()}) == (
        QUOTA,
        {"made": 1000},
    )
    made = Sandbox.program(FILLS, directories={"/": tmp_path}, max_written_bytes=250)
    for _ in range(2):  # each run may write as much
        assert made.run().exit_code == QUOTA
    assert (tmp_path / "made").stat().st_size == 200


def test_i15_2_what_a_program_creates_has_an_end() -> None:
    assert Sandbox.program(MAKES, files={}, max_created_files=2).run().exit_code == 0
    assert Sandbox.program(MAKES, files={}, max_created_files=1).run().exit_code == 2


def test_i15_3_keywords_and_input_that_a_program_cannot_have() -> None:
    options: dict[str, Any] = {"max_memory": 5}
    with pytest.raises(TypeError, match="has no keyword 'max_memory'; did you mean 'max_memory_"):
        Sandbox.program(COPY, **options)
    stdin: Any = b"lines"
    with pytest.raises(TypeError, match="stdin must be a str, not bytes"):
        Sandbox.program(COPY).run(stdin=stdin)


def test_i15_3_objects_that_count_for_no_memory_can_be_refused() -> None:
    bytes_of_gc = wat2wasm("""(module (type $bytes (array (mut i8))) (memory (export "memory") 0)
      (func (export "_start") (drop (array.new $bytes (i32.const 5) (i32.const 1000)))))""")
    assert Sandbox.program(bytes_of_gc, max_memory_bytes=0).run().exit_code == 0
    with pytest.raises(WebAssembly.CompileError, match="gc"):
        Sandbox.program(bytes_of_gc, features={"gc": False})
