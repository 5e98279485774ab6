"""Stack switching at run time, with each mechanism."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
import weakref
from typing import Any

import pytest

from pyjsapi import WebAssembly, suspension
from pyjsapi.debugging import DebugError, Debugger
from pyjsapi.text import wat2wasm

FEATURES = {"stack_switching": True}
TYPES = """
  (type $task (func)) (type $k (cont $task))
  (type $of_int (func (param i32) (result i32))) (type $k_int (cont $of_int))
"""
TAGS = "(tag $yield (param i32)) (tag $ask (param i32) (result i32)) (tag $oops (param i32))"
"""They stand behind imports."""


def instance(text: str, imports: Any = None, **options: Any) -> Any:
    module = WebAssembly.Module(wat2wasm(f"(module {text} {TAGS})"), features=FEATURES, **options)
    return WebAssembly.Instance(module, imports).exports


GENERATOR = f"""{TYPES}
  (global $k (mut (ref null $k)) (ref.null $k))
  (func $count (local $i i32)
    (loop $next
      (suspend $yield (local.tee $i (i32.add (local.get $i) (i32.const 1))))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 5)))))
  (elem declare func $count)
  (func (export "start") (global.set $k (cont.new $k (ref.func $count))))
  (func (export "next") (result i32)
    (block $yielded (result i32 (ref $k))
      (resume $k (on $yield $yielded) (global.get $k))
      (return (i32.const -1)))
    (global.set $k))
"""


def test_a_generator_goes_on_where_it_was_from_call_to_call() -> None:
    exports = instance(GENERATOR)
    exports["start"]()
    assert [exports["next"]() for _ in range(6)] == [1, 2, 3, 4, 5, -1]


@pytest.mark.parametrize("message", ["continuation already consumed"])
def test_a_continuation_is_used_once(message: str) -> None:
    exports = instance(GENERATOR)
    exports["start"]()
    for _ in range(6):
        exports["next"]()
    with pytest.raises(WebAssembly.RuntimeError, match=message):
        exports["next"]()


def test_null_is_no_continuation() -> None:
    with pytest.raises(WebAssembly.RuntimeError, match="null continuation reference"):
        instance(GENERATOR)["next"]()


SERVER = f"""{TYPES}
  (import "host" "note" (func $note (param i32)))
  (func $asks (param $x i32) (result i32)
    (i32.add (call $through (local.get $x)) (suspend $ask (i32.const 7))))
  (func $through (param i32) (result i32) (suspend $ask (local.get 0)))
  (elem declare func $asks)
  (func (export "serve") (param $x i32) (result i32) (local $k (ref null $k_int))
    (local.set $k (cont.new $k_int (ref.func $asks)))
    (loop $again (result i32)
      (block $asked (result i32 (ref $k_int))
        (return (resume $k_int (on $ask $asked) (local.get $x) (local.get $k))))
      (local.set $k)
      (call $note (local.tee $x))
      (local.set $x (i32.mul (local.get $x) (i32.const 10)))
      (br $again)))
