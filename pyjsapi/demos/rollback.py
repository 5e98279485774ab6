"""A game takes back what it did, because a message of another player came late.

Players that keep a world each must replay it when they learn what another one did a moment ago. Cloning the memory at
every tick would do; logging what is overwritten costs what changes. ``pyjsapi.tools.instrument_stores`` adds the log
to a finished module: a store first sees that what was there is saved, in a memory of its own, and functions undo it.
The world here is 1 MiB of ground on which a hundred balls roll, and leave a trace now and then; its random numbers are
in a global that is not exported, and its clock in a memory that is not.
"""

import hashlib
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from pyjsapi import Uint8Array, WebAssembly, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.report import Report, seconds
from pyjsapi.tools import forget, instrument_stores, mark, rollback

BEFORE, AFTER = 200, 50
PAGES, PAGE = 16, 65536
BALLS, TICKS = 100, 10

# {log} is empty, or tells the host of the store that follows: its address and its bytes.
WORLD = """
(module
  {tell}
  (memory $world (export "world") {pages})
  (memory $clock 1)
  (global $random (mut i64) (i64.const 42))

  (func $next (result i32)
    (global.set $random (i64.add (i64.mul (global.get $random) (i64.const 6364136223846793005))
      (i64.const 1442695040888963407)))
    (i32.wrap_i64 (i64.shr_u (global.get $random) (i64.const 40))))

  ;; A ball is its place, its speed and its spin, each an f64, in 32 bytes.
  (func (export "ticks") (param $times i32) (local $ball i32) (local $at i32)
    (loop $tick
      (i64.store $clock (i32.const 0) (i64.add (i64.load $clock (i32.const 0)) (i64.const 1)))
      (local.set $ball (i32.const 0))
      (loop $move
        {log_place}
        (f64.store (local.get $ball)
          (f64.add (f64.load (local.get $ball)) (f64.load offset=8 (local.get $ball))))
        {log_spin}
        (i64.store offset=16 (local.get $ball)
          (i64.add (i64.load offset=16 (local.get $ball)) (i64.const 3)))
        (br_if $move (i32.lt_u
          (local.tee $ball (i32.add (local.get $ball) (i32.const 32))) (i32.const {end}))))
      (local.set $at (i32.add (i32.and (call $next) (i32.const 0x7fffc)) (i32.const {end})))
      {log_trace}
      (i32.store (local.get $at) (call $next))
      (br_if $tick (local.tee $times (i32.sub (local.get $times) (i32.const 1))))))

  (func (export "hidden") (result i64)
    (i64.xor (global.get $random) (i64.load $clock (i32.const 0)))))
"""
SIZES = {"pages": PAGES, "end": 32 * BALLS}
PLAIN = WORLD.format(tell="", log_place="", log_spin="", log_trace="", **SIZES)
TELLING = WORLD.format(
    tell='(import "host" "before" (func $before (param i32 i32)))',
    log_place="(call $before (local.get $ball) (i32.const 8))",
    log_spin="(call $before (i32.add (local.get $ball) (i32.const 16)) (i32.const 8))",
    log_trace="(call $before (local.get $at) (i32.const 4))",
    **SIZES,
)


def state(exports: Any) -> tuple[str, int]:
    """Digest of the world, and what is not exported."""
    data = Uint8Array(exports.world.buffer).tobytes()
    return hashlib.sha256(data).hexdigest(), exports.hidden()


def telling_host() -> tuple[Any, bytearray]:
    """An instance that calls the host before each store, and the host's log."""
    log = bytearray()

    def before(address: int, count: int) -> None:
        log.extend(view[address : address + count])
        log.extend(address.to_bytes(8, "little"))
        log.extend(count.to_bytes(4, "little"))

    module = WebAssembly.Module(wat2wasm(TELLING))
    exports = WebAssembly.Instance(module, {"host": {"before": before}}).exports
    view = exports.world.buffer.mv
    return exports, log


@demo(checks="UC-2")
def main(report: Report) -> None:
    """Play, take back, play again."""
    data = wat2wasm(PLAIN)
    plain = WebAssembly.Instance(WebAssembly.Module(data)).exports
    game = WebAssembly.Instance(WebAssembly.Module(instrument_stores(data)))
    world = game.exports

    report.step(f"{BEFORE} ticks, a mark, {AFTER} more")
    world.ticks(BEFORE)
    forget(game)  # nobody goes back before this
    there, place = state(world), mark(game)
    world.ticks(AFTER)
    later = state(world)
    logged = mark(game) - place
    plain.ticks(BEFORE + AFTER)
    report.equal("the log changes nothing that the game does", later, state(plain), "UC-2")

    report.step("a message is late: back to the mark")
    rollback(game, place)
    report.equal("memories and globals are what they were", state(world), there, "UC-2")
    world.ticks(AFTER)
    report.equal("played again, it ends the same", state(world), later, "UC-2")

    clones = PAGES * PAGE * AFTER
    report.figure(f"log of {AFTER} ticks", logged / 1024, "KiB")
    report.figure(f"clones of the world for {AFTER} ticks", clones / 1024, "KiB")
    report.check("the log is a small part of the clones", logged * 10 < clones, "UC-2")

    report.step("what a tick costs")
    telling, log = telling_host()
    ways: dict[str, tuple[Callable[[int], None], Callable[[], None]]] = {
        "as it is": (plain.ticks, lambda: None),
        "with the log": (world.ticks, partial(forget, game)),
        "with a call of the host before each store": (telling.ticks, log.clear),
    }
    costs = []
    for name, (ticks, begin) in ways.items():
        costs.append(seconds(partial(played, ticks, begin)) / TICKS)
        report.figure(name, costs[-1] * 1e6, "µs a tick")
    bare, logging, calling = costs
    report.figure("the calls cost", (calling - bare) / (logging - bare), "times what the log costs")


def played(ticks: Callable[[int], None], begin: Callable[[], None]) -> None:
    """Some ticks after a mark."""
    begin()
    ticks(TICKS)


if __name__ == "__main__":
    sys.exit(main())
