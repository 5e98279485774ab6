"""Memory blocks: components lend bytes to each other, one to write or many to read.

Option 5 of the discussion, as core modules: the import module of the proof of concept cpetig/wasm-shm-test. A guest
donates room in its memory; a block that it attaches appears there, and is gone when it is detached. Who writes is
alone, who reads sees what was there when the writer left: so guests cannot tell whether the host maps or copies.
"""

import sys
from typing import Any

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.pictures import Part, Space
from pyjsapi.demos.report import Report
from pyjsapi.sharing import Area, BlockError, Exchange, MemoryBlock, Publisher

IMPORTS = """
  (import "test:shm/exchange" "[method]memory-block.minimum-size" (func $minimum (param i32) (result i32)))
  (import "test:shm/exchange" "[static]memory-block.add-storage" (func $storage (param i32 i32 i32)))
  (import "test:shm/exchange" "[method]memory-block.attach" (func $attach (param i32 i32 i32)))
  (import "test:shm/exchange" "[method]memory-block.detach" (func $detach (param i32 i32)))
  (memory (export "memory") 4)
  (func $check (if (i32.load8_u (i32.const 16)) (then (unreachable))))  ;; of the result at 16
  (func $donate (param $block i32)  ;; once
    (if (i32.eqz (i32.load8_u (i32.const 8))) (then
      (call $storage (i32.const 1000) (call $minimum (local.get $block)) (i32.const 16))
      (call $check)
      (i32.store8 (i32.const 8) (i32.const 1)))))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
"""

# A component that increments a byte in somebody else's block.
IMPL = f"""(module {IMPORTS}
  (func (export "increment") (param $block i32) (param $where i32)
    (call $donate (local.get $block))
    (call $attach (local.get $block) (i32.const 1) (i32.const 16))  ;; to write
    (call $check)
    (local.set $where (i32.add (i32.load (i32.const 20)) (local.get $where)))
    (i32.store8 (local.get $where) (i32.add (i32.load8_u (local.get $where)) (i32.const 1)))
    (call $detach (local.get $block) (i32.const 0))))"""

# The component that owns the block, and lends it three times.
MAIN = f"""(module
  (import "test:shm/image" "increment" (func $increment (param i32 i32)))
  (import "test:shm/exchange" "[constructor]memory-block" (func $new (param i32) (result i32)))
  (import "test:shm/exchange" "[resource-drop]memory-block" (func $drop (param i32)))
  {IMPORTS}
  (func (export "main") (result i32)
    (local $block i32)
    (local.set $block (call $new (i32.const 1024)))
    (call $donate (local.get $block))
    (call $increment (local.get $block) (i32.const 512))
    (call $increment (local.get $block) (i32.const 512))
    (call $increment (local.get $block) (i32.const 512))
    (call $attach (local.get $block) (i32.const 0) (i32.const 16))  ;; to read
    (call $check)
    (i32.load8_u offset=512 (i32.load (i32.const 20)))
    (call $detach (local.get $block) (i32.const 0))
    (call $drop (local.get $block))))"""


def guest(exchange: Exchange, text: str, imports: dict[str, Any] | None = None) -> Any:
    """An instance with blocks of an exchange, and its exports."""
    made = exchange.guest()
    module = WebAssembly.Module(wat2wasm(text))
    instance = WebAssembly.Instance(module, {**made.imports(), **(imports or {})})
    made.memory = instance.exports.memory
    return instance.exports


def with_storage() -> Any:
    """A guest that has donated room for blocks."""
    found = guest(Exchange(), f"(module {IMPORTS})")
    MemoryBlock.add_storage(found.memory, 1000, 3 * 65536)
    return found


def picture(report: Report, guests: list[Any], areas: dict[int, Area], mode: str) -> None:
    """Show where a block is: in which guests' memories, by their numbers."""
    spaces = []
    for number, each in enumerate(guests):
        area = areas.get(number)
        parts = () if area is None else (Part(area.addr, area.size, "block", mode=mode),)
        spaces.append(Space(f"guest {number + 1}", each.memory.buffer.byteLength, parts))
    report.picture(*spaces)