"""


def test_values_go_out_and_come_back() -> None:
    noted: list[int] = []
    exports = instance(SERVER, {"host": {"note": noted.append}})
    assert exports["serve"](3) == 30 + 70
    assert noted == [3, 7]


def test_what_is_not_handled_inside_is_handled_further_out() -> None:
    exports = instance(f"""{TYPES}
      (func $inner (suspend $yield (i32.const 1)) (suspend $yield (i32.const 2)))
      (func $middle (resume $k (cont.new $k (ref.func $inner))) (suspend $yield (i32.const 3)))
      (elem declare func $inner $middle)
      (func (export "all") (result i32) (local $k (ref null $k)) (local $sum i32)
        (local.set $k (cont.new $k (ref.func $middle)))
        (loop $again
          (block $yielded (result i32 (ref $k))
            (resume $k (on $yield $yielded) (local.get $k))
            (return (local.get $sum)))
          (local.set $k)
          (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 10))))
          (br $again))
        (unreachable))""")
    assert exports["all"]() == 123


def test_without_a_handler_it_is_a_trap_which_nothing_catches() -> None:
    exports = instance(f"""{TYPES}
      (func $lone (export "lone") (suspend $yield (i32.const 1)))
      (elem declare func $lone)
      (func (export "other") (block $h (result i32 (ref $k_int))
        (try_table (catch_all 1) (resume $k (cont.new $k (ref.func $lone)))) (return)) (drop) (drop))""")
    for name in ("lone", "other"):
        with pytest.raises(WebAssembly.RuntimeError, match="unhandled tag"):
            exports[name]()


def test_host_code_between_is_not_suspended() -> None:
    held: dict[str, Any] = {}
    exports = instance(
        f"""{TYPES}
      (import "host" "back" (func $back))
      (func (export "inside") (suspend $yield (i32.const 1)))
      (func $task (call $back))
      (elem declare func $task)
      (func (export "run") (block $h (result i32 (ref $k))
        (resume $k (on $yield $h) (cont.new $k (ref.func $task))) (return)) (drop) (drop))""",
        {"host": {"back": lambda: held["inside"]()}},
    )
    held["inside"] = exports["inside"]
    with pytest.raises(WebAssembly.RuntimeError, match="unhandled tag: host code lies between"):
        exports["run"]()


THROWING = f"""{TYPES}
  (func $catches (result i32) (local $code i32)
    (block $caught (result i32)
      (try_table (catch $oops $caught) (suspend $yield (i32.const 1)))
      (i32.const 0))
    (i32.add (i32.const 100)))
  (func $throws (result i32) (throw $oops (i32.const 5)))
  (type $gives (func (result i32))) (type $k_gives (cont $gives))
  (elem declare func $catches $throws)
  (func (export "in") (param i32) (result i32) (local $k (ref null $k_gives))
    (block $yielded (result i32 (ref $k_gives))
      (return (resume $k_gives (on $yield $yielded) (cont.new $k_gives (ref.func $catches)))))
    (local.set $k) (drop)
    (resume_throw $k_gives $oops (local.get 0) (local.get $k)))
  (func (export "in ref") (param i32) (result i32) (local $k (ref null $k_gives))
    (block $yielded (result i32 (ref $k_gives))
      (return (resume $k_gives (on $yield $yielded) (cont.new $k_gives (ref.func $catches)))))
    (local.set $k) (drop)
    (block $thrown (result i32 exnref)
      (try_table (catch_ref $oops $thrown) (throw $oops (local.get 0))) (unreachable))
    (drop (local.set 0))
    (unreachable))
  (func (export "out") (result i32)
    (block $caught (result i32)
      (try_table (catch $oops $caught)
        (return (resume $k_gives (cont.new $k_gives (ref.func $throws)))))
      (unreachable)))
  (func (export "before") (param i32) (result i32)
    (block $caught (result i32)
      (try_table (catch $oops $caught)
        (return (resume_throw $k_gives $oops (local.get 0) (cont.new $k_gives (ref.func $throws)))))
      (unreachable)))
  (func (export "null") (result i32)
    (resume_throw_ref $k_gives (ref.null exn) (cont.new $k_gives (ref.func $throws))))
