"""wasi-threads: threads of a program on one memory, and how all of them end."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.blocks.waiting import WaiterPolicy, set_policy
from pyjsapi.wasi import WASI, WASIExit

HEAD = """
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (export "memory" (memory 0))
  (func $block (drop (memory.atomic.wait32 (i32.const 1000) (i32.const 0) (i64.const -1))))
  (func $busy (loop $l (br $l)))
  (func $sleep ;; for 10^15 ns of the monotonic clock
    (i32.store (i32.const 2016) (i32.const 1))
    (i64.store (i32.const 2024) (i64.const 1000000000000000))
    (drop (call $poll (i32.const 2000) (i32.const 2100) (i32.const 1) (i32.const 2200))))
  (func $input
    (i32.store (i32.const 2300) (i32.const 2400))
    (i32.store (i32.const 2304) (i32.const 1))
    (drop (call $read (i32.const 0) (i32.const 2300) (i32.const 1) (i32.const 2200))))
  (func $told (i32.atomic.store (i32.const 0) (i32.const 1))
    (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))
  (func $await_other
    (loop $l
      (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
      (br_if $l (i32.eqz (i32.atomic.load (i32.const 0))))))"""
STUCK = ["block", "busy", "sleep", "input"]


def module(start: str, thread: str, limits: Any = None) -> Any:
    return WebAssembly.Module(
        wat2wasm(
            f"""(module {HEAD}
  (func (export "wasi_thread_start") (param $tid i32) (param $argument i32) {thread})
  (func (export "_start") {start}))"""
        ),
        limits=limits,
    )


def run(start: str, thread: str, limits: Any = None, **options: Any) -> int:
    reading, writing = os.pipe()
    try:
        wasi = WASI({"version": "preview1", "stdin": reading, **options})
        return wasi.run(module(start, thread, limits))
    finally:
        os.close(reading)
        os.close(writing)


CHAIN = "(drop (call $spawn (i32.const 0))) (call $block)"
"""What has each thread start another one, and then do nothing."""


@pytest.mark.parametrize(
    ("limits", "start", "thread", "error"),
    [
        ({"fuel": 200}, CHAIN, CHAIN, WebAssembly.OutOfFuel),
        ({"fuel": 10_000}, CHAIN, "(call $busy)", WebAssembly.OutOfFuel),
        ({"max_host_calls": 5}, CHAIN, CHAIN, WebAssembly.OutOfHostCalls),
        ({"deadline": 0.05}, CHAIN, "(call $busy)", WebAssembly.DeadlineExceeded),
        ({"deadline": 0.05}, CHAIN, "(call $block)", WebAssembly.DeadlineExceeded),
        ({"deadline": 0.05, "fuel": 10**9}, CHAIN, "(call $sleep)", WebAssembly.DeadlineExceeded),
    ],
)
def test_all_threads_share_the_limits_of_the_program(
    limits: Any, start: str, thread: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        WASI(version="preview1").run(module(start, thread, limits))


def test_threads_share_the_memory() -> None:
    start = """
      (if (i32.ne (call $spawn (i32.const 40)) (i32.const 1)) (then unreachable))
      (call $await_other)
      (call $exit (i32.load (i32.const 4)))"""
    thread = """
      (i32.store (i32.const 4) (i32.add (local.get $tid) (local.get $argument)))
      (call $told)"""
    assert run(start, thread) == 41


@pytest.mark.parametrize("stuck", STUCK)
def test_the_first_thread_returns_and_ends_the_others(stuck: str) -> None:
    start = "(drop (call $spawn (i32.const 0))) (call $await_other)"
    assert run(start, f"(call $told) (call ${stuck})") == 0


@pytest.mark.parametrize("stuck", STUCK)
def test_the_first_thread_exits_and_ends_the_others(stuck: str) -> None:
    start = "(drop (call $spawn (i32.const 0))) (call $await_other) (call $exit (i32.const 9))"
    assert run(start, f"(call $told) (call ${stuck})") == 9


@pytest.mark.parametrize("stuck", STUCK)
def test_another_thread_exits_and_ends_the_first(stuck: str) -> None:
    start = f"(drop (call $spawn (i32.const 0))) (call ${stuck})"
    assert run(start, "(call $exit (i32.const 7))") == 7


@pytest.mark.parametrize("stuck", STUCK)
def test_i15_2_a_trap_of_a_thread_ends_the_program(stuck: str) -> None:
    with pytest.raises(WebAssembly.RuntimeError, match="integer divide by zero"):
        run(
            f"(drop (call $spawn (i32.const 0))) (call ${stuck})",
            "(drop (i32.div_u (i32.const 1) (i32.const 0)))",
        )


@pytest.mark.parametrize("stuck", STUCK)
def test_i15_2_a_trap_of_the_first_thread_ends_the_others(stuck: str) -> None:
    with pytest.raises(WebAssembly.RuntimeError, match="unreachable"):
        run(
            "(drop (call $spawn (i32.const 0))) (call $await_other) unreachable",
            f"(call $told) (call ${stuck})",
        )


@pytest.mark.parametrize("stuck", STUCK)
def test_i15_1_a_deadline_ends_all_threads(stuck: str) -> None:
    with pytest.raises(WebAssembly.DeadlineExceeded):
        run(
            f"(drop (call $spawn (i32.const 0))) (call ${stuck})",
            f"(call ${stuck})",
            limits={"deadline": 0.2},
        )
    assert ended()


@pytest.mark.parametrize("stuck", STUCK)
def test_i15_1_a_program_is_interrupted_from_another_thread(stuck: str) -> None:
    reading, writing = os.pipe()
    wasi = WASI(version="preview1", stdin=reading)
    assert not wasi.interrupt()
    program = module(
        f"(drop (call $spawn (i32.const 0))) (call $await_other) (call ${stuck})",
        f"(call $told) (call ${stuck})",
    )

    def interrupt() -> None:
        while not wasi.interrupt():
            pass

    other = threading.Thread(target=interrupt)
    other.start()
    with pytest.raises(WebAssembly.Interrupted):
        wasi.run(program)
    other.join()
    assert ended() and not wasi.interrupt()
    os.close(reading)
    os.close(writing)


def ended() -> bool:
    """Whether no thread of a program is left, soon at least."""
    for thread in threading.enumerate():
        if thread.name.startswith("WASI thread"):
            thread.join(60)
    return not [each for each in threading.enumerate() if each.name.startswith("WASI thread")]


def test_i15_1_threads_have_their_programs_fuel_together() -> None:
    """One starts threads without end, which use a little each; it waits and uses hardly any."""
    start = """
      (loop $l
        (i32.store (i32.const 0) (i32.const 0))
        (if (i32.gt_s (call $spawn (i32.const 0)) (i32.const 0)) (then (call $await_other)))
        (br $l))"""
    thread = """(local $n i32)
      (loop $l
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $l (i32.lt_u (local.get $n) (i32.const 1000))))
      (call $told)"""
    with pytest.raises(WebAssembly.OutOfFuel):
        run(start, thread, limits={"fuel": 100_000})


def test_a_thread_that_returns_does_not_end_the_program() -> None:
    start = """
      (drop (call $spawn (i32.const 0)))
      (call $await_other)
      (i32.store (i32.const 0) (i32.const 0))
      (drop (call $spawn (i32.const 0)))
      (call $await_other)
      (call $exit (i32.const 3))"""
    assert run(start, "(call $told)") == 3


def test_too_many_threads_are_an_error_of_the_guest() -> None:
    """The 129th is refused: the number is negative."""
    start = """(local $n i32)
      (loop $l
        (if (i32.le_s (call $spawn (i32.const 0)) (i32.const 0)) (then (call $exit (local.get $n))))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br $l))"""
    assert run(start, "(call $block)") == 127


def test_the_end_can_be_an_exception() -> None:
    with pytest.raises(WASIExit) as caught:
        run(
            "(drop (call $spawn (i32.const 0))) (call $block)",
            "(call $exit (i32.const 7))",
            returnOnExit=False,
        )
    assert caught.value.code == 7


class Ended(BaseException):
    pass


@pytest.mark.parametrize("stuck", STUCK)
def test_what_interrupts_the_caller_ends_the_program(stuck: str) -> None:
    policy = WaiterPolicy()
    found: list[type] = []

    def call() -> None:
        set_policy(policy)
        try:
            run(f"(drop (call $spawn (i32.const 0))) (call ${stuck})", f"(call ${stuck})")
        except BaseException as error:
            found.append(type(error))

    thread = threading.Thread(target=call)
    thread.start()
    policy.interrupt(Ended())
    thread.join()
    assert found == [Ended]


def test_a_module_without_threads_runs_as_well() -> None:
    text = """(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (import "env" "memory" (memory 2 3 shared)) (export "memory" (memory 0))
      (import "env" "add" (func $add (param i32) (result i32)))
      (func (export "_start") (call $exit (call $add (memory.size)))))"""
    program = WebAssembly.Module(wat2wasm(text))
    wasi = WASI(version="preview1")
    assert wasi.run(program, {"env": {"add": lambda n: n + 10}}) == 12
    given = WebAssembly.Memory(initial=3, maximum=3, shared=True)
    imports = {"env": {"add": lambda n: n, "memory": given}}
    assert WASI(version="preview1").run(program, imports) == 3