def lending(report: Report) -> None:
    """The minimal example of the proof of concept."""
    report.step("another component increments three times, however blocks come into memories")
    for strategy in ("mmap", "segment", "copy"):
        exchange = Exchange(strategy=strategy)
        worker = guest(exchange, IMPL)
        owner = guest(exchange, MAIN, {"test:shm/image": {"increment": worker.increment}})
        report.equal(f"{strategy}: the owner reads 3", owner.main(), 3, "O5-1")
        copied = worker.memory.stats.bytes_copied + owner.memory.stats.bytes_copied
        report.check("copied only where it copies", (copied == 0) is (strategy != "copy"), "O5-3")


def rules(report: Report) -> None:
    """Who may have a block when, and what a part of one is."""
    report.step("one writes, or many read")
    guests = one, two, three = [with_storage() for _ in range(3)]
    block = MemoryBlock(64)

    def busy(text: str, memory: WebAssembly.Memory, write: bool) -> None:
        report.raises(text, BlockError, lambda: block.attach(memory, write=write), "O5-2")

    area = block.attach(one.memory, write=True)
    picture(report, guests, {0: area}, "rw")
    busy("no second writer", two.memory, True)
    busy("no reader", two.memory, False)
    report.raises("what is lent stays", BlockError, block.take, "O5-5")
    one.store(area.addr, 99)
    area.detach(4)
    report.equal("where it was, there are zeros", one.load(area.addr), 0, "O5-4")
    with block.attach(two.memory) as here, block.attach(three.memory) as there:
        picture(report, guests, {1: here, 2: there}, "r")
        seen = two.load(here.addr), three.load(there.addr), there.valid
        report.equal("two readers at a time, who know what is valid", seen, (99, 99, 4), "O5-2")
        trap = WebAssembly.RuntimeError
        report.raises("they must not write", trap, lambda: two.store(here.addr, 1))
        busy("nor must a writer come", one.memory, True)

    report.step("a partition is a part and nothing else")
    two.store(65536, 0)
    with block.partition(8, 4).attach(two.memory, write=True, at=65536):
        two.store(65536, 0x01020304)
        two.store(65536 + 4, 0x55555555)  # behind it: the guest's own bytes
    with block.attach(one.memory) as area:
        whole = area.read(8, 8)
    report.equal("who has the whole sees the part", whole, b"\4\3\2\1" + bytes(4), "O5-7")
    report.equal("the rest was the guest's", two.load(65536 + 4), 0x55555555, "O5-7")


def stream(report: Report) -> None:
    """One writes, the others receive what is written."""
    report.step("a publisher and two subscribers: 20 integers")
    source, *readers = (with_storage() for _ in range(3))
    received: list[list[int]] = [[], []]
    with Publisher(4, 4) as publisher:
        subscribers = [publisher.subscribe() for _ in readers]
        for number in range(20):
            block = publisher.allocate()
            with block.attach(source.memory, write=True) as area:
                source.store(area.addr, number)
            publisher.publish(block)
            for numbers, subscriber, reader in zip(received, subscribers, readers, strict=True):
                got = next(iter(subscriber))
                with got, got.attach(reader.memory, shared=True) as area:
                    numbers.append(reader.load(area.addr))
    report.equal("both have them all, in order", received, [list(range(20))] * 2, "O5-6")
    copied = sum(each.memory.stats.bytes_copied for each in (source, *readers))
    report.equal("and nothing was copied", copied, 0, "O5-6")


@demo(checks="O5-1 O5-2 O5-3 O5-4 O5-5 O5-6 O5-7")
def main(report: Report) -> None:
    """Lend blocks, in every way that the host has."""
    lending(report)
    rules(report)
    stream(report)


if __name__ == "__main__":
    sys.exit(main())