"""


def test_exceptions_go_in_and_out() -> None:
    exports = instance(THROWING.replace("(drop (local.set 0))", "(drop) (local.set 0)"))
    assert exports["in"](7) == 107
    assert exports["out"]() == 5
    assert exports["before"](9) == 9
    with pytest.raises(WebAssembly.RuntimeError, match="null exception reference"):
        exports["null"]()


def test_exceptions_of_the_host_and_traps_pass() -> None:
    def fail() -> None:
        raise KeyError("there")

    exports = instance(
        f"""{TYPES}
      (import "host" "fail" (func $fail))
      (func $fails (call $fail))
      (func $divides (drop (i32.div_u (i32.const 1) (i32.const 0))))
      (elem declare func $fail $fails $divides)
      (func (export "host") (resume $k (cont.new $k (ref.func $fails))))
      (func (export "direct") (resume $k (cont.new $k (ref.func $fail))))
      (func (export "trap") (resume $k (cont.new $k (ref.func $divides))))""",
        {"host": {"fail": fail}},
    )
    for name in ("host", "direct"):
        with pytest.raises(KeyError, match="there"):
            exports[name]()
    with pytest.raises(WebAssembly.RuntimeError, match="divide by zero"):
        exports["trap"]()


PING_PONG = """
  (rec (type $f (func (param i32 (ref null $c)) (result i32))) (type $c (cont $f)))
  (tag $swap (result i32))
  (func $player (type $f) (param $n i32) (param $peer (ref null $c)) (result i32)
    (loop $again
      (if (i32.ge_u (local.get $n) (i32.const 50)) (then (return (local.get $n))))
      (if (ref.is_null (local.get $peer)) (then (local.set $peer (cont.new $c (ref.func $player)))))
      (switch $c $swap (i32.add (local.get $n) (i32.const 1)) (local.get $peer))
      (local.set $peer) (local.set $n)
      (br $again))
    (unreachable))
  (elem declare func $player)
  (func (export "play") (result i32)
    (resume $c (on $swap switch) (i32.const 0) (ref.null $c) (cont.new $c (ref.func $player))))
  (func (export "unhandled") (result i32)
    (resume $c (i32.const 0) (ref.null $c) (cont.new $c (ref.func $player))))
"""


def test_two_computations_switch_to_each_other() -> None:
    exports = instance(PING_PONG)
    assert exports["play"]() == 50
    with pytest.raises(WebAssembly.RuntimeError, match="unhandled tag"):
        exports["unhandled"]()


def test_bound_values_come_first_and_binding_consumes() -> None:
    exports = instance("""
      (type $f3 (func (param i32 i32 i32) (result i32))) (type $k3 (cont $f3))
      (type $f1 (func (param i32) (result i32))) (type $k1 (cont $f1))
      (type $f0 (func (result i32))) (type $k0 (cont $f0))
      (func $digits (param i32 i32 i32) (result i32)
        (i32.add (i32.mul (local.get 0) (i32.const 100))
          (i32.add (i32.mul (local.get 1) (i32.const 10)) (local.get 2))))
      (elem declare func $digits)
      (func (export "bound") (result i32)
        (resume $k0 (cont.bind $k1 $k0 (i32.const 3)
          (cont.bind $k3 $k1 (i32.const 1) (i32.const 2) (cont.new $k3 (ref.func $digits))))))
      (func (export "twice") (result i32) (local $k (ref null $k1))
        (local.set $k (cont.bind $k3 $k1 (i32.const 1) (i32.const 2) (cont.new $k3 (ref.func $digits))))
        (drop (cont.bind $k1 $k0 (i32.const 3) (local.get $k)))
        (resume $k1 (i32.const 4) (local.get $k)))""")
    assert exports["bound"]() == 123
    with pytest.raises(WebAssembly.RuntimeError, match="continuation already consumed"):
        exports["twice"]()


def test_tail_calls_and_tail_resumed_functions() -> None:
    exports = instance(f"""{TYPES}
      (func $down (param $n i32) (result i32)
        (if (i32.eqz (local.get $n)) (then (return (suspend $ask (i32.const 1)))))
        (return_call $up (i32.sub (local.get $n) (i32.const 1))))
      (func $up (param $n i32) (result i32) (return_call $down (local.get $n)))
      (elem declare func $down)
      (func (export "run") (param $n i32) (result i32) (local $k (ref null $k_int))
        (block $asked (result i32 (ref $k_int))
          (return (resume $k_int (on $ask $asked) (local.get $n) (cont.new $k_int (ref.func $down)))))
        (local.set $k) (drop)
        (resume $k_int (i32.const 42) (local.get $k)))""")
    assert exports["run"](3000) == 42


def test_recursion_inside_and_of_resumes_ends_with_exhaustion() -> None:
    exports = instance(f"""{TYPES}
      (func $deep (call $deep))
      (func $nested (export "nested") (resume $k (cont.new $k (ref.func $nested))))
      (elem declare func $deep $nested)
      (func (export "deep") (resume $k (cont.new $k (ref.func $deep))))""")
    for name in ("deep", "nested"):
        with pytest.raises(RecursionError):
            exports[name]()


def test_the_clauses_in_a_function_that_catches_as_the_first_form_does() -> None:
    exports = instance(f"""{TYPES}
      (func $yields (suspend $yield (i32.const 4)) (throw $oops (i32.const 30)))
      (elem declare func $yields)
      (func (export "run") (result i32) (local $k (ref null $k)) (local $got i32)
        (block $yielded (result i32 (ref $k))
          (resume $k (on $yield $yielded) (cont.new $k (ref.func $yields))) (unreachable))
        (local.set $k) (local.set $got)
        try (result i32)
          local.get $k
          resume $k
          i32.const 0
        catch $oops
          local.get $got
          i32.add
        end)""")
    assert exports["run"]() == 34


def test_memory_that_grows_while_a_computation_is_suspended() -> None:
    exports = instance(f"""{TYPES} (memory 1)
      (func $writes
        (suspend $yield (i32.const 0))
        (i32.store (i32.const 200000) (i32.const 77)))
      (elem declare func $writes)
      (func (export "run") (result i32) (local $k (ref null $k))
        (block $yielded (result i32 (ref $k))
          (resume $k (on $yield $yielded) (cont.new $k (ref.func $writes))) (unreachable))
        (local.set $k) (drop) (drop (memory.grow (i32.const 5)))
        (resume $k (local.get $k))
        (i32.load (i32.const 200000)))""")
    assert exports["run"]() == 77


@pytest.mark.parametrize("limits", [{"fuel": 10**6}, {"deadline": 60.0}, {"max_host_calls": 9}])
def test_with_limits_at_run_time(limits: dict[str, Any]) -> None:
    exports = instance(GENERATOR, limits=limits)
    exports["start"]()
    assert [exports["next"]() for _ in range(3)] == [1, 2, 3]


HELD = f"""{TYPES}
  (import "host" "hold" (func $hold (param externref)))
  (func $waits (param $x externref) (suspend $yield (i32.const 0)) (call $hold (local.get $x)))
  (type $of_ref (func (param externref))) (type $k_ref (cont $of_ref))
  (elem declare func $waits)
  (func (export "leave") (param externref)
    (block $yielded (result i32 (ref $k))
      (resume $k_ref (on $yield $yielded) (local.get 0) (cont.new $k_ref (ref.func $waits)))
      (unreachable))
    (drop) (drop))
