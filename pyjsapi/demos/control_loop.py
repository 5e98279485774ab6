"""A control loop: samples come a thousand times a second, modules answer each, and nobody copies a byte.

Three samplers stand for hardware: each writes a sample every millisecond into a ring in its own range of one device
memory. Three modules, each in a thread of its own, have just their range mapped, read each sample as it comes, and
write an output beside it. A ring has a place for a thousand samples; a module that falls behind finds them all there
when it comes back. Every output is checked at the end, so an update that was lost anywhere would show.
"""

import struct
import sys
import threading
import time
from typing import Any

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.pictures import space_of
from pyjsapi.demos.report import Report

LOOPS = 3
RATE = 1_000  # samples a second
SECONDS = 5
SAMPLES = RATE * SECONDS
RANGE = 65536
RING = 1024  # samples, of 16 bytes: sample i64, output i64
HEAD, TAIL, RINGS = 0, 4, 1024  # addresses in a range

# A low-pass filter in integers: y += (x - y) / 8, for each sample in the ring.
CONTROLLER = f"""
(module
  (memory $io (import "device" "range") 1)
  (memory $state 1)  ;; y, which nobody else sees
  (func (export "step") (result i32)  ;; how many samples there were
    (local $tail i32) (local $head i32) (local $at i32) (local $y i64) (local $count i32)
    (local.set $tail (i32.load $io (i32.const {TAIL})))
    (local.set $head (i32.load $io (i32.const {HEAD})))
    (local.set $y (i64.load $state (i32.const 0)))
    (block $done (loop $more
      (br_if $done (i32.eq (local.get $tail) (local.get $head)))
      (local.set $at (i32.shl (i32.and (local.get $tail) (i32.const {RING - 1})) (i32.const 4)))
      (local.set $y (i64.add (local.get $y) (i64.shr_s
        (i64.sub (i64.load $io offset={RINGS} (local.get $at)) (local.get $y)) (i64.const 3))))
      (i64.store $io offset={RINGS + 8} (local.get $at) (local.get $y))
      (local.set $tail (i32.add (local.get $tail) (i32.const 1)))
      (local.set $count (i32.add (local.get $count) (i32.const 1)))
      (br $more)))
    (i64.store $state (i32.const 0) (local.get $y))
    (i32.store $io (i32.const {TAIL}) (local.get $tail))
    (local.get $count)))
"""


def sample(loop: int, number: int) -> int:
    """What a sampler measures: three sawtooth waves of different height."""
    return (number * (loop + 3) * 7919) % 100_000 - 50_000


class Sampler(threading.Thread):
    """Hardware: it writes samples, and takes the outputs that have come."""

    def __init__(self, loop: int, registers: memoryview) -> None:
        super().__init__(name=f"sampler {loop}")
        self.loop = loop
        self.registers = registers
        self.outputs: list[int] = []
        self.fullest = 0
        self.over = threading.Event()  # where the controller failed there is nothing to wait for

    def run(self) -> None:
        """Write a sample each millisecond; where a ring is full, wait for the controller."""
        start = time.monotonic()
        for number in range(SAMPLES):
            time.sleep(max(0.0, start + number / RATE - time.monotonic()))
            while number - self.take() >= RING and not self.over.wait(0.0001):
                pass
            at = RINGS + 16 * (number % RING)
            struct.pack_into("<q", self.registers, at, sample(self.loop, number))
            struct.pack_into("<I", self.registers, HEAD, number + 1)
        while self.take() < SAMPLES and not self.over.wait(0.001):
            pass

    def take(self) -> int:
        """Take the outputs up to the tail; how many there have been."""
        (tail,) = struct.unpack_from("<I", self.registers, TAIL)
        self.fullest = max(self.fullest, tail - len(self.outputs))
        for number in range(len(self.outputs), tail):
            at = RINGS + 16 * (number % RING) + 8
            self.outputs += struct.unpack_from("<q", self.registers, at)
        return len(self.outputs)


def control(step: Any, over: threading.Event) -> None:
    """A controller's thread: step until all samples were answered."""
    left = SAMPLES
    try:
        while left:
            count = step()
            left -= count
            if not count:
                time.sleep(0.0005)
    except WebAssembly.RuntimeError:
        over.set()
        raise


def expected(loop: int) -> list[int]:
    """The outputs, computed by other means."""
    y, outputs = 0, []
    for number in range(SAMPLES):
        y += (sample(loop, number) - y) >> 3
        outputs.append(y)
    return outputs


@demo(checks="CS-3", needs="threads")
def main(report: Report) -> None:
    """Run the loops, and look at every output."""
    from pyjsapi.sharing import HostResource

    report.step(f"{LOOPS} loops at {RATE:,} samples a second, for {SECONDS} seconds")
    module = WebAssembly.Module(wat2wasm(CONTROLLER))
    with HostResource.anon(LOOPS * RANGE) as device:
        samplers, threads, memories = [], [], []
        for loop in range(LOOPS):
            memory = WebAssembly.Memory(initial=1)
            memory.map(device, at=0, offset=loop * RANGE, length=RANGE)
            exports = WebAssembly.Instance(module, {"device": {"range": memory}}).exports
            registers = device.view()[loop * RANGE : (loop + 1) * RANGE]
            samplers.append(Sampler(loop, registers))
            over = samplers[-1].over
            threads.append(threading.Thread(target=control, args=(exports.step, over)))
            memories.append(memory)
        spaces = (space_of(f"loop {i}", m, {device: "device"}) for i, m in enumerate(memories))
        report.picture(*spaces)
        started = time.perf_counter()
        for thread in (*threads, *samplers):
            thread.start()
        for thread in (*threads, *samplers):
            thread.join()
        taken = time.perf_counter() - started
        report.figure("samples", SAMPLES / taken, "a second and loop")
        for sampler in samplers:
            report.figure(f"{sampler.name} got at once at most", sampler.fullest, "outputs")
            right = sampler.outputs == expected(sampler.loop)
            report.check(f"{sampler.name}: every output is there and right", right, "CS-3")
        copied = [memory.stats.bytes_copied for memory in memories]
        report.equal("nothing was copied", copied, [0] * LOOPS, "CS-3")


if __name__ == "__main__":
    sys.exit(main())
