"""Two modules, three memories: a producer and a consumer work on one memory, each beside its own.

Run it with `pyjsapi examples/pipeline.py`, or with Python itself: it imports what it needs.
"""

import asyncio

from pyjsapi import Uint32Array, WebAssembly, wat2wasm

PRODUCER = wat2wasm("""
(module
  (memory $samples (import "host" "samples") 1)
  (memory $state 1)                      ;; the generator's state, invisible to others
  (func $next (result i32)               ;; a linear congruential generator
    (i32.store $state (i32.const 0)
      (i32.add (i32.mul (i32.load $state (i32.const 0)) (i32.const 1664525)) (i32.const 1013904223)))
    (i32.load $state (i32.const 0)))
  (func (export "produce") (param $count i32)
    (local $i i32)
    (block $done (loop $more
      (br_if $done (i32.ge_u (local.get $i) (local.get $count)))
      (i32.store8 $samples (local.get $i) (i32.shr_u (call $next) (i32.const 24)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $more)))))
""")

CONSUMER = wat2wasm("""
(module
  (memory $samples (import "host" "samples") 1)
  (memory $histogram (export "histogram") 1)
  (func (export "count") (param $count i32)
    (local $i i32) (local $slot i32)
    (block $done (loop $more
      (br_if $done (i32.ge_u (local.get $i) (local.get $count)))
      (local.set $slot (i32.shl (i32.load8_u $samples (local.get $i)) (i32.const 2)))
      (i32.store $histogram (local.get $slot)
        (i32.add (i32.load $histogram (local.get $slot)) (i32.const 1)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $more)))))
""")


async def main() -> None:
    """Fill the shared memory in one module and count what is there in the other."""
    samples = WebAssembly.Memory(initial=1)
    imports = {"host": {"samples": samples}}
    producer = (await WebAssembly.instantiate(PRODUCER, imports)).instance.exports
    consumer = (await WebAssembly.instantiate(CONSUMER, imports)).instance.exports

    count = 60_000
    producer.produce(count)
    consumer.count(count)

    histogram = Uint32Array(consumer.histogram.buffer, 0, 256)
    print(f"{sum(histogram)} samples, {min(histogram)} to {max(histogram)} of each value")


asyncio.run(main())