"""


class Thing:
    """Something that can be watched."""


def test_a_dropped_continuation_frees_what_it_holds() -> None:
    held: list[Any] = []
    exports = instance(HELD, {"host": {"hold": held.append}})
    exports["leave"](Thing())
    things = [Thing() for _ in range(50)]
    watched = [weakref.ref(thing) for thing in things]
    while things:
        exports["leave"](things.pop())
    gc.collect()
    assert not held
    assert [ref for ref in watched if ref() is not None] == []


def test_continuations_that_hold_each_other_are_dropped_however_long_the_chain() -> None:
    exports = instance("""
      (rec (type $f (func (param (ref null $c)))) (type $c (cont $f)))
      (type $t (func)) (type $k (cont $t)) (tag $y)
      (global $last (mut (ref null $k)) (ref.null $k))
      (type $g (func (param (ref null $k)))) (type $kg (cont $g))
      (func $waits (param (ref null $k)) (suspend $y) (drop (local.get 0)))
      (elem declare func $waits)
      (func (export "chain") (param $n i32)
        (loop $l
          (block $on (result (ref $k))
            (resume $kg (on $y $on) (global.get $last) (cont.new $kg (ref.func $waits))) (unreachable))
          (global.set $last)
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
      (func (export "drop") (global.set $last (ref.null $k)))""")
    exports["chain"](300)
    exports["drop"]()
    exports["chain"](1)


PROGRAM = """
import sys
from pyjsapi import WebAssembly, suspension
from pyjsapi.text import wat2wasm
suspension.use(sys.argv[1])
exports = WebAssembly.Instance(
    WebAssembly.Module(wat2wasm(sys.argv[2]), features={"stack_switching": True})
).exports
exports["start"]()
print(exports["next"]())
"""


def test_a_suspended_computation_keeps_no_process_alive(mechanism: str) -> None:
    arguments = [sys.executable, "-c", PROGRAM, mechanism, f"(module {GENERATOR} {TAGS})"]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


def test_a_suspending_import_within_continuations_suspends_them_all() -> None:
    async def fetch(value: int) -> int:
        return value + 1

    exports = instance(
        f"""{TYPES}
      (import "host" "fetch" (func $fetch (param i32) (result i32)))
      (func $inner (param i32) (result i32) (i32.mul (call $fetch (local.get 0)) (i32.const 2)))
      (func $outer (param i32) (result i32)
        (resume $k_int (local.get 0) (cont.new $k_int (ref.func $inner))))
      (elem declare func $inner $outer)
      (func (export "run") (param i32) (result i32)
        (resume $k_int (local.get 0) (cont.new $k_int (ref.func $outer))))""",
        {"host": {"fetch": WebAssembly.Suspending(fetch)}},
    )

    async def run() -> int:
        found: int = await WebAssembly.promising(exports["run"])(20)
        return found

    assert asyncio.run(run()) == 42
    with pytest.raises(WebAssembly.SuspendError, match="was called outside of"):
        exports["run"](20)


def test_another_thread_goes_on_with_it_where_that_can_be(mechanism: str) -> None:
    exports = instance(GENERATOR)
    exports["start"]()
    assert exports["next"]() == 1
    found: list[Any] = []

    def elsewhere() -> None:
        try:
            found.append(exports["next"]())
        except WebAssembly.RuntimeError as error:
            found.append(str(error))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    if mechanism == "thread":
        assert found == [2]
    else:
        assert "goes on in its own thread" in found[0]


def test_where_there_are_no_more_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    from pyjsapi.suspension import threads

    def refuse(*_: Any) -> None:
        raise RuntimeError("can't start new thread")

    suspension.use("thread")
    monkeypatch.setattr(threads, "start_new_thread", refuse)
    monkeypatch.setattr(threads, "_IDLE", [])
    exports = instance(GENERATOR)
    exports["start"]()
    with pytest.raises(RecursionError):
        exports["next"]()


def test_what_the_host_cannot_have() -> None:
    exports = instance(f"""{TYPES}
      (func $task) (elem declare func $task)
      (func (export "give") (result (ref $k)) (cont.new $k (ref.func $task)))
      (func (export "take") (param (ref null $k)))""")
    for call in (exports["give"], lambda: exports["take"](None)):
        with pytest.raises(TypeError, match="cannot be"):
            call()


def test_where_nothing_can_be_suspended_the_module_is_refused() -> None:
    with pytest.raises(suspension.MissingMechanism):
        suspension.use("none")
    suspension._used.clear()
    suspension._chosen[:] = ["none"]
    with pytest.raises(WebAssembly.CompileError, match="stack_switching, for which nothing can"):
        instance("(type (func)) (type (cont 0)) (memory 3)")


def test_the_debugger_refuses_modules_with_continuations() -> None:
    module = WebAssembly.Module(wat2wasm(f"(module {GENERATOR} {TAGS})"), features=FEATURES)
    with pytest.raises(DebugError, match="stack switching cannot be debugged"):
        Debugger(WebAssembly.Instance(module))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_in_a_fork_nothing_waits_for_a_thread_of_the_other_process() -> None:
    program = """
import os, warnings
warnings.simplefilter("ignore")
from pyjsapi import WebAssembly, wat2wasm
from tests.suspension.test_continuations import GENERATOR, instance
exports, dropped = instance(GENERATOR), instance(GENERATOR)
for each in (exports, dropped):
    each["start"]()
    each["next"]()
child = os.fork()
if child == 0:
    del dropped, each
    try:
        exports["next"]()
    except RuntimeError as error:
        fresh = instance(GENERATOR)
        fresh["start"]()
        os._exit(7 if "forked" in str(error) and fresh["next"]() == 1 else 1)
    os._exit(2)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), exports["next"](), dropped["next"]())
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, suspension.VARIABLE: "thread"},
    )
    assert (done.stdout.strip(), done.stderr) == ("7 2 2", "")
