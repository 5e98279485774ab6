"""A pool of processes on one shared memory, which numpy sees as an array.

pip install numpy
python worker_pool.py [processes]
"""

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from pyjsapi import Int32Array, WebAssembly, Worker, wat2wasm

WIDTH, HEIGHT, LIMIT = 96, 64, 100
PIXELS = 64  # where the picture starts in the memory; the number of the next row is at 0
PAGES = -(-(PIXELS + WIDTH * HEIGHT * 4) // 65536)

# Rows of the Mandelbrot set. Who is free takes the next row: the atomic addition gives each row to one alone.
ROWS = f"""
(module
  (memory (import "pool" "memory") {PAGES} {PAGES} shared)
  (func $pixel (param $cr f64) (param $ci f64) (result i32)
    (local $r f64) (local $i f64) (local $rr f64) (local $ii f64) (local $n i32)
    (loop $again (result i32)
      (local.set $rr (f64.mul (local.get $r) (local.get $r)))
      (local.set $ii (f64.mul (local.get $i) (local.get $i)))
      (if (result i32)
        (i32.or (f64.gt (f64.add (local.get $rr) (local.get $ii)) (f64.const 4))
                (i32.eq (local.get $n) (i32.const {LIMIT})))
        (then (local.get $n))
        (else
          (local.set $i (f64.add (f64.mul (f64.mul (f64.const 2) (local.get $r)) (local.get $i)) (local.get $ci)))
          (local.set $r (f64.add (f64.sub (local.get $rr) (local.get $ii)) (local.get $cr)))
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br $again)))))
  (func (export "rows") (result i32)
    (local $x i32) (local $y i32) (local $done i32)
    (loop $next (result i32)
      (local.set $y (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
      (if (result i32) (i32.ge_u (local.get $y) (i32.const {HEIGHT}))
        (then (local.get $done))
        (else
          (local.set $x (i32.const 0))
          (loop $row
            (i32.store offset={PIXELS}
              (i32.mul (i32.add (i32.mul (local.get $y) (i32.const {WIDTH})) (local.get $x)) (i32.const 4))
              (call $pixel
                (f64.sub (f64.div (f64.convert_i32_s (local.get $x)) (f64.const 32)) (f64.const 2))
                (f64.sub (f64.div (f64.convert_i32_s (local.get $y)) (f64.const 32)) (f64.const 1))))
            (local.set $x (i32.add (local.get $x) (i32.const 1)))
            (br_if $row (i32.lt_u (local.get $x) (i32.const {WIDTH}))))
          (local.set $done (i32.add (local.get $done) (i32.const 1)))
          (br $next))))))
"""


def work(scope: Any) -> None:
    """What a process of the pool does, with an instance of its own on the memory of all."""
    module, memory = scope.receive()
    instance = WebAssembly.Instance(module, {"pool": {"memory": memory}})
    scope.postMessage([os.getpid(), instance.exports.rows()])


def main(processes: str = "2") -> None:
    """Have the picture made, and look at it with numpy while nobody copies it."""
    module = WebAssembly.Module(wat2wasm(ROWS))
    memory = WebAssembly.Memory(initial=PAGES, maximum=PAGES, shared=True)

    # A process finds the function by its name, so it cannot be one of `__main__`: it imports this file again.
    pool = [Worker(f"{Path(__file__).stem}:work", kind="process") for _ in range(int(processes))]
    for worker in pool:
        worker.postMessage(
            [module, memory]
        )  # the module is compiled once; the memory is the same bytes everywhere
    rows = dict(worker.receive() for worker in pool)
    for worker in pool:
        worker.join()  # raises what the worker raised

    # The bytes of a shared memory never move, so the array stays good for as long as you like.
    picture = np.asarray(Int32Array(memory.buffer, PIXELS, WIDTH * HEIGHT)).reshape(HEIGHT, WIDTH)
    for row in picture[::4, ::2]:
        print("".join(" .:-=+*#%@"[min(int(n).bit_length(), 9)] for n in row))
    print(len(rows), "processes,", sum(rows.values()), "rows, sum", picture.sum())


if __name__ == "__main__":
    main(*sys.argv[1:])
